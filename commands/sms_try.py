"""`aliance sms try`: the grammar at the command line, without database, SMSC or event loop."""

import json
import sys
from collections.abc import Iterator

from core import profile as profiles
from handlers.sms import trial

FROM_STANDARD_INPUT = "-"


def tell(text: str, *, sender: str, as_json: bool, operator_profile: str) -> int:
    """Say of each text what it is understood as, and would be answered."""
    profile = profiles.load(operator_profile)
    for each in _texts(text):
        understood = trial.understand(each, profile)
        if as_json:
            print(json.dumps(understood, ensure_ascii=False), flush=True)
            continue
        facts = ", ".join(f"{name} {value}" for name, value in understood.items() if value is not None)
        print(f"{facts}\n{trial.answer(each, profile, sender=sender)}\n", flush=True)
    return 0


def _texts(text: str) -> Iterator[str]:
    if text != FROM_STANDARD_INPUT:
        yield text
        return
    for line in sys.stdin.buffer:
        yield line.decode(errors="replace").rstrip("\r\n")

"""`aliance sms try`: the grammar at the command line, without database, SMSC or event loop."""

import json
import sys
from collections.abc import Iterator

from core import profile as profiles
from core.settings import Settings
from handlers.sms import trial

FROM_STANDARD_INPUT = "-"


def tell(text: str, *, sender: str, as_json: bool, settings: Settings) -> int:
    """Say of each text what it is understood as, and would be answered by the first way of the settings."""
    profile = profiles.load(settings.operator_profile)
    way, vouched = ("", True) if as_json else _first_way(settings)
    for each in _texts(text):
        understood = trial.understand(each, profile)
        if as_json:
            print(json.dumps(understood, ensure_ascii=False), flush=True)
            continue
        facts = ", ".join(f"{name} {value}" for name, value in understood.items() if value is not None)
        answer = trial.answer(each, profile, sender=sender, vouched=vouched)
        print(f"{facts}{way and f', by {way}'}\n{answer}\n", flush=True)
    return 0


def _first_way(settings: Settings) -> tuple[str, bool]:
    """Its name and whether it vouches for senders; where none can be read, the operator's own is meant."""
    from sms_gateway.configured import ways_in  # what a script reads is the same by any way

    try:
        return next(iter(ways_in(settings).items()), ("", True))
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return "", True


def _texts(text: str) -> Iterator[str]:
    if text != FROM_STANDARD_INPUT:
        yield text
        return
    for line in sys.stdin.buffer:
        yield line.decode(errors="replace").rstrip("\r\n")

"""What a part of a long SMS is to those under its reference: some phones have but one for all texts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any

# Phones send the parts of one text within seconds, SMSCs give again within minutes what was not acknowledged.
# A reference comes round after 256 texts, or with the phone's next start: older parts are of another text.
PARTS_LIVE = timedelta(minutes=10)
# By then the part has come that a repeat lies in the place of, and nobody has typed another long text.
SURE_AFTER = timedelta(seconds=30)

MARK = "mark"  # in what is kept beside the part


class Mark(StrEnum):
    AGAIN = "again"  # a part of a joined text came so: it is a repeat, or the next text begins or ends alike
    INSTEAD = "instead"  # of an old one of these
    MUDDLED = "muddled"  # parts of several texts are here: nobody can tell which belong together


class Fate(Enum):
    KEPT = "kept"
    THERE = "there"  # it lies here already
    PASSED = "passed"  # acknowledged, and nothing else
    INSTEAD = "instead"  # of the one that lies in its place
    ALONE = "alone"  # all that lies here is given up
    REFUSED = "refused"  # what lies here is whole, and goes first


def mark_of(row: Any) -> str | None:
    """The mark of a row of sms_part."""
    mark: str | None = row.payload.get(MARK)
    return mark


def marked(payload: dict[str, Any], mark: Mark | None) -> dict[str, Any]:
    return payload if mark is None else payload | {MARK: mark}


def unmarked(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in payload.items() if name != MARK}


def only_repeats(rows: Sequence[Any]) -> bool:
    return all(mark_of(row) == Mark.AGAIN for row in rows)


def in_doubt(rows: Sequence[Any], now: datetime) -> bool:
    """Whether a part of a whole text may still turn out to be another text's, given again."""
    return any(map(mark_of, rows)) and newest(rows) > now - SURE_AFTER


def newest(rows: Sequence[Any]) -> datetime:
    found: datetime = max(row.received_at for row in rows)
    return found


def meet(
    number: int, raw: bytes, total: int, rows: Sequence[Any], *, again: bool, now: datetime
) -> tuple[Fate, Mark | None]:
    """What becomes of part `number`, and the mark that it is kept with; `again`: a joined text had it.

    No text becomes whole whose parts are all repeats, and none where parts of several texts met.
    """
    marks = {mark_of(row) for row in rows}
    lies = next((row for row in rows if row.number == number), None)
    if lies is None:
        is_repeat = again and marks == {Mark.AGAIN}
        if len(rows) + 1 == total and (is_repeat or Mark.MUDDLED in marks):
            return Fate.PASSED, None
        return Fate.KEPT, Mark.AGAIN if again else None
    if lies.raw == raw:
        return Fate.THERE, None
    if len(rows) == total and not in_doubt(rows, now):
        return Fate.REFUSED, None
    return _in_place_of(mark_of(lies), again=again, lately=newest(rows) > now - SURE_AFTER)


def _in_place_of(lies: str | None, *, again: bool, lately: bool) -> tuple[Fate, Mark | None]:
    """Two parts of one number: of a new one and a repeat the new one is right, of two new ones neither."""
    if again and lately:
        return Fate.PASSED, None
    if lies == Mark.AGAIN:
        return Fate.INSTEAD, Mark.AGAIN if again else None if lately else Mark.INSTEAD
    return Fate.ALONE, Mark.MUDDLED

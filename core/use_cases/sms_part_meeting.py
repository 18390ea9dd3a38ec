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

MARK, JOINED = "mark", "joined"  # in what is kept beside the part: its mark, and when the text was joined


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


def marked(payload: dict[str, Any], mark: Mark | None, again: datetime | None) -> dict[str, Any]:
    """What is kept beside a part; a repeat says which joined text it is of: by when that was joined."""
    if mark is None:
        return payload
    return payload | {MARK: mark} | ({JOINED: again.isoformat()} if again and mark is Mark.AGAIN else {})


def unmarked(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in payload.items() if name not in (MARK, JOINED)}


def only_repeats(rows: Sequence[Any]) -> bool:
    """Whether all are of one joined text: those of several may be a new one, alike in head and tail."""
    of = {row.payload.get(JOINED) for row in rows}
    return len(of) == 1 and all(mark_of(row) == Mark.AGAIN for row in rows)


def in_doubt(rows: Sequence[Any], now: datetime) -> bool:
    """Whether a part of a whole text may still turn out to be another text's, given again."""
    return any(map(mark_of, rows)) and newest(rows) > now - SURE_AFTER


def newest(rows: Sequence[Any]) -> datetime:
    found: datetime = max(row.received_at for row in rows)
    return found


def meet(
    number: int, raw: bytes, total: int, rows: Sequence[Any], *, again: datetime | None, now: datetime
) -> tuple[Fate, Mark | None]:
    """What becomes of part `number`, and the mark it is kept with; `again`: when a text with it was joined.

    No text becomes whole whose parts are all repeats of one, and none where parts of several texts met.
    """
    lies = next((row for row in rows if row.number == number), None)
    if lies is None:
        is_repeat = again and only_repeats(rows) and _is_of(rows[0], again)
        is_muddled = any(mark_of(row) == Mark.MUDDLED for row in rows)
        if len(rows) + 1 == total and (is_repeat or is_muddled):
            return Fate.PASSED, None
        return Fate.KEPT, Mark.AGAIN if again else None
    if lies.raw == raw:
        return Fate.THERE, None
    if len(rows) == total and not in_doubt(rows, now):
        return Fate.REFUSED, None
    if again and mark_of(lies) == Mark.AGAIN and len(rows) > 1:
        return Fate.ALONE, Mark.AGAIN  # repeats of two texts: nobody can tell whose the others are
    return _in_place_of(mark_of(lies), again=again is not None, lately=newest(rows) > now - SURE_AFTER)


def _is_of(row: Any, joined_at: datetime) -> bool:
    of: str | None = row.payload.get(JOINED)
    return of == joined_at.isoformat()


def _in_place_of(lies: str | None, *, again: bool, lately: bool) -> tuple[Fate, Mark | None]:
    """Two parts of one number: of a new one and a repeat the new one is right, of two new ones neither."""
    if again and lately:
        return Fate.PASSED, None
    if lies == Mark.AGAIN:
        return Fate.INSTEAD, Mark.AGAIN if again else None if lately else Mark.INSTEAD
    return Fate.ALONE, Mark.MUDDLED

"""The ranges of a register of numbers: packed for the table, in memory for bisecting."""

import hashlib
import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

COUNTRY = "7"  # the register numbers what follows it: code and number, ten digits
DIGITS = 10


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that were given to one company; both ends included, without the country's digit."""

    first: int
    last: int
    company: str
    region: str

    @property
    def capacity(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Packed:
    """A version of the register as it is stored."""

    ranges: int
    holders: Sequence[tuple[str, str]]
    body: bytes
    digest: str


class DefRegister:
    """A version in memory: 20 bytes a range, found by bisection."""

    def __init__(self, valid_from: date, holders: Sequence[Sequence[str]], ranges: int, body: bytes) -> None:
        """Of `Packed`'s facts, as they came back from the table."""
        self.valid_from = valid_from
        self._holders = holders
        values = struct.unpack(_form(ranges), zlib.decompress(body))
        self._firsts = array("Q", values[:ranges])
        self._lasts = array("Q", values[ranges : 2 * ranges])
        self._of = array("I", values[2 * ranges :])

    def __len__(self) -> int:
        return len(self._firsts)

    def find(self, msisdn: str) -> Range | None:
        """The range that a phone (E.164 digits) lies in; None: no company has it."""
        if len(msisdn) != len(COUNTRY) + DIGITS or not msisdn.startswith(COUNTRY):
            return None
        number = int(msisdn[len(COUNTRY) :])
        place = bisect_right(self._firsts, number) - 1
        if place < 0 or number > self._lasts[place]:
            return None
        company, region = self._holders[self._of[place]]
        return Range(self._firsts[place], self._lasts[place], company, region)


def packed(ranges: Sequence[Range]) -> Packed:
    """Ranges in order and without overlaps, as they are stored."""
    holders = sorted({(each.company, each.region) for each in ranges})
    places = {holder: place for place, holder in enumerate(holders)}
    values = [
        *(each.first for each in ranges),
        *(each.last for each in ranges),
        *(places[each.company, each.region] for each in ranges),
    ]
    plain = struct.pack(_form(len(ranges)), *values)
    names = "\n".join("\t".join(holder) for holder in holders)
    digest = hashlib.sha256(plain + names.encode()).hexdigest()
    return Packed(len(ranges), holders, zlib.compress(plain), digest)


def _form(ranges: int) -> str:
    return f"<{2 * ranges}Q{ranges}I"

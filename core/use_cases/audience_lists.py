"""Lists of accounts as staff bring them: a CSV file whose first column is the number. Pure."""

import csv
from collections.abc import Iterable, Iterator

from core.staff_errors import ListRefused

NUMBER_DIGITS = 10
LINES_MOST = 1_000_000


def numbers_in(lines: Iterable[str]) -> list[str]:
    """The account numbers of a file, without leading zeros; a heading in the first line is none.

    Raises ListRefused at the first line that is neither empty nor begins with a number.
    """
    found: dict[str, None] = {}
    for line, cell in _first_cells(lines):
        number = cell.lstrip("0")
        if number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS and line <= LINES_MOST:
            found[number] = None
        elif line > 1 or any(letter.isdigit() for letter in cell):
            raise ListRefused(line, cell[:40])
    if not found:
        raise ListRefused(1, "")
    return list(found)


def _first_cells(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    told = (line.replace(";", ",").replace("\t", ",") for line in lines)
    for number, row in enumerate(csv.reader(told), start=1):
        cell = row[0].strip().strip("\ufeff").replace("\xa0", "") if row else ""
        if cell:
            yield number, cell

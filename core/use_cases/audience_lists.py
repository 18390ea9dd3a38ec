"""Lists of accounts as staff bring them: a CSV file whose first column is the number. Pure."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator

from core.staff_errors import ListRefused, ListUnreadable

NUMBER_DIGITS = 10
LINES_MOST = 1_000_000
SHOWN_LETTERS = 40  # of a line that is refused
# What tables are saved as here; the last one reads almost anything.
ENCODINGS = ("utf-8-sig", "cp1251")


def numbers_of(file: bytes) -> list[str]:
    """The account numbers of a file as it lies on a disk. Raises ListUnreadable, ListRefused."""
    return numbers_in(io.StringIO(_text_of(file), newline=""))


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
            raise ListRefused(line, cell[:SHOWN_LETTERS])
    if not found:
        raise ListRefused(1, "")
    return list(found)


def _text_of(file: bytes) -> str:
    """A workbook or an image is no text: it holds what no table in letters does."""
    if file.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = () if b"\0" in file else ENCODINGS
    for encoding in encodings:
        try:
            return file.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListUnreadable("no_text")


def _first_cells(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    told = (line.replace(";", ",").replace("\t", ",") for line in lines)
    rows = csv.reader(told)
    number = 0
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:  # a quotation that is never closed, or a line without an end
            raise ListRefused(number, "") from None
        cell = row[0].strip().strip("\ufeff").replace("\xa0", "") if row else ""
        if cell:
            yield number, cell

"""Lists of accounts as staff bring them: a CSV file whose first column is the number. Pure."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator

from core.messages.masking import mask_cards
from core.staff_errors import ListRefused, ListUnreadable

NUMBER_DIGITS = 10
LINES_MOST = 1_000_000
TOLD = 10  # lines that are no numbers
SHOWN_LETTERS = 40  # of such a line
# What tables are saved as here; the last one reads almost anything.
ENCODINGS = ("utf-8-sig", "cp1251")


def numbers_of(file: bytes) -> list[str]:
    """The account numbers of a file as it lies on a disk. Raises ListUnreadable, ListRefused."""
    return numbers_in(io.StringIO(_text_of(file), newline=""))


def numbers_in(lines: Iterable[str]) -> list[str]:
    """The account numbers of a file, without leading zeros; a heading in the first line is none.

    Raises ListRefused where any line is neither empty nor begins with a number, ListUnreadable.
    """
    found: dict[str, None] = {}
    bad: list[tuple[int, str]] = []
    count = 0
    for line, cell in _first_cells(lines):
        if line > LINES_MOST:
            raise ListUnreadable("too_long")
        number = (cell or "").lstrip("0")
        if number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS:
            found[number] = None
        elif line > 1 or cell is None or any(letter.isdigit() for letter in cell):
            count += 1
            if len(bad) < TOLD:
                bad.append((line, mask_cards(cell or "")[0][:SHOWN_LETTERS]))
    if bad:
        raise ListRefused(bad, count)
    if not found:
        raise ListUnreadable("empty")
    return list(found)


def _text_of(file: bytes) -> str:
    """A workbook or an image is no text: it holds what no table in letters does."""
    utf_16 = file.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf_16 else ENCODINGS:
        try:
            text = file.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ListUnreadable("no_text")


def _first_cells(lines: Iterable[str]) -> Iterator[tuple[int, str | None]]:
    """Cells that say something, by line; none for the last line that can be read."""
    rows = csv.reader(line.replace(";", ",").replace("\t", ",") for line in lines)
    number = 0
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:  # a quotation that is never closed, or a line without an end
            yield number, None
            return
        cell = row[0].strip().strip("\ufeff").replace("\xa0", "") if row else ""
        if cell:
            yield number, cell

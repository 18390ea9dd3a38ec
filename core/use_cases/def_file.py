"""What a file of the register of numbers says, line by line: as the regulator publishes its DEF codes."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.use_cases.def_ranges import Range
from core.use_cases.import_file import DELIMITERS, Problem

CODE_DIGITS, NUMBER_DIGITS = 3, 7
NAME_LARGEST = 200
ENCODINGS = ("utf-8-sig", "cp1251")  # it was published in both; a wrong reading has no column of its names

# As its header names them, letters alone: the first is written with Latin and with Cyrillic letters.
_NAMES = {
    "code": ("авсdef", "abcdef", "def", "code"),
    "from": ("от", "from"),
    "to": ("до", "to"),
    "capacity": ("емкость", "capacity"),
    "operator": ("оператор", "operator"),
    "region": ("регион", "region"),
}


@dataclass(frozen=True, slots=True)
class DefLine:
    """A range, and the line that it stands in."""

    line: int
    range: Range


class _Bad(Exception):
    """A field that cannot be read: its column, and why."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column


def read_register(path: Path) -> tuple[list[Range], list[Problem]]:
    """All ranges in order, and what is wrong with the file; OSError where it cannot be opened."""
    lines: list[DefLine] = []
    problems: list[Problem] = []
    for each in _read(path):
        if isinstance(each, DefLine):
            lines.append(each)
        else:
            problems.append(each)
    lines.sort(key=lambda each: each.range.first)
    problems += _overlaps(lines)
    if not lines and not problems:
        problems.append(Problem(1, "", "there is no range in it"))
    return [each.range for each in lines], sorted(problems, key=lambda each: each.line)


def _read(path: Path) -> Iterator[DefLine | Problem]:
    text = _decoded(path.read_bytes())
    if text is None:
        yield Problem(1, "", "the file is neither UTF-8 nor windows-1251")
        return
    header, *rows = text.split("\n")
    delimiter = max(DELIMITERS, key=header.count)
    columns = _columns(_fields(header, delimiter))
    if missing := [name for name in _NAMES if name not in columns]:
        yield Problem(1, "", f"there is no column for {', '.join(missing)}")
        return
    for number, row in enumerate(rows, start=2):
        if row.strip():
            yield _line(number, _fields(row, delimiter), columns)


def _decoded(body: bytes) -> str | None:
    for encoding in ENCODINGS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _fields(row: str, delimiter: str) -> list[str]:
    # Line by line: a quote that nobody closes must not swallow what follows.
    return next(csv.reader([row.rstrip("\r")], delimiter=delimiter), [])


def _columns(header: Sequence[str]) -> dict[str, int]:
    plain = ["".join(filter(str.isalpha, name.casefold().replace("ё", "е"))) for name in header]
    places = {name: [plain.index(one) for one in written if one in plain] for name, written in _NAMES.items()}
    return {name: found[0] for name, found in places.items() if found}


def _line(number: int, fields: Sequence[str], columns: dict[str, int]) -> DefLine | Problem:
    try:
        if len(fields) <= max(columns.values()):
            raise _Bad("", f"{len(fields)} fields: the line is cut")
        said = {name: fields[place].strip() for name, place in columns.items()}
        return DefLine(number, _range(said))
    except _Bad as bad:
        return Problem(number, bad.column, str(bad))


def _range(said: dict[str, str]) -> Range:
    code = _number("code", said["code"], CODE_DIGITS, exactly=True)
    first, last = (_number(name, said[name], NUMBER_DIGITS) for name in ("from", "to"))
    if first > last:
        raise _Bad("to", f"{said['to']} is below {said['from']}")
    capacity = _number("capacity", said["capacity"], NUMBER_DIGITS + 1)
    if capacity != last - first + 1:
        raise _Bad("capacity", f"{capacity} is not what lies between {said['from']} and {said['to']}")
    for name in ("operator", "region"):
        if not 0 < len(said[name]) <= NAME_LARGEST:
            raise _Bad(name, f"has 1 to {NAME_LARGEST} letters")
    base = code * 10**NUMBER_DIGITS
    return Range(base + first, base + last, said["operator"], said["region"])


def _number(column: str, text: str, digits: int, *, exactly: bool = False) -> int:
    fits = len(text) == digits if exactly else 0 < len(text) <= digits
    if not (fits and text.isascii() and text.isdigit()):
        raise _Bad(column, f"{text!r} is no number of {digits} digits")
    return int(text)


def _overlaps(lines: Sequence[DefLine]) -> Iterator[Problem]:
    """Of ranges in order: each against the one before that reaches furthest."""
    furthest: DefLine | None = None
    for each in lines:
        if furthest is not None and each.range.first <= furthest.range.last:
            yield Problem(each.line, "from", f"lies in the range of line {furthest.line}")
        if furthest is None or each.range.last > furthest.range.last:
            furthest = each

"""The register of numbers: read as it is published, stored whole or not at all, bisected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.storage.def_tables import def_register
from core.storage.staff_tables import audit
from core.use_cases.def_file import read_register
from core.use_cases.def_imports import Company, DefReport
from core.use_cases.def_ranges import DefRegister, Range, packed
from core.wiring import Core
from tests.core.scenes import ON_SQLITE, rows

HEAD = "АВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН"
FIRST = '900;0000000;0061999;62000;ООО "Т2 Мобайл";Краснодарский край;Краснодарский край;7743895280'
SECOND = '914;0000000;0009999;10000;ПАО "Мобильные ТелеСистемы";Приморский край;;7740000076'
DAY = date(2026, 4, 1)


@dataclass(frozen=True)
class Wrong:
    name: str
    lines: Sequence[str]
    line: int
    column: str
    says: str


def _second(**fields: str) -> str:
    said = dict(
        zip(("code", "first", "last", "capacity", "operator", "region"), SECOND.split(";"), strict=False)
    )
    return ";".join((said | fields).values())


WRONG = [
    Wrong("nothing", [], 1, "", "no column for code, from, to, capacity, operator, region"),
    Wrong("no lines", [HEAD], 1, "", "no range"),
    Wrong("another file", ["number;login;password_hash"], 1, "", "no column for code"),
    Wrong("a line that is cut", [HEAD, FIRST, "914;0000000;0009999"], 3, "", "3 fields"),
    Wrong("a code of letters", [HEAD, FIRST, _second(code="9l4")], 3, "code", "'9l4'"),
    Wrong("a code of two digits", [HEAD, FIRST, _second(code="91")], 3, "code", "'91'"),
    Wrong("a number of eight digits", [HEAD, FIRST, _second(first="00000000")], 3, "from", "'00000000'"),
    Wrong("digits of another alphabet", [HEAD, FIRST, _second(last="٠٠٠٩٩٩٩")], 3, "to", "no number"),
    Wrong("a sign", [HEAD, FIRST, _second(first="-1")], 3, "from", "'-1'"),
    Wrong("upside down", [HEAD, FIRST, _second(first="0010000")], 3, "to", "below"),
    Wrong("a wrong capacity", [HEAD, FIRST, _second(capacity="9999")], 3, "capacity", "9999"),
    Wrong("no company", [HEAD, FIRST, _second(operator=" ")], 3, "operator", "1 to 200"),
    Wrong("no region", [HEAD, FIRST, _second(region="")], 3, "region", "1 to 200"),
    Wrong("the same range twice", [HEAD, SECOND, FIRST, SECOND], 4, "from", "the range of line 2"),
    Wrong(
        "a range within one that is further up",
        [HEAD, SECOND, _second(first="0000500", last="0000500", capacity="1"), _second(first="0009999",
         last="0009999", capacity="1")],
        4, "from", "the range of line 2",
    ),
]  # fmt: skip


def _file(folder: Path, *lines: str, encoding: str = "utf-8", newline: str = "\n") -> Path:
    path = folder / "register.csv"
    path.write_bytes(newline.join(lines).encode(encoding))
    return path


async def _import(core: Core, path: Path, *, day: date = DAY, dry_run: bool = False) -> DefReport:
    return await core.def_imports.run(path, valid_from=day, by="anna", why="monthly", dry_run=dry_run)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: each.name)
def test_a_file_is_refused_with_line_and_column(wrong: Wrong, tmp_path: Path) -> None:
    _, problems = read_register(_file(tmp_path, *wrong.lines))
    assert (wrong.line, wrong.column) in {(each.line, each.column) for each in problems}
    assert any(wrong.says in each.problem for each in problems)


@pytest.mark.parametrize(
    "encoding, newline", [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("cp1251", "\r\n"), ("cp1251", "\n")]
)
def test_it_is_read_as_it_is_published(tmp_path: Path, encoding: str, newline: str) -> None:
    path = _file(tmp_path, HEAD, SECOND, FIRST, "", encoding=encoding, newline=newline)
    ranges, problems = read_register(path)
    assert problems == []
    assert ranges == [
        Range(900_0000000, 900_0061999, 'ООО "Т2 Мобайл"', "Краснодарский край"),
        Range(914_0000000, 914_0009999, 'ПАО "Мобильные ТелеСистемы"', "Приморский край"),
    ]


def test_other_columns_delimiters_and_leading_zeros_make_no_difference(tmp_path: Path) -> None:
    path = _file(
        tmp_path, "region,operator,capacity,to,from,code", 'Приморский край,"ООО ""Т2""",100,99,0,900'
    )
    assert read_register(path)[0] == [Range(900_0000000, 900_0000099, 'ООО "Т2"', "Приморский край")]


async def test_a_version_is_stored_whole_audited_and_once(core: Core, tmp_path: Path) -> None:
    path = _file(tmp_path, HEAD, FIRST, SECOND)
    assert (await _import(core, path, dry_run=True)).ranges == 2
    assert await core.def_imports.versions() == []
    report = await _import(core, path)
    assert report.companies == [
        Company('ООО "Т2 Мобайл"', 62_000, None),
        Company('ПАО "Мобильные ТелеСистемы"', 10_000, "mts"),
    ]
    assert (report.before, report.repeated) == (None, False)
    again = await _import(core, _file(tmp_path, HEAD, SECOND, FIRST))  # the same in another order
    assert again.repeated
    (stored,) = await rows(core, def_register)
    assert (stored.valid_from, stored.ranges, stored.imported_by) == (DAY, 2, "anna")
    (entry,) = await rows(core, audit)
    assert (entry.action, entry.subject, entry.by, entry.why) == (
        "def_import",
        "2026-04-01",
        "anna",
        "monthly",
    )
    later = await _import(core, path, day=date(2026, 5, 1))
    assert (later.repeated, later.before is not None and later.before.valid_from) == (False, DAY)
    assert [each.valid_from for each in await core.def_imports.versions()] == [date(2026, 5, 1), DAY]


@ON_SQLITE
async def test_one_bad_line_keeps_the_whole_file_out(core: Core, tmp_path: Path) -> None:
    report = await _import(core, _file(tmp_path, HEAD, FIRST, _second(capacity="1")))
    assert len(report.problems) == 1
    assert await core.def_imports.versions() == []
    assert await rows(core, audit) == []


def _held(ranges: Sequence[Range]) -> DefRegister:
    version = packed(ranges)
    return DefRegister(DAY, version.holders, version.ranges, version.body)


@settings(max_examples=20)
@given(st.lists(st.integers(900_0000000, 900_0000060), min_size=2, max_size=20, unique=True), st.data())
def test_bisecting_finds_what_looking_at_every_range_finds(edges: list[int], data: st.DataObject) -> None:
    edges.sort()
    ranges = [
        Range(first, last, f"company {first}", "region")
        for first, last in zip(edges[::2], edges[1::2], strict=False)
    ]
    register = _held(ranges)
    number = data.draw(st.integers(900_0000000 - 2, 900_0000062))
    expected = next((each for each in ranges if each.first <= number <= each.last), None)
    assert register.find(f"7{number}") == expected


@pytest.mark.parametrize("msisdn", ["9000000001", "89000000001", "790000000011", "", "3116", "1900000001"])
def test_what_is_no_number_of_the_country_is_nobodys(msisdn: str) -> None:
    assert _held([Range(0, 999_9999999, "all", "all")]).find(msisdn) is None


@ON_SQLITE
async def test_the_whole_country_is_read_stored_and_found(core: Core, tmp_path: Path) -> None:
    lines = [
        f"{900 + n // 100};{n % 100}000;{n % 100}999;1000;Компания {n % 70};Край {n % 85}"
        for n in range(9_900)
    ]
    path = _file(tmp_path, HEAD.rsplit(";", 2)[0], *lines)
    report = await _import(core, path)
    register = await core.mobile_operators.register()
    assert report.ranges == 9_900
    assert register is not None
    found = register.find("79980012345")
    assert found is not None
    assert (found.company, found.first) == (f"Компания {9_812 % 70}", 998_0012000)

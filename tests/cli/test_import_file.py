"""The file of an import: every bad field of every line is named, the files of spreadsheets are read."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.storage.database import Database
from core.use_cases.import_file import COLUMNS
from core.use_cases.imports import ImportReport, Imports
from tests.cli.import_scenes import GOOD, found, rows_of, write

SAMPLE = Path(__file__).parents[2] / "core/profiles/sample_accounts.csv"


@dataclass(frozen=True)
class Case:
    name: str
    changes: dict[str, str]
    column: str


BAD = [
    Case("no number", {"number": ""}, "number"),
    Case("a number of zeros", {"number": "000"}, "number"),
    Case("a number of eleven digits", {"number": "12345678901"}, "number"),
    Case("letters in a number", {"number": "1O0080"}, "number"),
    Case("digits of another alphabet", {"number": "１００"}, "number"),
    Case("no login", {"login": " "}, "login"),
    Case("a space in a login", {"login": "al pha"}, "login"),
    Case("a login that is another's number", {"login": "166301"}, "login"),
    Case("a password instead of its hash", {"password_hash": "wonder.wall-7"}, "password_hash"),
    Case("no hash", {"password_hash": ""}, "password_hash"),
    Case("no holder", {"holder": ""}, "holder"),
    Case("no city", {"city": ""}, "city"),
    Case("a text without end", {"street": "x" * 201}, "street"),
    Case("a bell in a text", {"holder": "A\a"}, "holder"),
    Case("no address", {"email": "alpha"}, "email"),
    Case("a phone of letters", {"phones": "call me"}, "phones"),
    Case("a phone that is too short", {"phones": "7914"}, "phones"),
    Case("one bad phone of two", {"phones": "79140000001;7914000000"}, "phones"),
    Case("eleven phones", {"phones": " ".join(f"791400000{n}" for n in range(10, 21))}, "phones"),
    Case("an unknown tariff", {"tariff": "gold"}, "tariff"),
    Case("an unknown next tariff", {"tariff_next": "gold"}, "tariff_next"),
    Case("an unknown state", {"state": "asleep"}, "state"),
    Case("a computed state", {"state": "negative"}, "state"),
    Case("no state", {"state": ""}, "state"),
    Case("parts of a kopeck", {"opening_balance": "1.005"}, "opening_balance"),
    Case("a thousands separator", {"opening_balance": "1,000.00"}, "opening_balance"),
    Case("a float", {"opening_balance": "1e3"}, "opening_balance"),
    Case("not a number", {"opening_balance": "NaN"}, "opening_balance"),
    Case("a balance beyond reason", {"opening_balance": "10000000000"}, "opening_balance"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
async def test_a_bad_field_is_named(imports: Imports, file: Path, case: Case) -> None:
    report = await imports.run(write(file, GOOD | case.changes), dry_run=False)
    assert found(report) == [(2, case.column)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOnlySqlite:
    """What the database takes no part in is shown on one of them."""

    async def test_every_bad_field_of_every_line_is_named(self, imports: Imports, file: Path) -> None:
        worse = GOOD | {"number": "166301", "login": "", "tariff": "gold", "phones": "x"}
        report = await imports.run(write(file, GOOD | {"state": "?"}, worse), dry_run=False)
        assert found(report) == [(2, "state"), (3, "login"), (3, "phones"), (3, "tariff")]

    async def test_a_password_given_for_a_hash_is_not_shown(self, imports: Imports, file: Path) -> None:
        report = await imports.run(write(file, GOOD | {"password_hash": "wonder.wall-7"}), dry_run=False)
        assert "wonder.wall" not in str(report.problems)

    async def test_leading_zeros_go_and_a_collision_is_refused(
        self, database: Database, imports: Imports, file: Path
    ) -> None:
        zeros = GOOD | {"number": "00100080"}
        report = await imports.run(write(file, GOOD, zeros | {"login": "beta"}), dry_run=False)
        assert found(report) == [(3, "number")]
        assert "line 2" in report.problems[0].problem
        await imports.run(write(file, zeros), dry_run=False)
        assert [row.number for row in await rows_of(database)] == ["100080"]

    async def test_a_login_is_one_accounts_alone(self, imports: Imports, file: Path) -> None:
        twice = GOOD | {"number": "166301"}
        assert found(await imports.run(write(file, GOOD, twice), dry_run=False)) == [(3, "login")]
        await imports.run(write(file, GOOD), dry_run=False)
        assert found(await imports.run(write(file, twice), dry_run=False)) == [(2, "login")]

    async def test_a_login_may_be_the_accounts_own_number(self, imports: Imports, file: Path) -> None:
        assert not (await imports.run(write(file, GOOD | {"login": "100080"}), dry_run=True)).problems

    async def test_missing_unknown_and_double_columns_are_named(self, imports: Imports, file: Path) -> None:
        columns = tuple(name for name in COLUMNS if name not in ("state", "phones"))
        report = await imports.run(write(file, GOOD, columns=(*columns, "bonus", "login")), dry_run=False)
        assert sorted(found(report)) == [(1, "bonus"), (1, "login"), (1, "phones"), (1, "state")]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    async def test_the_files_of_spreadsheets_are_read(
        self, imports: Imports, file: Path, delimiter: str, mark: str
    ) -> None:
        write(file, GOOD, GOOD | {"number": "166301", "login": "beta"}, delimiter=delimiter)
        file.write_text(mark + file.read_text().replace("\n", "\r\n") + "\r\n", encoding="utf-8")
        report = await imports.run(file, dry_run=True)
        assert (report.created, report.problems) == (2, [])

    async def test_another_encoding_is_named_and_not_guessed(self, imports: Imports, file: Path) -> None:
        text = write(file, GOOD).read_text()
        file.write_bytes(text.encode("cp1251"))
        assert found(await imports.run(file, dry_run=False)) == [(2, "city"), (2, "street"), (2, "house")]
        file.write_bytes(text.encode("utf-16"))
        assert found(await imports.run(file, dry_run=False)) == [(1, "")]

    async def test_lines_that_are_no_csv_are_named(self, imports: Imports, file: Path) -> None:
        write(file, GOOD)
        whole = file.read_text()
        file.write_text(whole + 'x,"never closed\n')
        assert found(await imports.run(file, dry_run=False)) == [(3, "")]
        file.write_text(whole + "x,y\n")
        assert found(await imports.run(file, dry_run=False)) == [(3, "")]
        file.write_text("")
        assert {line for line, _ in found(await imports.run(file, dry_run=False))} == {1}

    async def test_a_field_of_two_lines_leaves_the_count_right(self, imports: Imports, file: Path) -> None:
        write(file, GOOD | {"holder": "A\nB"}, GOOD | {"number": "166301", "login": "b", "state": "?"})
        assert found(await imports.run(file, dry_run=False)) == [(2, "holder"), (4, "state")]

    async def test_progress_is_told_after_every_batch(self, imports: Imports, file: Path) -> None:
        write(file, *(GOOD | {"number": str(n), "login": f"l{n}"} for n in range(1, 1101)))
        told: list[int] = []
        await imports.run(file, dry_run=True, progress=lambda report: told.append(report.lines))
        assert told == [500, 1000, 1100]

    async def test_the_sample_fits_the_shipped_profile(self, imports: Imports) -> None:
        report = await imports.run(SAMPLE, dry_run=True)
        assert (report.created, report.problems) == (1000, [])

    async def test_a_file_that_changes_while_it_is_imported_changes_nothing(
        self, database: Database, imports: Imports, file: Path
    ) -> None:
        write(file, GOOD)

        def spoil(report: ImportReport) -> None:
            write(file, GOOD | {"number": "166301"}, GOOD | {"tariff": "gold"})

        report = await imports.run(file, dry_run=False, progress=spoil)
        assert (3, "tariff") in found(report)
        assert await rows_of(database) == []

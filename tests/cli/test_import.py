"""An import: every bad line is named, all lines or none are stored, and a second run changes nothing."""

import csv
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import argon2
import pytest
from sqlalchemy import select

from core.ledger import book
from core.money import Money
from core.profile import Profile
from core.states import TransferKind
from core.storage.database import Database
from core.storage.tables import account, account_phone, ledger_transfer
from core.use_cases.import_file import COLUMNS
from core.use_cases.imports import ImportReport, Imports
from core.use_cases.invariants import Invariants
from tests.fakes import FakeClock

SAMPLE = Path(__file__).parents[2] / "core/profiles/sample_accounts.csv"
HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("wonder.wall-7")
GOOD = {
    "number": "100080",
    "login": "alpha",
    "password_hash": HASH,
    "holder": "A",
    "city": "Владивосток",
    "street": "ул. Луговая",
    "house": "21а",
    "flat": "462",
    "email": "alpha@example.org",
    "phones": "79140000001 +7-902-000-00-02",
    "tariff": "moskva",
    "tariff_next": "",
    "state": "active",
    "opening_balance": "198.19",
}


@pytest.fixture
def imports(database: Database, profile: Profile, clock: FakeClock) -> Imports:
    return Imports(database, profile, clock)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accounts.csv"


def write(
    file: Path, *rows: dict[str, str], delimiter: str = ",", columns: tuple[str, ...] = COLUMNS
) -> Path:
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, delimiter=delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file


def found(report: ImportReport) -> list[tuple[int, str]]:
    return [(each.line, each.column) for each in report.problems]


async def rows_of(database: Database) -> list[Any]:
    async with database.read() as tx:
        return await tx.all(select(account).order_by(account.c.number))


async def test_an_account_is_created_with_its_phones_and_one_opening_transfer(
    database: Database, imports: Imports, file: Path, clock: FakeClock
) -> None:
    report = await imports.run(write(file, GOOD), dry_run=False)
    assert (report.created, report.updated, report.unchanged, report.problems) == (1, 0, 0, [])
    [row] = await rows_of(database)
    assert (row.number, row.login, row.city, row.tariff, row.state) == (
        "100080", "alpha", "Владивосток", "moskva", "active",
    )  # fmt: skip
    assert row.accrued_until == clock.now()
    assert row.runs_out_at > clock.now()
    async with database.read() as tx:
        phones = await tx.all(select(account_phone.c.msisdn).order_by(account_phone.c.msisdn))
        transfers = await tx.all(select(ledger_transfer))
        assert await book.balance(tx, row.id) == Money(198_19)
    assert [phone.msisdn for phone in phones] == ["79020000002", "79140000001"]
    assert [(each.kind, each.key) for each in transfers] == [(TransferKind.OPENING, f"opening:{row.id}")]


async def test_a_debt_is_opened_from_the_other_side(
    database: Database, imports: Imports, file: Path, profile: Profile, clock: FakeClock
) -> None:
    await imports.run(write(file, GOOD | {"opening_balance": "-19,26"}, delimiter=";"), dry_run=False)
    [row] = await rows_of(database)
    async with database.read() as tx:
        assert await book.balance(tx, row.id) == Money(-19_26)
    assert row.negative_since == clock.now().astimezone(profile.zone).date()


@pytest.mark.parametrize("balance", ["", "0", "0.00"])
async def test_nothing_is_posted_for_an_account_that_starts_empty(
    database: Database, imports: Imports, file: Path, balance: str
) -> None:
    await imports.run(write(file, GOOD | {"opening_balance": balance}), dry_run=False)
    async with database.read() as tx:
        assert await tx.all(select(ledger_transfer)) == []


async def test_a_dry_run_changes_nothing(database: Database, imports: Imports, file: Path) -> None:
    report = await imports.run(write(file, GOOD), dry_run=True)
    assert report.created == 1
    assert await rows_of(database) == []


async def test_the_same_file_again_changes_nothing(database: Database, imports: Imports, file: Path) -> None:
    write(file, GOOD)
    await imports.run(file, dry_run=False)
    before = await rows_of(database)
    report = await imports.run(file, dry_run=False)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 1)
    assert await rows_of(database) == before


async def test_an_update_replaces_what_differs_and_leaves_the_balance(
    database: Database, imports: Imports, file: Path
) -> None:
    await imports.run(write(file, GOOD), dry_run=False)
    changes = {"holder": "B", "phones": "79140000009", "tariff_next": "cifra", "opening_balance": ""}
    report = await imports.run(write(file, GOOD | changes), dry_run=False)
    assert (report.created, report.updated) == (0, 1)
    [row] = await rows_of(database)
    assert (row.holder, row.tariff_next) == ("B", "cifra")
    async with database.read() as tx:
        assert [phone.msisdn for phone in await tx.all(select(account_phone))] == ["79140000009"]
        assert await book.balance(tx, row.id) == Money(198_19)


async def test_a_change_of_tariff_first_charges_what_ran_up_by_the_old_one(
    database: Database, imports: Imports, file: Path, clock: FakeClock, profile: Profile
) -> None:
    await imports.run(write(file, GOOD), dry_run=False)
    clock.shift(timedelta(hours=24))
    await imports.run(write(file, GOOD | {"tariff": "cifra", "state": "voluntarily_blocked"}), dry_run=False)
    [row] = await rows_of(database)
    assert (row.tariff, row.state, row.accrued_until) == ("cifra", "voluntarily_blocked", clock.now())
    async with database.read() as tx:
        fees = await tx.all(
            select(ledger_transfer.c.amount).where(ledger_transfer.c.kind == TransferKind.FEE)
        )
    # 890 roubles over the 30 days of April: a day's share, in two transfers as midnight lies between.
    assert sum(fee.amount for fee in fees) in (29_66, 29_67)
    assert await Invariants(database, clock, clock).check() == []


async def test_an_opening_balance_cannot_be_changed_later(
    database: Database, imports: Imports, file: Path
) -> None:
    await imports.run(write(file, GOOD), dry_run=False)
    report = await imports.run(write(file, GOOD | {"opening_balance": "200", "holder": "B"}), dry_run=False)
    assert found(report) == [(2, "opening_balance")]
    assert "198.19" in report.problems[0].problem
    [row] = await rows_of(database)
    assert row.holder == "A"


async def test_one_bad_line_keeps_all_lines_out(database: Database, imports: Imports, file: Path) -> None:
    good = [GOOD | {"number": str(n), "login": f"l{n}"} for n in range(1, 700)]
    bad = GOOD | {"number": "5000", "login": "l5000", "tariff": "gold"}
    report = await imports.run(write(file, *good, bad), dry_run=False)
    assert found(report) == [(701, "tariff")]
    assert await rows_of(database) == []


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

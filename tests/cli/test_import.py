"""An import: all lines or none are stored, and a second run changes nothing."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.ledger import book
from core.money import Money
from core.profile import Profile
from core.states import TransferKind
from core.storage.database import Database
from core.storage.tables import account_phone, ledger_transfer
from core.use_cases.imports import Imports
from core.use_cases.invariants import Invariants
from tests.cli.import_scenes import GOOD, found, rows_of, write
from tests.fakes import FakeClock


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

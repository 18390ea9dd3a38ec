"""The book: one key, one transfer; balances follow from transfers; nothing is ever changed or taken out."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.ids import AccountId, TransferId, new_id
from core.ledger import book
from core.ledger.book import KeyReused
from core.ledger.transfer import REVENUE, SUSPENSE, Transfer, clearing, of_subscriber
from core.money import Money
from core.settings import Settings
from core.states import TransferKind
from core.storage.database import Database
from core.storage.tables import ledger_account, ledger_transfer
from core.wiring import Core
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, processes, summed
from tests.fakes import FakeClock, FakeProvider

NOW = datetime(2026, 4, 27, 5, tzinfo=UTC)
CLEARING = clearing("fake")


async def _subscriber(core: Core, number: str = "1") -> AccountId:
    owner = AccountId(new_id())
    async with core.database.transaction() as tx:
        await book.open_subscriber_account(tx, of_subscriber(owner), number=number)
    return owner


def _credit(owner: AccountId, kopecks: int = 100_00, *, key: str = "k") -> Transfer:
    return Transfer(
        id=TransferId(new_id()), debit=CLEARING.id, credit=of_subscriber(owner), amount=Money(kopecks),
        kind=TransferKind.CORRECTION, key=key, at=NOW,
    )  # fmt: skip


async def _post(core: Core, transfer: Transfer) -> book.Posted:
    async with core.database.transaction() as tx:
        return await book.post(tx, transfer)


async def _post_both(core: Core, one: Transfer, other: Transfer) -> None:
    async with core.database.transaction() as tx:
        await book.post(tx, one)
        await book.post(tx, other)


async def _account(core: Core, owner: AccountId) -> tuple[int, int]:
    async with core.database.read() as tx:
        row = await tx.one(select(ledger_account).where(ledger_account.c.id == owner))
    return row.balance, row.version


async def test_a_transfer_moves_the_balance_once_a_key(core: Core) -> None:
    owner = await _subscriber(core)
    first = await _post(core, _credit(owner))
    assert first.fresh
    replay = await _post(core, _credit(owner))  # another id, the same key
    assert (replay.fresh, replay.transfer) == (False, first.transfer)
    assert await _account(core, owner) == (100_00, 1)
    fee = replace(_credit(owner, 30_00, key="f"), debit=of_subscriber(owner), credit=REVENUE.id)
    await _post(core, fee)
    assert await _account(core, owner) == (70_00, 2)
    assert await summed(core, CLEARING.id) == Money(-100_00)
    assert await summed(core, REVENUE.id) == Money(30_00)


async def test_a_key_stands_for_one_transfer_for_ever(core: Core) -> None:
    owner, other = await _subscriber(core), await _subscriber(core, "2")
    await _post(core, _credit(owner))
    for wrong in (_credit(owner, 100_01), _credit(other), replace(_credit(owner), debit=SUSPENSE.id)):
        with pytest.raises(KeyReused):
            await _post(core, wrong)
    assert await _account(core, owner) == (100_00, 1)
    assert await _account(core, other) == (0, 0)


async def test_a_reversal_undoes_a_transfer_once(core: Core) -> None:
    owner = await _subscriber(core)
    wrong = (await _post(core, _credit(owner))).transfer
    async with core.database.transaction() as tx:
        undone = await book.reverse(tx, wrong.id, key="r", at=NOW)
        replay = await book.reverse(tx, wrong.id, key="r", at=NOW)
    assert (undone.transfer.reverses, undone.transfer.kind) == (wrong.id, TransferKind.REVERSAL)
    assert (undone.fresh, replay.fresh) == (True, False)
    with pytest.raises(IntegrityError):
        async with core.database.transaction() as tx:
            await book.reverse(tx, wrong.id, key="another", at=NOW)
    assert await _account(core, owner) == (0, 2)
    async with core.database.transaction() as tx:
        with pytest.raises(LookupError):
            await book.reverse(tx, TransferId(new_id()), key="none", at=NOW)


async def test_an_abandoned_transaction_posts_nothing(core: Core) -> None:
    owner = await _subscriber(core)
    with pytest.raises(KeyReused):
        await _post_both(core, _credit(owner), _credit(owner, 1))
    assert await _account(core, owner) == (0, 0)
    assert (await _post(core, _credit(owner))).fresh


@ON_POSTGRES
async def test_twenty_posts_of_one_key_at_once_are_one(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await _subscriber(core)
    async with processes(settings, clock, provider, count=2) as cores:
        posts = await asyncio.gather(*(_post(cores[i % 2], _credit(owner)) for i in range(20)))
    assert [post.fresh for post in posts].count(True) == 1
    assert len({post.transfer for post in posts}) == 1
    assert await _account(core, owner) == (100_00, 1)


@ON_POSTGRES
async def test_credits_of_one_account_at_once_all_count(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await _subscriber(core)
    async with processes(settings, clock, provider, count=2) as cores:
        await asyncio.gather(*(_post(cores[i % 2], _credit(owner, i + 1, key=str(i))) for i in range(60)))
    assert await _account(core, owner) == (sum(range(61)), 60)


@ON_POSTGRES
async def test_reversals_at_once_undo_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await _subscriber(core)
    wrong = (await _post(core, _credit(owner))).transfer

    async def reverse(each: Core, key: str) -> book.Posted:
        async with each.database.transaction() as tx:
            return await book.reverse(tx, wrong.id, key=key, at=NOW)

    async with processes(settings, clock, provider, count=2) as cores:
        undone = await asyncio.gather(
            *(reverse(cores[i % 2], str(i)) for i in range(8)), return_exceptions=True
        )
    assert sum(isinstance(each, book.Posted) for each in undone) == 1
    assert sum(isinstance(each, IntegrityError) for each in undone) == 7
    assert await _account(core, owner) == (0, 2)


@ON_POSTGRES
async def test_processes_that_start_together_open_the_books_once(
    settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async def starts() -> None:
        async with processes(settings, clock, provider, count=1):
            pass

    await asyncio.gather(*(starts() for _ in range(6)))
    database = Database(settings.database_url)
    async with database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(ledger_account)) == 5
    await database.close()


@ON_POSTGRES
async def test_an_account_of_the_house_is_opened_by_all_at_once(core: Core) -> None:
    """Its id and its name are both unique: whichever two at once meet by, neither ends in trouble."""

    async def opens(name: str) -> None:
        async with core.database.transaction() as tx:
            await book.open_system_account(tx, clearing(name))

    for number in range(30):
        await asyncio.gather(*(opens(f"provider-{number}") for _ in range(12)))


CHANGES = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "delete nothing matched": "DELETE FROM {table} WHERE {column} IS NOT NULL",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_is_posted_cannot_be_changed_or_taken_out(core: Core, change: str) -> None:
    await _post(core, _credit(await _subscriber(core)))
    with pytest.raises(DBAPIError, match="append-only"):
        async with core.database.transaction() as tx:
            await tx.execute(text(change.format(table="ledger_transfer", column="amount")))


@ON_POSTGRES
@pytest.mark.parametrize("table", ["ledger_transfer", "top_up_event"])
async def test_no_book_is_emptied(core: Core, table: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        async with core.database.transaction() as tx:
            await tx.execute(text(f"TRUNCATE {table} CASCADE"))


@ON_SQLITE
@pytest.mark.parametrize("same", ["id", "key", "reverses"])
@pytest.mark.parametrize("recursive", [True, False], ids=["our connection", "any connection"])
async def test_an_insert_replaces_nothing_on_sqlite(core: Core, same: str, *, recursive: bool) -> None:
    owner = await _subscriber(core)
    wrong = (await _post(core, _credit(owner))).transfer
    async with core.database.transaction() as tx:
        there = (await book.reverse(tx, wrong.id, key="r", at=NOW)).transfer
    if not recursive:  # the shell sets no pragmas of ours
        async with core.database._writer.connect() as connection:
            driver = await connection.get_raw_connection()
            assert driver.driver_connection is not None
            await driver.driver_connection.execute("PRAGMA recursive_triggers = OFF")
    values = {"id": uuid4().hex, "key": "new", "reverses": None} | {
        "id": {"id": there.id.hex}, "key": {"key": "r"}, "reverses": {"reverses": wrong.id.hex},
    }[same]  # fmt: skip
    with pytest.raises(DBAPIError, match="append-only"):
        async with core.database.transaction() as tx:
            await tx.execute(
                text(
                    "INSERT OR REPLACE INTO ledger_transfer"
                    " (id, debit, credit, amount, kind, key, reverses, at)"
                    " SELECT :id, debit, credit, 1, kind, :key, :reverses, at FROM ledger_transfer LIMIT 1"
                ),
                values,
            )
    async with core.database.read() as tx:
        assert await tx.scalar(select(func.sum(ledger_transfer.c.amount))) == 200_00


@pytest.mark.parametrize("broken", [{"amount": 0}, {"amount": -1}, {"debit": SUSPENSE.id}, {"kind": "gift"}])
async def test_a_transfer_that_is_none_is_refused_by_the_database(
    core: Core, broken: dict[str, object]
) -> None:
    row = {
        "id": new_id(), "debit": CLEARING.id, "credit": SUSPENSE.id, "amount": 1, "key": "k", "at": NOW,
        "kind": TransferKind.SUSPENSE,
    } | broken  # fmt: skip
    with pytest.raises((DBAPIError, LookupError)):
        async with core.database.transaction() as tx:
            await tx.execute(insert(ledger_transfer).values(row))


def test_a_transfer_of_nothing_or_to_itself_is_a_fault() -> None:
    owner = AccountId(new_id())
    with pytest.raises(AssertionError):
        _credit(owner, 0)
    with pytest.raises(AssertionError):
        replace(_credit(owner), debit=of_subscriber(owner))


async def test_a_statement_runs_back_from_the_balance(core: Core) -> None:
    owner = await _subscriber(core)
    for i in range(1, 5):
        await _post(core, _credit(owner, i * 100, key=str(i)))
    fee = replace(_credit(owner, 50, key="fee"), debit=of_subscriber(owner), credit=REVENUE.id)
    await _post(core, replace(fee, kind=TransferKind.FEE))
    async with core.database.read() as tx:
        lines = await book.statement(tx, of_subscriber(owner), limit=3)
        older = await book.statement(tx, of_subscriber(owner), limit=9, before=lines[-1].transfer.id)
        fees = await book.statement(tx, of_subscriber(owner), limit=9, kinds=frozenset({TransferKind.FEE}))
        with pytest.raises(LookupError):
            await book.balance(tx, uuid4())
    assert [(line.change, line.after) for line in lines] == [
        (Money(-50), Money(950)),
        (Money(400), Money(1000)),
        (Money(300), Money(600)),
    ]
    assert [line.change for line in older] == [Money(200), Money(100)]
    assert [line.change for line in fees] == [Money(-50)]

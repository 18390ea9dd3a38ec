"""Laws of the book: whatever is posted, reversed and replayed, it balances and can be proven."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.ids import AccountId, TransferId, new_id
from core.ledger import book
from core.ledger.book import KeyReused
from core.ledger.transfer import COMMISSION, REVENUE, SUSPENSE, Transfer, clearing, of_subscriber
from core.money import Money
from core.states import TransferKind
from core.storage.database import Database
from core.storage.tables import ledger_account, ledger_transfer
from tests.properties.conftest import FreshDatabase

AT = datetime(2026, 4, 27, tzinfo=UTC)
HOUSE = (clearing("fake"), REVENUE, COMMISSION, SUSPENSE)


@dataclass(frozen=True)
class Post:
    debit: int
    credit: int
    amount: int
    key: int


@dataclass(frozen=True)
class Reverse:
    which: int
    key: int


# Few accounts, amounts and keys, so that replays, conflicts and second reversals are the rule.
sides = st.integers(0, 6)
posts = st.builds(Post, sides, sides, st.integers(1, 3), st.integers(0, 9)).filter(
    lambda p: p.debit != p.credit
)
reversals = st.builds(Reverse, st.integers(0, 9), st.integers(10, 14))


@given(st.lists(st.one_of(posts, reversals), max_size=40))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sequence_balances_and_is_provable(
    fresh_database: FreshDatabase, steps: list[Post | Reverse]
) -> None:
    with fresh_database() as url:
        asyncio.run(_play(url, steps))


async def _play(url: str, steps: list[Post | Reverse]) -> None:
    database = Database(url)
    owners = [AccountId(new_id()) for _ in range(3)]
    accounts = [*(each.id for each in HOUSE), *(of_subscriber(owner) for owner in owners)]
    async with database.transaction() as tx:
        for system in HOUSE:
            await book.open_system_account(tx, system)
        for number, owner in enumerate(owners):
            await book.open_subscriber_account(tx, of_subscriber(owner), number=str(number))
    model: dict[str, Transfer] = {}
    for step in steps:
        if isinstance(step, Post):
            wished = Transfer(
                id=TransferId(new_id()), debit=accounts[step.debit], credit=accounts[step.credit],
                amount=Money(step.amount), kind=TransferKind.CORRECTION, key=f"k{step.key}", at=AT,
            )  # fmt: skip
            await _post(database, model, wished)
        else:
            await _reverse(database, model, step)
    await _prove(database, model, owners)
    await database.close()


async def _post(database: Database, model: dict[str, Transfer], wished: Transfer) -> None:
    there = model.get(wished.key)
    try:
        async with database.transaction() as tx:
            posted = await book.post(tx, wished)
    except KeyReused:
        assert there is not None
        assert not there.same_money(wished)
        return
    assert posted.fresh == (there is None)
    assert posted.transfer == (there or wished)
    model.setdefault(wished.key, posted.transfer)


async def _reverse(database: Database, model: dict[str, Transfer], step: Reverse) -> None:
    wrong, key = model.get(f"k{step.which}"), f"r{step.key}"
    if wrong is None:
        return
    undone = [each for each in model.values() if each.reverses == wrong.id]
    try:
        async with database.transaction() as tx:
            posted = await book.reverse(tx, wrong.id, key=key, at=AT)
    except KeyReused:
        assert model[key].reverses != wrong.id
    except IntegrityError:
        assert undone[0].key != key
    else:
        assert posted.fresh == (key not in model)
        model.setdefault(key, posted.transfer)


async def _prove(database: Database, model: dict[str, Transfer], owners: list[AccountId]) -> None:
    async with database.read() as tx:
        stored = await tx.all(select(ledger_transfer))
        held = {row.id: row for row in await tx.all(select(ledger_account))}
        statements = {owner: await book.statement(tx, of_subscriber(owner), limit=1000) for owner in owners}
    assert {row.key for row in stored} == model.keys()
    sums: dict[object, int] = dict.fromkeys(held, 0)
    for row in stored:
        sums[row.debit] -= row.amount
        sums[row.credit] += row.amount
    assert sum(sums.values()) == 0
    for owner in owners:
        assert held[owner].balance == sums[owner]
        assert held[owner].version == sum(owner in (row.debit, row.credit) for row in stored)
        balance = Money(sums[owner])
        for line in statements[owner]:
            assert line.after == balance
            balance -= line.change
        assert balance == Money(0)
    assert {row.balance for row in held.values() if row.id not in owners} == {None}

"""Invariants: each rule goes red when it is broken by hand, and stays silent otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text, update

from core.ids import TransferId, new_id
from core.ledger import book
from core.ledger.transfer import Transfer, clearing, of_subscriber
from core.money import Money
from core.payments.provider import Pending, Unknown
from core.settings import Settings
from core.states import (
    Channel,
    EventState,
    IncomingOutcome,
    Lane,
    NoticeState,
    PaymentState,
    TopUpState,
    TransferKind,
)
from core.storage.message_tables import incoming, notice
from core.storage.tables import account, ledger_account, payment, provider_event, top_up
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import (
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    arrives,
    card_page,
    deliver_all,
    processes,
    quote_by_card,
    quote_by_sms,
    rows,
    says_yes,
)
from tests.fakes import FakeClock, FakeProvider

LATE = timedelta(minutes=31)  # a quote's window, and the time to close it


async def _run(core: Core, *statements: object) -> None:
    async with core.database.transaction() as tx:
        for statement in statements:
            await tx.execute(statement)  # type: ignore[arg-type]  # statements of several kinds


async def _without_triggers(core: Core, statement: str) -> None:
    """What only the owner of the database can do, and only on purpose."""
    sqlite = core.settings.embedded
    off = (
        "DROP TRIGGER ledger_transfer_no_delete"
        if sqlite
        else "ALTER TABLE ledger_transfer DISABLE TRIGGER ALL"
    )
    await _run(core, text(off), text(statement))


async def _paid(core: Core) -> None:
    """A top-up by SMS, settled and told."""
    await open_account(core)
    await quote_by_sms(core)
    assert await says_yes(core) is None
    await deliver_all(core)


async def _forge(core: Core, kind: TransferKind, **more: object) -> None:
    """A transfer that nobody's success stands behind, posted as a fault of ours would."""
    (owner,) = await rows(core, account)
    async with core.database.transaction() as tx:
        forged = Transfer(
            id=TransferId(new_id()), debit=clearing("fake").id, credit=of_subscriber(owner.id),
            amount=Money(1), kind=kind, key="forged", at=core.clock.now(),
            **more,  # type: ignore[arg-type]  # fields of several types
        )  # fmt: skip
        await book.post(tx, forged)


async def test_a_house_in_order_breaks_nothing(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    assert await core.invariants.check() == []
    await _paid(core)
    await card_page(core)
    await core.callbacks.take("fake", body=provider.pays(provider.calls[-1].id), headers={})
    assert await core.invariants.check() == []
    await deliver_all(core)
    clock.shift(LATE)
    assert await core.invariants.check() == []


@pytest.fixture
async def house(settings: Settings, clock: FakeClock, provider: FakeProvider) -> AsyncIterator[Core]:
    """A core that nobody asks for its invariants at the end."""
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        yield opened


@dataclass(frozen=True)
class Break:
    name: str
    code: str
    by: Callable[[Core], Awaitable[object]]
    about: str = ""


async def _balance_moved(core: Core) -> None:
    await _run(core, update(ledger_account).where(ledger_account.c.balance.is_not(None)).values(balance=1))


async def _transfer_taken_out(core: Core) -> None:
    await _run(core, update(payment).values(transfer_id=None, state=PaymentState.DECLINED))
    await _without_triggers(core, "DELETE FROM ledger_transfer WHERE kind = 'top_up'")


async def _credited_twice(core: Core) -> None:
    (paid,) = await rows(core, payment)
    await _forge(core, TransferKind.TOP_UP, payment_id=paid.id)


async def _credited_for_nothing(core: Core) -> None:
    await _forge(core, TransferKind.TOP_UP)


async def _credited_for_a_refusal(core: Core) -> None:
    await _run(core, update(payment).values(state=PaymentState.DECLINED))


async def _paid_and_not_said_so(core: Core) -> None:
    await _run(core, update(top_up).values(state=TopUpState.CONFIRMED))


async def _said_paid_and_was_not(core: Core) -> None:
    quote = await quote_by_card(core)
    await _run(core, update(top_up).where(top_up.c.id == quote.id).values(state=TopUpState.PAID))


async def _credited_less_than_was_paid(core: Core) -> None:
    await _run(core, update(payment).values(total=200_00))


async def _reply_taken_out(core: Core) -> None:
    await _run(core, delete(notice).where(notice.c.template == "paid"))


async def _reply_not_sent(core: Core) -> None:
    gone = core.clock.now() - timedelta(days=9)
    await _run(core, update(notice).values(state=NoticeState.TAKEN, lease_until=gone, expires_at=gone))


async def _answered_and_silent(core: Core) -> None:
    await _run(core, update(incoming).values(outcome=IncomingOutcome.NOT_OURS))


async def _second_payment(core: Core) -> None:
    (paid,) = await rows(core, payment)
    await _run(
        core,
        insert(payment).values(
            id=new_id(), top_up_id=paid.top_up_id, provider="fake", method=paid.method, total=1,
            state=PaymentState.DECLINED, created_at=core.clock.now(),
        ),
    )  # fmt: skip


async def _message_left(core: Core) -> None:
    await arrives(core)


async def _quote_left(core: Core) -> None:
    await quote_by_card(core)


async def _notice_left(core: Core) -> None:
    now = core.clock.now()
    await _run(
        core,
        insert(notice).values(
            id=new_id(), dedupe_key="left", channel=Channel.SMS, address=PHONE.address, template="help",
            locale="ru", params={}, lane=Lane.PEOPLE, state=NoticeState.DUE, repeat=False, created_at=now,
            next_at=now,
        ),
    )  # fmt: skip


async def _event_left(core: Core) -> None:
    now = core.clock.now()
    await _run(
        core,
        insert(provider_event).values(
            id=new_id(), provider="fake", event_key="left", body=b"", state=EventState.NEW, received_at=now,
            next_at=now,
        ),
    )  # fmt: skip


async def _payment_left(core: Core, state: PaymentState) -> None:
    quote = await quote_by_card(core)
    now = core.clock.now()
    await _run(
        core,
        update(top_up).where(top_up.c.id == quote.id).values(state=TopUpState.CONFIRMED),
        insert(payment).values(
            id=new_id(), top_up_id=quote.id, provider="fake", method=quote.method, total=100_00, state=state,
            created_at=now, next_at=now, lease=new_id(), lease_until=now,
        ),
    )  # fmt: skip


def _left(state: PaymentState) -> Callable[[Core], Awaitable[None]]:
    return lambda core: _payment_left(core, state)


BREAKS = [
    Break("a balance moved by itself", "I1", _balance_moved, "subscriber:100080"),
    Break("a transfer taken out", "I1", _transfer_taken_out, "subscriber:100080"),
    Break("one success credited twice", "I2", _credited_twice, "fake:mobile-1"),
    Break("a credit without a payment", "I4", _credited_for_nothing, "forged"),
    Break("a credit for a refusal", "I4", _credited_for_a_refusal, "payment:fake:mobile-1"),
    Break("paid, and not said so", "I4", _paid_and_not_said_so),
    Break("said paid, and was not", "I4", _said_paid_and_was_not),
    Break("credited less than was paid", "I4", _credited_less_than_was_paid),
    Break("a reply taken out", "I6", _reply_taken_out),
    Break("a reply never sent", "I6", _reply_not_sent),
    Break("answered in silence", "I6", _answered_and_silent),
    Break("two payments for one top-up", "I7", _second_payment),
    Break("a message stored and not handled", "I13", _message_left),
    Break("a quote open past its window", "I13", _quote_left),
    Break("a notice nobody sends", "I13", _notice_left),
    Break("an event nobody applies", "I13", _event_left),
    *(Break(f"a payment left in {state}", "I13", _left(state)) for state in (
        PaymentState.INTENT, PaymentState.SENDING, PaymentState.PENDING, PaymentState.UNKNOWN,
    )),
]  # fmt: skip


async def _goes_red(core: Core, clock: FakeClock, broken: Break) -> None:
    await _paid(core)
    await broken.by(core)
    clock.shift(LATE)
    found = [each for each in await core.invariants.check() if each.code == broken.code]
    assert found != []
    assert any(broken.about in each.about for each in found)


@ON_SQLITE
@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
async def test_a_rule_that_is_broken_is_told(house: Core, clock: FakeClock, broken: Break) -> None:
    await _goes_red(house, clock, broken)


@ON_POSTGRES
async def test_the_rules_go_red_on_postgresql_too(house: Core, clock: FakeClock) -> None:
    await _paid(house)
    undone_by_others = (_balance_moved, _credited_twice)
    for broken in BREAKS:
        if broken.by not in undone_by_others:
            await broken.by(house)
    clock.shift(LATE)
    assert {each.code for each in await house.invariants.check()} == {"I1", "I4", "I6", "I7", "I13"}


@ON_SQLITE
async def test_a_flood_of_violations_is_cut_short(house: Core, clock: FakeClock) -> None:
    await open_account(house)
    for _ in range(25):
        await quote_by_card(house)
    clock.shift(LATE)
    assert len(await house.invariants.check()) == 20


@ON_SQLITE
async def test_work_in_somebodys_hands_is_no_violation(
    house: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(house)
    provider.will(Pending("m-1"))
    await quote_by_sms(house)
    await says_yes(house)
    provider.will(Unknown("timeout"))
    await card_page(house)
    await arrives(house)
    assert await house.invariants.check() == []


@ON_POSTGRES
async def test_money_that_moves_meanwhile_is_no_violation(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    async with processes(settings, clock, provider, count=1) as (busy,):

        async def pays() -> None:
            for _ in range(10):
                await quote_by_sms(busy)
                await says_yes(busy)

        async with asyncio.TaskGroup() as tasks:
            paying = tasks.create_task(pays())
            while not paying.done():
                assert await core.invariants.check() == []

"""Each rule of the house broken by hand, for the tests of the invariants that see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, text, update

from core.ids import TransferId, new_id
from core.ledger import book
from core.ledger.transfer import Transfer, clearing, of_subscriber
from core.money import Money
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
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import PHONE, arrives, deliver_all, quote_by_card, quote_by_sms, rows, says_yes


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


async def paid(core: Core) -> None:
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


@dataclass(frozen=True)
class Break:
    name: str
    code: str
    by: Callable[[Core], Awaitable[object]]
    about: str = ""


async def balance_moved(core: Core) -> None:
    await _run(core, update(ledger_account).where(ledger_account.c.balance.is_not(None)).values(balance=1))


async def _transfer_taken_out(core: Core) -> None:
    await _run(core, update(payment).values(transfer_id=None, state=PaymentState.DECLINED))
    await _without_triggers(core, "DELETE FROM ledger_transfer WHERE kind = 'top_up'")


async def credited_twice(core: Core) -> None:
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
    Break("a balance moved by itself", "I1", balance_moved, "subscriber:100080"),
    Break("a transfer taken out", "I1", _transfer_taken_out, "subscriber:100080"),
    Break("one success credited twice", "I2", credited_twice, "fake:mobile-1"),
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

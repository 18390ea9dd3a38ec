"""What tests of the use cases do over and over: texts, quotes, confirmations, a look at the tables."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Row, Table, select

from core.errors import Refusal
from core.ids import AccountId, IncomingId, Payer, TopUpId
from core.ledger import book
from core.ledger.transfer import COMMISSION, SUSPENSE, LedgerAccountId, of_subscriber
from core.messages.incoming import VOUCHED, Arrival
from core.money import Money
from core.payments.provider import Provider
from core.settings import Settings
from core.states import Channel, Lane, Method, TopUpState
from core.storage.message_tables import notice
from core.storage.tables import ledger_transfer, payment, top_up
from core.use_cases.quote import Quote
from core.use_cases.top_ups import Confirmed
from core.wiring import Core, open_core
from tests.fakes import FakeClock

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

CHAT = Payer.telegram(100)
PHONE = Payer.sms("79241234567")  # an operator without a fixed part
MTS = Payer.sms("79141234567")
NUMBER = "100080"

_texts = itertools.count(1)


@asynccontextmanager
async def processes(
    settings: Settings, clock: FakeClock, provider: Provider, *, count: int
) -> AsyncIterator[list[Core]]:
    """Several processes of the product on one database."""
    async with AsyncExitStack() as stack:
        opening = (open_core(settings, clock=clock, wall=clock, providers=[provider]) for _ in range(count))
        yield [await stack.enter_async_context(each) for each in opening]


async def arrives(
    core: Core, payer: Payer = PHONE, *, external_id: str | None = None, vouched: bool = False
) -> IncomingId:
    """An SMS of the payer's, stored and in this caller's hands."""
    name = external_id or f"text-{next(_texts)}"
    payload = {VOUCHED: True} if vouched else {}
    (accepted,) = await core.receiving.accept([Arrival(Channel.SMS, "smsc", name, payer.address, payload)])
    return accepted.id


async def quote_by_sms(
    core: Core,
    roubles: int = 100,
    *,
    payer: Payer = PHONE,
    number: str = NUMBER,
    vouched: bool = True,
) -> Quote:
    return await core.top_ups.quote(
        payer,
        number=number,
        amount=Money.roubles(roubles),
        method=Method.MOBILE,
        locale="ru",
        answering=await arrives(core, payer, vouched=vouched),
        vouched=vouched,
    )


async def quote_by_card(core: Core, roubles: int = 100, *, payer: Payer = CHAT) -> Quote:
    return await core.top_ups.quote(
        payer, number=NUMBER, amount=Money.roubles(roubles), method=Method.CARD, locale="ru"
    )


async def card_page(core: Core, roubles: int = 100, *, payer: Payer = CHAT) -> Confirmed:
    """A quote in Telegram, confirmed."""
    quote = await quote_by_card(core, roubles, payer=payer)
    return await core.top_ups.confirm(quote.id, by=payer, screen="7")


async def says_yes(
    core: Core,
    payer: Payer = PHONE,
    *,
    amount: Money | None = None,
    code: str | None = None,
    vouched: bool = True,
) -> Refusal | None:
    """`да` by SMS; the refusal, if it is one."""
    answering = await arrives(core, payer)
    try:
        await core.top_ups.confirm_open(payer, amount=amount, code=code, answering=answering, vouched=vouched)
    except Refusal as refusal:
        return refusal
    return None


async def shown_code(core: Core, payer: Payer = PHONE) -> str | None:
    """The digits that the phone's open quote shows, if it asks for any."""
    newest = [row for row in await rows(core, top_up, payer=payer.address) if row.state == TopUpState.QUOTED]
    return newest[-1].code if newest else None


async def rows(core: Core, table: Table, **where: Any) -> list[Row[Any]]:
    async with core.database.read() as tx:
        found = select(table).where(*(table.c[name] == value for name, value in where.items()))
        return await tx.all(found.order_by(*table.primary_key.columns))


async def the_payment(core: Core) -> Any:
    (found,) = await rows(core, payment)
    return found


async def the_top_up(core: Core, top_up_id: TopUpId) -> Any:
    (found,) = await rows(core, top_up, id=top_up_id)
    return found


async def told(core: Core, payer: Payer) -> list[str]:
    """The templates of all notices to a person, in the order they were stored."""
    found = await rows(core, notice, channel=payer.channel, address=payer.address)
    return [row.template for row in found]


async def posted(core: Core, owner: AccountId) -> Money:
    async with core.database.read() as tx:
        return await book.balance(tx, of_subscriber(owner))


async def summed(core: Core, of: LedgerAccountId) -> Money:
    """A house account's balance, which is never materialised."""
    moves = await rows(core, ledger_transfer)
    credit = sum(move.amount for move in moves if move.credit == of)
    return Money(credit - sum(move.amount for move in moves if move.debit == of))


async def in_suspense(core: Core) -> Money:
    return await summed(core, SUSPENSE.id)


async def commission(core: Core) -> Money:
    return await summed(core, COMMISSION.id)


async def deliver_all(core: Core) -> None:
    """Both deliveries at work until the outbox is empty."""
    for channel, lane in itertools.product(Channel, Lane):
        while held := await core.sending.claim(channel, 50, lane=lane):
            await core.sending.sent([(each, None) for each in held])

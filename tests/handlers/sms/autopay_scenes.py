"""What tests of autopay by SMS do over and over: a card, an autopay, the code of a text, its sums."""

import re

from sqlalchemy import select

from core.ids import AccountId
from core.storage.autopay_tables import mandate
from core.storage.tables import account
from tests.core.autopay_scenes import connect, link_to, pay_and_save
from tests.core.scenes import CHAT, rows
from tests.handlers.sms.conftest import PHONE, Phones

SIX_DIGITS = re.compile(r"\b\d{6}\b")


async def account_of(phones: Phones, number: str = "100080") -> AccountId:
    async with phones.core.database.read() as tx:
        return AccountId(await tx.scalar(select(account.c.id).where(account.c.number == number)))


async def with_card(phones: Phones) -> AccountId:
    """The phone's owner has a chat with a saved card."""
    owner = await account_of(phones)
    await link_to(phones.core, owner, CHAT, phone=PHONE)
    await pay_and_save(phones.core, phones.provider)
    return owner


async def with_autopay(phones: Phones, roubles: int = 300) -> AccountId:
    owner = await with_card(phones)
    await connect(phones.core, owner, roubles=roubles)
    return owner


async def code_for(phones: Phones, text: str) -> str:
    """The code that answers this text."""
    said = await phones.send(text)
    found = SIX_DIGITS.search(str(said))
    assert found, said
    return found[0]


async def amounts(phones: Phones) -> list[tuple[str, int]]:
    return [(str(row.state), row.amount) for row in await rows(phones.core, mandate)]

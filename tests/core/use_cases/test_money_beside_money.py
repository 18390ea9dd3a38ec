"""Two at the same money on PostgreSQL: whoever waits for the other goes on from what the other left."""

import asyncio

from sqlalchemy import insert, select, text, update

from core.ids import new_id
from core.money import Money
from core.states import Method, PaymentState
from core.storage.autopay_tables import mandate
from core.storage.tables import payment
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import agreed, connect, link_to, pay_and_save, the_mandate, with_card_key
from tests.core.scenes import CHAT, ON_POSTGRES, PHONE, arrives, told
from tests.deadlines import until
from tests.fakes import FakeProvider

pytestmark = ON_POSTGRES

settings = with_card_key


async def _somebody_waits(core: Core) -> bool:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with core.database.read() as tx:
        return bool(await tx.scalar(waiting))


async def test_unlinking_and_the_charges_of_a_round_do_not_stop_each_other(
    core: Core, provider: FakeProvider
) -> None:
    _, mandate_id = await agreed(core, provider)
    card_id = (await the_mandate(core, mandate_id)).card_id
    async with asyncio.TaskGroup() as group, core.database.transaction() as tx:
        # A round of charges: the mandate is held, then its payment names the card.
        await tx.one(select(mandate).where(mandate.c.id == mandate_id).with_for_update())
        unlinking = group.create_task(core.cards.unlink(CHAT, card_id))
        await until(lambda: _somebody_waits(core))
        await tx.execute(
            insert(payment).values(
                id=new_id(), provider="fake", method=Method.CARD, card_id=card_id, total=1,
                state=PaymentState.DECLINED, created_at=core.wall.now(),
            )
        )  # fmt: skip
    assert unlinking.result().numbers == ["100080"]


async def test_less_by_sms_is_never_more_than_what_another_has_just_set(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core, tariff=None, phones=[PHONE.address])
    await link_to(core, owner, CHAT, phone=PHONE.address)
    await pay_and_save(core, provider)
    mandate_id = await connect(core, owner, roubles=300)
    answering = await arrives(core)
    async with asyncio.TaskGroup() as group, core.database.transaction() as tx:
        await tx.execute(update(mandate).where(mandate.c.id == mandate_id).values(amount=100_00))
        asked = Money.roubles(200)  # less than 300, and more than what it is by now
        setting = core.autopay_by_sms.set_amount(PHONE, None, asked, locale="ru", answering=answering)
        group.create_task(setting)
        await until(lambda: _somebody_waits(core))
    assert (await the_mandate(core, mandate_id)).amount == 100_00
    assert await told(core, PHONE) == ["sms_code"]

"""Advertising by SMS beside a СТОП of the same phone, and in an audience."""

import asyncio

from core.storage.broadcast_tables import consent
from core.storage.tables import subscriber
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import ON_POSTGRES, PHONE, arrives, rows, told

ROUNDS = 10


@ON_POSTGRES
async def test_no_consent_outlives_a_stop_that_came_beside_it(core: Core) -> None:
    await open_account(core, phones=(PHONE.address,))
    for _ in range(ROUNDS):
        asked, stopped = await arrives(core), await arrives(core)
        await asyncio.gather(
            core.advertising_by_sms.give(PHONE, locale="ru", answering=asked),
            core.subscribers.stop(PHONE, answering=stopped),
        )
        assert not await core.consents.lives(PHONE)
        await core.subscribers.start(PHONE, answering=await arrives(core))
    assert [row.address for row in await rows(core, subscriber)] == [PHONE.address]
    assert sorted(await told(core, PHONE)) == sorted(["advertising", "started", "stopped"] * ROUNDS)


@ON_POSTGRES
async def test_a_phone_that_says_yes_twice_at_once_agrees_once(core: Core) -> None:
    await open_account(core, phones=(PHONE.address,))
    asked = [await arrives(core) for _ in range(4)]
    await asyncio.gather(
        *(core.advertising_by_sms.give(PHONE, locale="ru", answering=each) for each in asked)
    )
    assert len(await rows(core, consent)) == 1

"""Subscribers: seen first, remembered with what they chose."""

import asyncio

from core.settings import Settings
from core.storage.tables import subscriber
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    arrives,
    processes,
    quote_by_sms,
    rows,
    told,
)
from tests.fakes import FakeClock, FakeProvider


async def test_the_language_of_the_device_is_kept_until_one_is_chosen(core: Core) -> None:
    first = await core.subscribers.get(CHAT, locale="en")
    assert (first.locale, first.locale_chosen, first.reachable, first.stopped) == ("en", False, True, False)
    await core.subscribers.set_locale(CHAT, "ru")
    again = await core.subscribers.get(CHAT, locale="en")
    assert (again.locale, again.locale_chosen) == ("ru", True)


@ON_SQLITE
async def test_a_language_that_we_do_not_speak_is_the_operators(core: Core) -> None:
    assert (await core.subscribers.get(CHAT, locale="de")).locale == "ru"
    assert (await core.subscribers.get(PHONE)).locale == "ru"
    assert len(await rows(core, subscriber)) == 1  # who tells no language is not remembered for it


@ON_SQLITE
async def test_a_person_who_cannot_be_reached_is_noted(core: Core) -> None:
    owner = await open_account(core)
    await core.subscribers.set_reachable(CHAT, reachable=False)
    await core.subscribers.choose_account(CHAT, owner)
    seen = await core.subscribers.get(CHAT)
    assert (seen.reachable, seen.current_account) == (False, owner)
    await core.subscribers.set_reachable(CHAT, reachable=True)
    assert (await core.subscribers.get(CHAT)).reachable


async def test_stop_and_start_are_each_answered_once(core: Core) -> None:
    answering = await arrives(core)
    for _ in range(2):
        await core.subscribers.stop(PHONE, answering=answering)
    assert (await core.subscribers.get(PHONE)).stopped
    await core.subscribers.start(PHONE, answering=await arrives(core))
    assert not (await core.subscribers.get(PHONE)).stopped
    assert await told(core, PHONE) == ["stopped", "started"]


@ON_SQLITE
async def test_whom_we_wrote_to_is_known(core: Core) -> None:
    await open_account(core)
    assert not await core.subscribers.was_written_to(PHONE)
    await quote_by_sms(core)
    assert await core.subscribers.was_written_to(PHONE)
    assert not await core.subscribers.was_written_to(CHAT)


@ON_POSTGRES
async def test_a_person_first_seen_by_many_is_one(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with processes(settings, clock, provider, count=2) as cores:
        seen = await asyncio.gather(*(each.subscribers.get(CHAT, locale="en") for each in cores * 5))
    assert len(set(seen)) == len(await rows(core, subscriber)) == 1

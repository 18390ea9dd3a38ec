"""Links: proof before sight, one try at a time, and everybody concerned is told."""

import asyncio
from datetime import timedelta

import pytest

from core.errors import CodeExpired, CodeWrong, LinkExpired, NoRegisteredPhone, NotLinked, Refusal
from core.ids import Payer
from core.settings import Settings
from core.states import Access
from core.storage.message_tables import notice
from core.storage.proof_tables import link_request
from core.storage.tables import account, link
from core.wiring import Core
from tests.accounts import open_account
from tests.core.link_scenes import HERE, OTHER, SECRET, access_of, linked, login_code, login_token
from tests.core.scenes import CHAT, ON_POSTGRES, ON_SQLITE, processes, rows, told
from tests.fakes import FakeClock, FakeProvider


async def test_a_login_and_its_code_link_an_account(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    start = await core.links.start(CHAT, "Анна")
    assert start.url.startswith("http://127.0.0.1:8080/link/")
    assert start.expires_at == clock.now() + timedelta(minutes=15)
    token = start.url.rsplit("/", 1)[1]
    assert (await core.links.look(token)).display_name == "Анна"
    code = await core.links.log_in(token, " 00100080 ", SECRET, address=HERE)
    assert code.isdigit()
    assert len(code) == 6
    assert await access_of(core, CHAT) == []  # the page alone links nothing
    assert await core.links.complete(CHAT, f" {code} ") == "100080"
    assert await access_of(core, CHAT) == [("100080", Access.FULL)]
    (tariff,) = [each.tariff for each in await core.accounts.linked(CHAT)]
    assert tariff == "Москва"


@ON_SQLITE
async def test_neither_token_nor_code_nor_password_is_stored(core: Core) -> None:
    await open_account(core, password=SECRET)
    token = await login_token(core)
    code = await core.links.log_in(token, "100080", SECRET, address=HERE)
    stored = repr(await rows(core, link_request)) + repr(await rows(core, account))
    for secret in (token, code, SECRET):
        assert secret not in stored


@ON_SQLITE
async def test_a_link_works_once_and_in_its_time(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    used = await login_token(core)
    code = await core.links.log_in(used, "100080", SECRET, address=HERE)
    await core.links.complete(CHAT, code)
    replaced = await login_token(core)
    late = await login_token(core)
    assert (await core.links.look(late)).display_name == "Анна"
    clock.shift(timedelta(minutes=15))
    for token in (used, replaced, late, "", "nonsense"):
        with pytest.raises(LinkExpired):
            await core.links.look(token)
        with pytest.raises(LinkExpired):
            await core.links.log_in(token, "100080", SECRET, address=HERE)


@ON_SQLITE
async def test_a_code_lives_five_minutes(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    code = await login_code(core)
    clock.shift(timedelta(minutes=5, seconds=1))
    with pytest.raises(CodeExpired):
        await core.links.complete(CHAT, code)
    code = await login_code(core)
    clock.shift(timedelta(minutes=5))
    await core.links.complete(CHAT, code)


@ON_SQLITE
async def test_a_code_is_its_starters_own(core: Core) -> None:
    await open_account(core, password=SECRET)
    await open_account(core, "2", password=SECRET)
    code, others = await login_code(core), await login_code(core, OTHER, number="2")
    with pytest.raises(CodeExpired):
        await core.links.complete(Payer.telegram(102), code)  # asked for nothing
    if code != others:
        with pytest.raises(CodeWrong):
            await core.links.complete(OTHER, code)
    assert await core.links.complete(OTHER, others) == "2"
    assert await core.links.complete(CHAT, code) == "100080"
    with pytest.raises(CodeExpired):
        await core.links.complete(CHAT, code)  # once


@ON_POSTGRES
async def test_a_code_typed_twice_at_once_links_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core, password=SECRET)
    code = await login_code(core)
    async with processes(settings, clock, provider, count=2) as cores:
        typed = await asyncio.gather(
            *(cores[i % 2].links.complete(CHAT, code) for i in range(4)), return_exceptions=True
        )
    assert typed.count("100080") == 1
    assert sum(isinstance(each, Refusal) for each in typed) == 3
    assert len(await rows(core, link)) == 1


@ON_POSTGRES
async def test_a_contact_shared_twice_at_once_links_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core, phones=["79241234567"])
    async with processes(settings, clock, provider, count=2) as cores:
        shared = await asyncio.gather(*(each.links.by_contact(CHAT, "79241234567") for each in cores * 4))
        started = await asyncio.gather(*(each.links.start(CHAT, "Анна") for each in cores * 3))
    assert shared == [["100080"]] * 8
    assert len(await rows(core, link)) == 1
    assert len(started) == 6
    assert sum(row.ended_at is None for row in await rows(core, link_request)) == 1


async def test_a_contact_gives_sight_and_a_login_gives_all(core: Core) -> None:
    await open_account(core, password=SECRET, phones=["79241234567"])
    await open_account(core, "2", phones=["79241234567", "79140000000"])
    with pytest.raises(NoRegisteredPhone):
        await core.links.by_contact(CHAT, "79149999999")
    assert await core.links.by_contact(CHAT, "79241234567") == ["100080", "2"]
    assert await access_of(core, CHAT) == [("100080", Access.READ), ("2", Access.READ)]
    await linked(core)
    assert await access_of(core, CHAT) == [("100080", Access.FULL), ("2", Access.READ)]
    await core.links.by_contact(CHAT, "79241234567")  # takes nothing away
    assert await access_of(core, CHAT) == [("100080", Access.FULL), ("2", Access.READ)]
    assert len(await rows(core, link)) == 2


@ON_SQLITE
async def test_all_others_who_are_linked_are_told(core: Core) -> None:
    owner = await open_account(core, password=SECRET, phones=["79241234567"])
    await linked(core)
    assert await told(core, CHAT) == []
    await core.subscribers.set_locale(CHAT, "en")
    await core.links.by_contact(OTHER, "79241234567")
    await linked(core, OTHER)
    await core.links_by_sms.unlink(OTHER, owner)
    notices = await rows(core, notice)
    assert [(row.template, row.address, row.locale) for row in notices] == [
        ("linked", CHAT.address, "en"),
        ("linked", CHAT.address, "en"),
        ("unlinked", CHAT.address, "en"),
    ]
    assert [row.params.get("access") for row in notices] == ["read", "full", None]
    assert await told(core, OTHER) == []


@ON_SQLITE
async def test_unlinking_ends_the_sight_and_the_choice(core: Core) -> None:
    owner = await open_account(core, password=SECRET)
    await linked(core)
    await core.subscribers.choose_account(CHAT, owner)
    with pytest.raises(NotLinked):
        await core.links_by_sms.unlink(OTHER, owner)
    await core.links_by_sms.unlink(CHAT, owner)
    assert await access_of(core, CHAT) == []
    assert (await core.subscribers.get(CHAT)).current_account is None
    with pytest.raises(NotLinked):
        await core.links_by_sms.unlink(CHAT, owner)
    await linked(core)  # and again
    assert await access_of(core, CHAT) == [("100080", Access.FULL)]
    assert len(await rows(core, link)) == 2

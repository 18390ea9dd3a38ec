"""Audiences: every condition alone and joined; what is counted is what is frozen."""

from typing import Any

import pytest
from sqlalchemy import update

from core.ids import Payer
from core.money import Money
from core.notice_states import BroadcastKind, Reach
from core.staff_errors import AudienceRefused, ListRefused, ListUnreadable, UnknownAccounts
from core.states import ServiceState
from core.storage.broadcast_tables import broadcast, broadcast_account
from core.storage.tables import account, subscriber
from core.use_cases import audience_lists
from core.use_cases.account_screen import AccountState
from core.use_cases.audience_lists import numbers_in, numbers_of
from core.use_cases.audiences import Audience, Has
from core.wiring import Core
from tests.core.broadcast_scenes import ANNA, drafted, hire, live_at, recipients, started, work
from tests.core.scenes import ON_SQLITE, arrives, rows

FIRST, SECOND, THIRD, LAST = "79140000001", "79140000002", "79140000003", "79140000009"


async def _people(core: Core) -> None:
    """1: two chats and a phone; 2: a phone; 3: a blocked bot and a phone; 4: a chat of the first, too."""
    await hire(core)
    rich, lots = Money.roubles(100), Money.roubles(3000)
    here: dict[str, Any] = {"city": "Владивосток", "street": "Луговая"}
    there: dict[str, Any] = {"city": "Артём", "street": "Фрунзе"}
    one = here | {"house": "21а"}
    await live_at(core, "1", chats=("10", "11"), phones=(FIRST,), balance=rich, tariff="moskva", **one)
    two = here | {"house": "5"}
    await live_at(core, "2", phones=(SECOND,), balance=-rich, tariff="moskva", **two)
    three = there | {"house": "5"}
    blocked = await live_at(core, "3", chats=("30",), phones=(THIRD,), balance=lots, tariff="cifra", **three)
    four = there | {"house": "7"}
    await live_at(core, "4", chats=("10", "40"), phones=(LAST,), locale="en", **four)
    async with core.database.transaction() as tx:
        await tx.execute(update(subscriber).where(subscriber.c.address == "30").values(reachable=False))
        await tx.execute(
            update(account).where(account.c.id == blocked).values(state=ServiceState.VOLUNTARILY_BLOCKED)
        )
    await core.subscribers.stop(Payer.sms(LAST), answering=await arrives(core, Payer.sms(LAST)))


ELSE = Reach.TELEGRAM_ELSE_SMS
CASES: dict[str, tuple[Reach, Audience, set[str]]] = {
    "all by Telegram, the blocked one aside": (Reach.TELEGRAM, Audience(), {"10", "11", "40"}),
    "all by SMS, who stopped aside": (Reach.SMS, Audience(), {FIRST, SECOND, THIRD}),
    "a phone only where Telegram reaches nobody": (ELSE, Audience(), {"10", "11", "40", SECOND, THIRD}),
    "a city in another case": (ELSE, Audience(cities=("АРТЕМ",)), {"10", "40", THIRD}),
    "streets are alternatives": (Reach.SMS, Audience(streets=("луговая", "фрунзе")), {FIRST, SECOND, THIRD}),
    "a house of a street": (Reach.SMS, Audience(streets=("Луговая",), houses=("21А",)), {FIRST}),
    "a tariff": (Reach.SMS, Audience(tariffs=("cifra",)), {THIRD}),
    "active": (Reach.SMS, Audience(states=(AccountState.ACTIVE,)), {FIRST}),
    "negative": (Reach.SMS, Audience(states=(AccountState.NEGATIVE,)), {SECOND}),
    "blocked by themselves": (Reach.SMS, Audience(states=(AccountState.VOLUNTARILY_BLOCKED,)), {THIRD}),
    "blocked": (Reach.SMS, Audience(states=(AccountState.BLOCKED,)), set()),
    "two states": (
        Reach.SMS,
        Audience(states=(AccountState.NEGATIVE, AccountState.VOLUNTARILY_BLOCKED)),
        {SECOND, THIRD},
    ),
    "a balance from": (Reach.SMS, Audience(balance_from=Money.roubles(100)), {FIRST, THIRD}),
    "a balance to": (Reach.SMS, Audience(balance_to=Money.roubles(100)), {FIRST, SECOND}),
    "a balance between": (
        Reach.SMS,
        Audience(balance_from=Money.roubles(-100), balance_to=Money.roubles(-1)),
        {SECOND},
    ),
    "three days left": (Reach.SMS, Audience(days_from=1, days_to=3), {FIRST}),
    "many days left, or no end": (Reach.TELEGRAM, Audience(days_from=30), {"10", "40"}),
    "no day left": (Reach.SMS, Audience(days_to=0), {SECOND}),
    "who has Telegram": (Reach.SMS, Audience(has=Has.TELEGRAM), {FIRST}),
    "who has none": (Reach.SMS, Audience(has=Has.NO_TELEGRAM), {SECOND, THIRD}),
    "whose phone may be written to": (Reach.TELEGRAM, Audience(has=Has.SMS), {"10", "11"}),
    "a language": (Reach.TELEGRAM, Audience(locales=("en",)), {"40"}),
    "all at once": (
        ELSE,
        Audience(cities=("Артём",), houses=("5",), tariffs=("cifra",), balance_from=Money.roubles(1)),
        {THIRD},
    ),
}


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
async def test_each_audience_is_who_fits_it_and_is_counted_so(core: Core) -> None:
    await _people(core)
    for name, (reach, audience, expected) in CASES.items():
        made = await drafted(core, reach=reach, audience=audience, title=name)
        found = await core.broadcast_drafts.count(made.number, by=ANNA)
        assert found.total == len(expected), name
        assert found.telegram == sum(len(address) < 11 for address in expected), name
        if not expected:
            continue
        await core.broadcasts.start(made.number, by=ANNA)
    frozen = {made.title: made for made in await core.broadcasts.newest(by=ANNA, limit=100)}
    await work(core, chunk=3)
    for name, (_, audience, expected) in CASES.items():
        assert set(await recipients(core, frozen[name])) == expected, name
        assert frozen[name].audience.has == audience.has


@ON_SQLITE
async def test_with_a_field_each_account_has_a_message_of_its_own(core: Core) -> None:
    await _people(core)
    texts = {"ru": {"telegram": "Счёт {account}"}}
    made = await started(core, reach=Reach.TELEGRAM, texts=texts)
    assert made.total == 4
    assert (await core.broadcast_drafts.count(made.number, by=ANNA)).total == 4


@ON_SQLITE
async def test_advertising_reaches_who_agreed_and_did_not_stop(core: Core) -> None:
    await _people(core)
    for agreed in (Payer.telegram(10), Payer.telegram(30), Payer.sms(SECOND), Payer.sms(LAST)):
        await core.consents.give(agreed, "a button")
        assert not await core.consents.give(agreed, "again")
    assert await core.consents.end(Payer.telegram(30))
    assert not await core.consents.end(Payer.telegram(30))
    assert await core.consents.lives(Payer.sms(LAST))
    await core.subscribers.stop(Payer.sms(LAST), answering=await arrives(core, Payer.sms(LAST)))
    assert not await core.consents.lives(Payer.sms(LAST))
    await core.subscribers.start(Payer.sms(LAST), answering=await arrives(core, Payer.sms(LAST)))
    made = await started(core, kind=BroadcastKind.ADVERTISING)
    assert set(await recipients(core, made)) == {"10", SECOND}


@ON_SQLITE
async def test_a_list_is_stored_whole_or_not_at_all(core: Core) -> None:
    await _people(core)
    listed: dict[str, Any] = {"reach": Reach.SMS, "audience": Audience(listed=True)}
    with pytest.raises(UnknownAccounts) as refused:
        await drafted(core, **listed, accounts=["1", *map(str, range(100, 130))])
    assert (len(refused.value.numbers), refused.value.count) == (20, 30)
    assert await rows(core, broadcast) == []
    assert await rows(core, broadcast_account) == []
    made = await started(core, **listed, accounts=["0001", "1", "2", "4"])
    assert set(await recipients(core, made)) == {FIRST, SECOND}
    with pytest.raises(AudienceRefused):
        await drafted(core, audience=Audience(listed=True), accounts=[])


@ON_SQLITE
@pytest.mark.parametrize(
    "audience",
    [
        Audience(cities=("Москва",)),
        Audience(streets=("Ленина",)),
        Audience(houses=("99",)),
        Audience(tariffs=("none",)),
        Audience(locales=("de",)),
        Audience(balance_from=Money.roubles(2), balance_to=Money.roubles(1)),
        Audience(days_from=2, days_to=1),
        Audience(days_to=999_999_999),
    ],
)
async def test_a_condition_that_nothing_can_fit_is_refused(core: Core, audience: Audience) -> None:
    await _people(core)
    with pytest.raises(AudienceRefused):
        await drafted(core, audience=audience)
    assert await rows(core, broadcast) == []


def test_an_audience_survives_being_stored() -> None:
    for _, audience, _ in CASES.values():
        assert Audience.of(audience.stored()) == audience
    assert Audience().stored() == {}
    assert Audience(balance_to=Money(0), days_to=0).stored() == {"balance_to": 0, "days_to": 0}


@pytest.mark.parametrize(
    "lines, expected",
    [
        (["1", "0002", "", "1"], ["1", "2"]),
        (["лицевой счёт;улица", "100080;Луговая", '"166301",x'], ["100080", "166301"]),
        (["\ufeffaccount", "1\t2"], ["1"]),
    ],
)
def test_a_list_of_accounts_is_read(lines: list[str], expected: list[str]) -> None:
    assert numbers_in(lines) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_a_list_is_read_as_whatever_it_was_saved(encoding: str) -> None:
    assert numbers_of("счёт;улица\r\n100080;Луговая\r\n166301;\r\n".encode(encoding)) == ["100080", "166301"]


@pytest.mark.parametrize(
    "file", [b"PK\3\4\0\0workbook", "1\n".encode("utf-32"), b"\xff\xfe1"], ids=["xlsx", "utf-32", "half"]
)
def test_what_is_no_text_is_no_list(file: bytes) -> None:
    with pytest.raises(ListUnreadable, match="no_text"):
        numbers_of(file)


def test_a_quotation_without_an_end_is_refused() -> None:
    with pytest.raises(ListRefused):
        numbers_of(b'1\n"' + b"2" * 200_000)


@pytest.mark.parametrize(
    "lines, line",
    [(["1", "x2"], 2), (["1", "-"], 2), (["12345678901"], 1), (["1x"], 1), (["account", "", "=1"], 3)],
)
def test_a_list_with_a_line_that_is_no_number_is_refused(lines: list[str], line: int) -> None:
    with pytest.raises(ListRefused) as refused:
        numbers_in(lines)
    assert refused.value.lines[0][0] == line


def test_all_lines_that_are_no_numbers_are_counted_and_the_first_are_told() -> None:
    with pytest.raises(ListRefused) as refused:
        numbers_in(["account", "1", "4111 1111 1111 1111", *["x" * 50] * 20])
    assert refused.value.count == 21
    assert refused.value.lines == [(3, "••••••••••••1111"), *[(line, "x" * 40) for line in range(4, 13)]]


@pytest.mark.parametrize("lines", [[], ["account"], ["", " "]])
def test_a_list_without_a_number_is_no_list(lines: list[str]) -> None:
    with pytest.raises(ListUnreadable, match="empty"):
        numbers_in(lines)


def test_a_list_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience_lists, "LINES_MOST", 2)
    assert numbers_in(["1", "2"]) == ["1", "2"]
    with pytest.raises(ListUnreadable, match="too_long"):
        numbers_in(["1", "2", "3"])

"""What is not answered: ourselves, machines, who guesses, who never stops; each with its reason kept."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from core.messages.incoming import Arrival
from core.profile import Profile
from core.states import Channel, IncomingOutcome, IncomingState
from core.storage.message_tables import incoming, notice
from core.storage.tables import account_phone
from core.use_cases.limits import REPLIES_A_DAY, REPLIES_AN_HOUR
from handlers.locale import Catalogues
from handlers.sms.echoes import Echoes
from handlers.sms.short_code import CommandKind, Dialect, parse
from handlers.sms.texts import Texts
from tests.handlers.sms.conftest import STRANGER, Phones
from tests.handlers.sms.longest import longest
from tests.handlers.sms.texts_of_people import cases

AT_ONCE = 128  # texts under way

# Too little of these is ours: a balance is two numbers, a broadcast the words of staff, a link an address,
# and what is said of a card three words that a person might say.
OF_A_CARD = {"card_expiring", "card_saved", "card_unlinked"}
NOT_KNOWN_AGAIN = {"balance", "broadcast", "checkout_ready", "history"} | OF_A_CARD


@pytest.fixture(scope="module")
def catalogues(profile: Profile) -> Catalogues:
    return Catalogues(profile.zone)


@pytest.fixture(scope="module")
def echoes(profile: Profile, catalogues: Catalogues) -> Echoes:
    said = [text for locale in profile.locales for text in catalogues.texts("sms", locale)]
    return Echoes(said, Dialect.of(profile))


def test_every_text_of_ours_is_known_again_when_a_machine_quotes_it(
    profile: Profile, catalogues: Catalogues, echoes: Echoes
) -> None:
    texts = Texts(profile, catalogues)
    said = [
        texts.say(each.said, locale)
        for each in longest()
        for locale in profile.locales
        if each.said.template not in NOT_KNOWN_AGAIN
    ]
    quoted = [f"> {text}\nautoreply" for text in said]
    assert [text for text in quoted if not echoes.heard_in(text) and not echoes.mostly_ours(text)] == []


def test_no_text_of_people_that_is_no_command_is_taken_for_ours(profile: Profile, echoes: Echoes) -> None:
    dialect = Dialect.of(profile)
    unknown = [case.text for case in cases() if parse(case.text, dialect).kind is CommandKind.UNKNOWN]
    assert [text for text in unknown if echoes.mostly_ours(text)] == []


def test_no_text_of_people_is_taken_for_ours(echoes: Echoes) -> None:
    assert [case.text for case in cases() if echoes.heard_in(case.text)] == ["Для оплаты ответьте ДА"]


@pytest.mark.parametrize(
    "text",
    [
        "Счёт 100080: 100 р., комиссия 13 р. С телефона спишется 113 р. Для оплаты ответьте ДА.",
        "Fwd: счет 100080: 100 р., комиссия 13 р. с телефона спишется 113 р. для оплаты отв",
        "Account 100080: 100 RUB, commission 13 RUB. Your phone will be charged 113 RUB. To pay, YES",
    ],
)
async def test_our_own_quote_coming_back_confirms_nothing_and_is_not_answered(
    phones: Phones, text: str
) -> None:
    await phones.send("aliance 166301 100")
    assert await phones.send(text) is None
    assert await phones.outcome() == IncomingOutcome.OWN_TEXT
    assert phones.provider.charges == []


async def test_two_machines_stop_talking_within_the_hour_and_then_for_the_day(phones: Phones) -> None:
    for _ in range(REPLIES_A_DAY // REPLIES_AN_HOUR):
        for _ in range(REPLIES_AN_HOUR):
            assert await phones.send("баланс") is not None
        assert await phones.send("баланс") is None
        assert await phones.outcome() == IncomingOutcome.LOOP_GUARD
        assert await phones.send("баланс", sender=STRANGER) is not None  # others are answered
        phones.clock.shift(timedelta(hours=1, seconds=1))
    assert await phones.send("aliance 166301 100") is None
    assert await phones.outcome() == IncomingOutcome.DAILY_CAP
    phones.clock.shift(timedelta(days=1))
    assert await phones.send("баланс") is not None


async def test_two_machines_that_say_codes_stop_too(phones: Phones) -> None:
    """What they say is forgotten; by which way it came is not."""
    for _ in range(REPLIES_AN_HOUR):
        assert await phones.send("123456") is not None
    assert await phones.send("123456") is None
    assert await phones.outcome() == IncomingOutcome.LOOP_GUARD


@pytest.mark.parametrize("vouched", [True, False])
async def test_who_sends_by_one_kind_of_way_silences_nobody_by_the_other(
    phones: Phones, vouched: bool
) -> None:
    for _ in range(REPLIES_AN_HOUR):
        await phones.send("баланс", vouched=not vouched)
    assert await phones.send("баланс", vouched=not vouched) is None
    assert await phones.outcome() == IncomingOutcome.LOOP_GUARD
    for _ in range(REPLIES_AN_HOUR):
        assert await phones.send("баланс", vouched=vouched) is not None
    assert await phones.send("баланс", vouched=vouched) is None


async def test_who_is_silenced_by_one_kind_of_way_confirms_by_the_other(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    for _ in range(REPLIES_AN_HOUR):
        await phones.send("баланс", vouched=False)
    assert str(await phones.send("да")).startswith("Оплачено: 100 р.")


@pytest.mark.parametrize("vouched", [True, False])
async def test_unknown_accounts_of_one_kind_of_way_are_not_those_of_the_other(
    phones: Phones, vouched: bool
) -> None:
    for number in range(900000, 900006):
        await phones.send(f"aliance {number} 100", sender=STRANGER, vouched=not vouched)
    assert await phones.outcome() == IncomingOutcome.TOO_MANY_UNKNOWN_ACCOUNTS
    said = await phones.send("aliance 166301 100", sender=STRANGER, vouched=vouched)
    assert str(said).startswith("Счёт 166301: ")
    for number in range(900000, 900005):
        assert await phones.send(f"aliance {number} 100", sender=STRANGER, vouched=vouched) is not None
    assert await phones.send("aliance 100080 100", sender=STRANGER, vouched=vouched) is None


async def test_who_guessed_too_often_learns_nothing_of_accounts_that_exist(phones: Phones) -> None:
    for number in range(900000, 900005):
        assert await phones.send(f"aliance {number} 100", sender=STRANGER) is not None
    for account in ("900005", "166301", "100080"):
        assert await phones.send(f"aliance {account} 100", sender=STRANGER) is None
        assert await phones.outcome() == IncomingOutcome.TOO_MANY_UNKNOWN_ACCOUNTS
    phones.clock.shift(timedelta(minutes=10, seconds=1))
    assert str(await phones.send("aliance 166301 100", sender=STRANGER)).startswith("Счёт 166301: ")


async def test_who_guessed_too_often_may_still_pay_for_their_own(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("да")
    for number in range(900000, 900005):
        await phones.send(f"aliance {number} 100")
    assert await phones.send("aliance 900005 100") is None
    for account in ("100080", "166301"):  # registered with the one, has paid for the other
        assert str(await phones.send(f"aliance {account} 200")).startswith(f"Счёт {account}: ")


async def test_twenty_unknown_accounts_are_the_most_in_a_day(phones: Phones) -> None:
    for number in range(900000, 900020):
        assert await phones.send(f"aliance {number} 100") is not None
        phones.clock.shift(timedelta(minutes=4))
    assert await phones.send("aliance 900020 100") is None
    assert await phones.outcome() == IncomingOutcome.TOO_MANY_UNKNOWN_ACCOUNTS


@pytest.mark.parametrize(
    "text, outcome",
    [
        ("proc 100080 100", IncomingOutcome.NOT_OURS),
        ("танки 777", IncomingOutcome.NOT_OURS),
        ("добрый день", IncomingOutcome.NOT_OURS),
        ("стоп", IncomingOutcome.UNKNOWN_PHONE),
        ("помощь", IncomingOutcome.UNKNOWN_PHONE),
        ("история", IncomingOutcome.UNKNOWN_PHONE),
        ("english", IncomingOutcome.UNKNOWN_PHONE),
        ("да", IncomingOutcome.NOTHING_OPEN),
        ("нет", IncomingOutcome.NOTHING_OPEN),
        ("👍", IncomingOutcome.NOTHING_OPEN),
        ("  ", IncomingOutcome.NO_TEXT),
    ],
)
async def test_a_stranger_on_the_shared_number_gets_no_answer_and_the_reason_is_kept(
    phones: Phones, text: str, outcome: IncomingOutcome
) -> None:
    for _ in range(2):  # not one a day either
        assert await phones.send(text, sender=STRANGER) is None
        assert await phones.outcome() == outcome


@pytest.mark.parametrize("vouched", [True, False])
async def test_whom_we_answered_by_one_kind_of_way_is_told_by_the_other_that_nothing_is_open(
    phones: Phones, vouched: bool
) -> None:
    await phones.send("aliance 166301 100", sender=STRANGER, vouched=not vouched)
    await phones.send("нет", sender=STRANGER, vouched=not vouched)
    assert await phones.send("да", sender=STRANGER, vouched=vouched) is not None


async def test_a_text_of_the_table_ends_in_exactly_one_outcome(phones: Phones) -> None:
    """Every fourth, from a phone of its own, every third of them unknown; then the invariants are asked."""
    arrivals = [
        Arrival(
            Channel.SMS, "test", str(n), f"7999{n:07d}", {"text": case.text, "to": "3116", "smsc": "test"}
        )
        for n, case in enumerate(cases()[::4])
    ]
    async with phones.core.database.transaction() as tx:
        mine = await tx.scalar(select(account_phone.c.account_id))
        registered = [each.sender for n, each in enumerate(arrivals) if n % 3]
        await tx.execute(
            insert(account_phone), [{"account_id": mine, "msisdn": sender} for sender in registered]
        )
    accepted = await phones.core.receiving.accept(arrivals)
    for n in range(0, len(accepted), AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for each in accepted[n : n + AT_ONCE]:
                group.create_task(phones.dispatch.handle(each))
    async with phones.core.database.read() as tx:
        closed = await tx.all(
            select(incoming.c.state, incoming.c.outcome, notice.c.id).select_from(
                incoming.outerjoin(notice, notice.c.incoming_id == incoming.c.id)
            )
        )
    assert len(closed) == len(arrivals)
    assert {row.state for row in closed} == {IncomingState.DONE}
    assert all((row.id is not None) == (row.outcome == IncomingOutcome.REPLY) for row in closed)
    assert {row.outcome for row in closed} >= {
        IncomingOutcome.REPLY,
        IncomingOutcome.NOT_OURS,
        IncomingOutcome.NOTHING_OPEN,
        IncomingOutcome.OWN_TEXT,
        IncomingOutcome.UNKNOWN_PHONE,
    }
    assert phones.provider.charges == []  # nobody had a quote that a word of theirs could confirm

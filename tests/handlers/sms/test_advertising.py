"""Consent to advertising by SMS: given by a registered phone, kept with its words, ended by that phone."""

from datetime import timedelta

import pytest

from core.ids import Payer
from core.messages.notices import Advertising
from core.profile import Profile
from core.states import Channel, IncomingOutcome
from core.storage.broadcast_tables import consent
from core.use_cases.advertising_by_sms import WORDS
from handlers.locale import Catalogues
from handlers.sms.texts import Texts
from tests.core.scenes import rows
from tests.handlers.sms.conftest import PHONE, STRANGER, Phones

ME = Payer.sms(PHONE)
AGREED = "Вы согласны получать рекламу АльянсТелеком по SMS. Отказаться: РЕКЛАМА НЕТ"
NONE = "Рекламу не шлём. Согласиться на рекламу АльянсТелеком по SMS: РЕКЛАМА ДА"
STOPPED = "Вы прислали СТОП, рекламу не шлём. Согласиться на неё: СТАРТ, затем РЕКЛАМА ДА"


async def test_a_consent_keeps_its_moment_its_words_and_its_message(phones: Phones) -> None:
    assert await phones.send("реклама") == NONE
    assert await phones.send("реклама да") == AGREED
    (kept,) = await rows(phones.core, consent)
    newest = await phones.newest()
    assert (kept.channel, kept.address, kept.ended_at) == (Channel.SMS, PHONE, None)
    assert kept.given_at == phones.clock.now()
    assert kept.how == f"sms, words {WORDS}, message {newest}"
    assert await phones.send("реклама") == AGREED


async def test_the_same_again_is_the_same_consent(phones: Phones) -> None:
    await phones.send("реклама да")
    phones.clock.shift(timedelta(minutes=1))
    assert await phones.send("ads yes") == (
        "You agree to advertising of AlliansTelecom by SMS. To end it: ADS NO"
    )
    assert len(await rows(phones.core, consent)) == 1


async def test_the_phone_ends_it_and_ending_it_again_is_answered_the_same(phones: Phones) -> None:
    await phones.send("реклама да")
    phones.clock.shift(timedelta(minutes=1))
    for _ in range(2):
        assert await phones.send("реклама нет") == NONE
    (kept,) = await rows(phones.core, consent)
    assert kept.ended_at == phones.clock.now()
    assert not await phones.core.consents.lives(ME)


async def test_stop_ends_it_and_start_does_not_bring_it_back(phones: Phones) -> None:
    await phones.send("реклама да")
    await phones.send("стоп")
    assert not await phones.core.consents.lives(ME)
    assert await phones.send("реклама да") == STOPPED
    assert not await phones.core.consents.lives(ME)
    await phones.send("старт")
    assert not await phones.core.consents.lives(ME)
    assert await phones.send("реклама да") == AGREED
    assert await phones.core.consents.lives(ME)


async def test_who_is_registered_nowhere_agrees_to_nothing(phones: Phones) -> None:
    for text in ("реклама да", "реклама нет", "реклама"):
        assert await phones.send(text, sender=STRANGER) is None
        assert await phones.outcome() == IncomingOutcome.UNKNOWN_PHONE
    said = await phones.send("aliance реклама да", sender=STRANGER)
    assert said == "Этот телефон не записан ни за одним счётом. Записать его можно в нашем офисе."
    assert await rows(phones.core, consent) == []


@pytest.mark.parametrize("text", ["реклама да?", "да, реклама", "реклама да нет", "хочу рекламу"])
async def test_what_is_not_plainly_a_consent_is_none(phones: Phones, text: str) -> None:
    assert await phones.send(text) == "Не понятно. Пришлите: РЕКЛАМА ДА или РЕКЛАМА НЕТ"
    assert await rows(phones.core, consent) == []


async def test_a_consent_confirms_no_payment(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("реклама да")
    assert phones.provider.charges == []
    await phones.send("да")
    assert len(phones.provider.charges) == 1


def test_the_words_that_are_agreed_to_are_those_of_their_version(profile: Profile) -> None:
    """Other words, another version: a consent names the one that its phone was shown."""
    texts = Texts(profile, Catalogues(profile.zone))
    said = [
        texts.say(Advertising(wanted=wanted, stopped=False), locale)
        for locale in ("ru", "en")
        for wanted in (True, False)
    ]
    assert (WORDS, said) == (
        1,
        [
            AGREED,
            NONE,
            "You agree to advertising of AlliansTelecom by SMS. To end it: ADS NO",
            "We send you no advertising. To agree to advertising of AlliansTelecom by SMS: ADS YES",
        ],
    )

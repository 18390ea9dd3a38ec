"""What a top-up can be paid with in the chat, and mandates that a provider keeps by itself."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.ids import new_id
from core.payments.provider import Subscription
from core.settings import Settings
from core.states import Method
from handlers.telegram import buttons_autopay as to
from tests.bot.accounts import import_accounts
from tests.bot.providers import Scheduler, WithSbp
from tests.bot.scenes import linked, quoted
from tests.bot.stand import Person, Stand, open_stand
from tests.core.autopay_scenes import CARD_KEY


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(_env_file=None, env="test", database_url=sqlite_url)


async def prepared(stand: Stand, folder: Path) -> Person:
    await import_accounts(stand.core.imports, folder, stand.core.profile.tariffs[0].code)
    await linked(stand, stand.person)
    return stand.person


async def test_sbp_is_a_choice_of_the_confirm_screen(settings: Settings, tmp_path: Path) -> None:
    async with open_stand(settings, provided=WithSbp) as stand:
        person = await prepared(stand, tmp_path)
        await quoted(person)
        by_card = person.data("Подтвердить")
        person.presses("Оплатить через СБП")
        await person.sees("ссылка на страницу СБП")
        person.presses("Оплатить картой")
        await person.sees("ссылка на страницу оплаты")
        person.presses("Оплатить через СБП")
        await person.sees("ссылка на страницу СБП")
        person.presses("Подтвердить")
        await person.sees("оплатите на странице СБП")
        assert person.url("Открыть страницу оплаты") == "https://pay.example/sbp"
        person.presses_stale(by_card)  # the quote by card was dropped when SBP took its place
        await person.is_told("устарело")
        assert [charge.method for charge in stand.provider.calls] == [Method.SBP]


async def test_with_one_method_there_is_no_choice(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    await quoted(person)
    assert not [button for button in person.buttons() if "СБП" in button]


@pytest.mark.parametrize("key", ["", CARD_KEY])
async def test_a_provider_s_own_mandate_is_listed_and_ended(
    settings: Settings, tmp_path: Path, key: str
) -> None:
    keyed = settings.model_copy(update={"card_key": SecretStr(key)})
    async with open_stand(keyed, provided=Scheduler) as stand:
        assert isinstance(stand.provider, Scheduler)
        person = await prepared(stand, tmp_path)
        stand.provider.kept = {"s-1": Subscription("s-1", "100080", next_on=date(2026, 5, 1))}
        await stand.core.provider_mandates.mirror_once()
        person.says("/autopay")
        await person.sees("Автоплатёж у fake: следующее списание 1 мая 2026")
        end = person.data("Удалить автоплатёж у fake")
        person.presses("Удалить автоплатёж у fake")
        await person.sees("который ведёт платёжная система?")
        person.presses("Да, удалить", times=2)
        await person.sees("Мы попросили платёжную систему")
        person.presses("Назад")
        await person.sees("Автоплатёж у fake: удаляется")
        assert "Удалить автоплатёж у fake" not in person.buttons()
        await stand.core.provider_mandates.delete_once(10)
        assert stand.provider.kept == {}
        ended = to.AskEnd.unpack(end)
        person.presses_stale(to.EndAtProvider(number="100080", mandate=ended.mandate).pack())
        await person.is_told("устарело")
        person.presses_stale(to.EndAtProvider(number="100080", mandate=new_id()).pack())
        await stand.settled()

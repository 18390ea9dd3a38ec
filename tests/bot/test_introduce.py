"""What Telegram shows of the bot before anybody writes."""

import pytest

from bot.introduce import introduce
from handlers.locale import DEFAULT_LOCALE
from handlers.telegram.offered import Offered
from tests.bot.stand import Person, Stand
from tests.deadlines import until


@pytest.mark.parametrize(
    "language, command, name",
    [
        ("ru", "Баланс и сколько дней осталось", "АльянсТелеком"),
        ("en", "Balance and days left", "AlliansTelecom"),
        ("de", "Баланс и сколько дней осталось", "АльянсТелеком"),
    ],
)
async def test_commands_and_name_are_in_the_language_of_the_phone(
    stand: Stand, person: Person, language: str, command: str, name: str
) -> None:
    person.speaks(language)

    def shown() -> bool:
        seen = stand.api.screen.seen(person.id)
        commands = {each["command"]: each["description"] for each in seen["commands"]}
        return commands.get("balance") == command and seen["bot"]["name"] == name

    await until(shown)
    commands = [each["command"] for each in stand.api.screen.seen(person.id)["commands"]]
    told = {"start", "balance", "pay", "accounts", "alerts", "settings", "help", "privacy", "cancel"}
    assert set(commands) == told
    assert stand.core.profile.default_locale == DEFAULT_LOCALE


async def test_a_call_that_telegram_refuses_is_left(stand: Stand) -> None:
    stand.api.set_faults({"too_many_requests": {"methods": ["setMyName"], "retry_after": 86400}})
    await introduce(stand.door.bot, stand.core.profile, stand.catalogues, Offered())
    stand.api.set_faults(None)


async def test_where_cards_are_kept_their_commands_are_shown(keeping: Stand, keeper: Person) -> None:
    keeper.speaks("ru")

    def shown() -> bool:
        seen = keeping.api.screen.seen(keeper.id)
        commands = {each["command"]: each["description"] for each in seen["commands"]}
        return commands.get("autopay") == "Автоплатёж" and "автоплатёж" in seen["bot"]["description"]

    await until(shown)
    commands = [each["command"] for each in keeping.api.screen.seen(keeper.id)["commands"]]
    assert commands[:4] == ["balance", "pay", "autopay", "cards"]

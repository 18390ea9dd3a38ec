"""At start: what Telegram shows of the bot before anybody writes, in every language."""

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import SetMyCommands, SetMyDescription, SetMyName, SetMyShortDescription, TelegramMethod

from core.profile import Profile
from handlers.locale import Catalogues
from handlers.telegram import commands
from handlers.telegram.offered import Offered

NAME_LARGEST = 64  # Bot API, setMyName
DESCRIPTION_LARGEST = 512  # Bot API, setMyDescription
SHORT_DESCRIPTION_LARGEST = 120  # Bot API, setMyShortDescription

log = structlog.get_logger()


async def introduce(bot: Bot, profile: Profile, catalogues: Catalogues, offered: Offered) -> None:
    """Telegram limits these calls to a few a day: one that fails is told of and left."""
    for locale in profile.locales:
        for call in _calls(locale, profile, catalogues, offered):
            try:
                await bot(call)
            except TelegramAPIError as error:
                log.warning(
                    "bot not introduced", method=call.__api_method__, locale=locale, error=error.message
                )


def _calls(
    locale: str, profile: Profile, catalogues: Catalogues, offered: Offered
) -> list[TelegramMethod[bool]]:
    """The default language is set without a code as well: it is what all other languages see."""
    words = catalogues.words("telegram", locale)
    operator = profile.name[locale]
    if offered.cards:
        description = words(
            "{operator}: the balance of your account, top-up by card, autopay, history. Type /start.",
            operator=operator,
        )
        short = words("{operator}: balance, top-up and autopay", operator=operator)
    else:
        description = words(
            "{operator}: the balance of your account, top-up by card, history. Type /start.",
            operator=operator,
        )
        short = words("{operator}: balance and top-up", operator=operator)
    codes: list[str | None] = [locale, None] if locale == profile.default_locale else [locale]
    return [
        call
        for code in codes
        for call in (
            SetMyCommands(commands=commands.menu(words, offered), language_code=code),
            SetMyName(name=operator[:NAME_LARGEST], language_code=code),
            SetMyDescription(description=description[:DESCRIPTION_LARGEST], language_code=code),
            SetMyShortDescription(short_description=short[:SHORT_DESCRIPTION_LARGEST], language_code=code),
        )
    ]

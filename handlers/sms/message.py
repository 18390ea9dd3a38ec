"""A text that was understood, on its way to the feature that answers it, and the two ways to close it."""

from dataclasses import dataclass

from core.ids import IncomingId, Payer
from core.messages.notices import Notice
from core.states import IncomingOutcome
from core.wiring import Core
from handlers.sms.short_code import Command


@dataclass(frozen=True, slots=True)
class Message:
    id: IncomingId
    payer: Payer
    locale: str
    command: Command
    told: tuple[str, ...] = ()  # names that the SMSC has for the sender's operator
    vouched: bool = False  # the way that it came vouches for the sender's number
    readable: bool = True  # octets that are no text are answered as words that say nothing


async def answer(core: Core, message: Message, said: Notice) -> None:
    await core.receiving.finish(message.id, reply=said, to=message.payer, locale=message.locale)


async def keep_silent(core: Core, message: Message, why: IncomingOutcome) -> None:
    await core.receiving.finish(message.id, silent=why)

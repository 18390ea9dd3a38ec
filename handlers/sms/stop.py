"""`стоп` and `старт`: whether we may write first. The number is shared, so a stranger's are not ours."""

from core.states import IncomingOutcome
from core.wiring import Core
from handlers.sms.message import Message, keep_silent


async def stop(core: Core, message: Message) -> None:
    if await is_meant_for_us(core, message):
        await core.top_ups.ask_for_sum(message.payer)
        await core.subscribers.stop(message.payer, answering=message.id, locale=message.locale)
    else:
        await keep_silent(core, message, IncomingOutcome.UNKNOWN_PHONE)


async def start(core: Core, message: Message) -> None:
    if await is_meant_for_us(core, message):
        await core.subscribers.start(message.payer, answering=message.id, locale=message.locale)
    else:
        await keep_silent(core, message, IncomingOutcome.UNKNOWN_PHONE)


async def is_meant_for_us(core: Core, message: Message) -> bool:
    """Our keyword says so, or that we have written to this phone before."""
    return message.command.with_keyword or await core.subscribers.was_written_to(message.payer)


async def is_known(core: Core, message: Message) -> bool:
    """The same, or that an account has this phone."""
    return await is_meant_for_us(core, message) or await core.accounts.of_phone(message.payer.address) != []

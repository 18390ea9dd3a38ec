"""`реклама`: the consent to advertising by SMS, shown, given and ended by the phone that it is for."""

from core.states import IncomingOutcome
from core.wiring import Core
from handlers.sms import errors
from handlers.sms.message import Message, answer, keep_silent
from handlers.sms.stop import is_known


async def tell_state(core: Core, message: Message) -> None:
    if not await _is_meant_for_us(core, message):
        return
    if message.command.problem is not None:
        await answer(core, message, errors.of_problem(message.command, core.profile))
    else:
        await core.advertising_by_sms.tell(message.payer, locale=message.locale, answering=message.id)


async def give(core: Core, message: Message) -> None:
    if await _is_meant_for_us(core, message):
        await core.advertising_by_sms.give(message.payer, locale=message.locale, answering=message.id)


async def end(core: Core, message: Message) -> None:
    if await _is_meant_for_us(core, message):
        await core.advertising_by_sms.end(message.payer, locale=message.locale, answering=message.id)


async def _is_meant_for_us(core: Core, message: Message) -> bool:
    """Others on the shared number advertise too: from a phone unknown here the word is closed in silence."""
    if await is_known(core, message):
        return True
    await keep_silent(core, message, IncomingOutcome.UNKNOWN_PHONE)
    return False

"""`язык en`: the language of all that we say to this phone from now on."""

from core.states import IncomingOutcome
from core.wiring import Core
from handlers.sms import errors
from handlers.sms.message import Message, answer, keep_silent
from handlers.sms.stop import is_known


async def choose(core: Core, message: Message) -> None:
    command = message.command
    if not await is_known(core, message):
        await keep_silent(core, message, IncomingOutcome.UNKNOWN_PHONE)
    elif command.language is None:
        await answer(core, message, errors.of_problem(command, core.profile))
    else:
        await core.subscribers.choose_language(message.payer, command.language, answering=message.id)

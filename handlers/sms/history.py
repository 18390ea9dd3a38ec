"""`история`: the last payments of the phone's account, or of the one named."""

from core.states import IncomingOutcome
from core.wiring import Core
from handlers.sms import errors
from handlers.sms.message import Message, answer, keep_silent
from handlers.sms.stop import is_known


async def tell_history(core: Core, message: Message) -> None:
    if not await is_known(core, message):
        await keep_silent(core, message, IncomingOutcome.UNKNOWN_PHONE)
    elif message.command.problem is not None:
        await answer(core, message, errors.of_problem(message.command, core.profile))
    else:
        await answer(core, message, await core.history_by_sms.tell(message.payer, message.command.account))

"""`помощь`, and every text that is no command: the right forms, to those who mean us."""

from core.messages.notices import Help
from core.states import IncomingOutcome
from core.wiring import Core
from handlers.sms.message import Message, answer, keep_silent
from handlers.sms.stop import is_meant_for_us
from handlers.sms.top_up import confirm


async def tell_commands(core: Core, message: Message) -> None:
    if await is_meant_for_us(core, message):
        await answer(core, message, Help())
    else:
        await keep_silent(core, message, IncomingOutcome.UNKNOWN_PHONE)


async def not_understood(core: Core, message: Message) -> None:
    """Help to who wrote our keyword or is known here; other merchants' texts get silence.

    Three digits alone are the answer to a quote that asks for them, and else nothing that is known.
    """
    if message.command.code is not None and await core.top_ups.is_by_code(message.payer):
        await confirm(core, message)
        return
    is_meant = (
        message.command.with_keyword
        or await core.top_ups.has_open(message.payer)
        or await core.accounts.of_phone(message.payer.address) != []
    )
    if is_meant:
        await answer(core, message, Help())
    else:
        silent = IncomingOutcome.NOT_OURS if message.readable else IncomingOutcome.NO_TEXT
        await keep_silent(core, message, silent)

"""`баланс`: the balances of the phone's accounts, or of the one named."""

from core.wiring import Core
from handlers.sms import errors
from handlers.sms.message import Message, answer


async def tell_balance(core: Core, message: Message) -> None:
    if message.command.problem is not None:
        await answer(core, message, errors.of_problem(message.command, core.profile))
        return
    await answer(core, message, await core.accounts.balance_by_sms(message.payer, message.command.account))

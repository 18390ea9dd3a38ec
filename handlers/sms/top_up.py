"""`aliance 100080 100`, its confirmation and its cancellation."""

from core.states import Method
from core.wiring import Core
from handlers.sms import errors
from handlers.sms.message import Message, answer


async def quote(core: Core, message: Message) -> None:
    command = message.command
    if command.account is None or command.amount is None:
        await core.top_ups.ask_for_sum(message.payer)
        await answer(core, message, errors.of_problem(command, core.profile))
        return
    await core.top_ups.quote(
        message.payer,
        number=command.account,
        amount=command.amount,
        method=Method.MOBILE,
        locale=message.locale,
        answering=message.id,
        told=message.told,
        vouched=message.vouched,
    )


async def confirm(core: Core, message: Message) -> None:
    command = message.command
    await core.top_ups.confirm_open(
        message.payer,
        amount=command.amount,
        code=command.code,
        answering=message.id,
        vouched=message.vouched,
    )


async def cancel(core: Core, message: Message) -> None:
    await core.top_ups.cancel_open(message.payer, answering=message.id, vouched=message.vouched)

"""`автоплатеж`, its sum, its end, and the six digits that prove whose phone it is."""

from core.errors import Refusal
from core.wiring import Core
from handlers.sms import errors
from handlers.sms.help import not_understood
from handlers.sms.message import Message, answer


async def tell_state(core: Core, message: Message) -> None:
    await core.autopay_by_sms.tell_state(
        message.payer, message.command.account, locale=message.locale, answering=message.id
    )


async def set_amount(core: Core, message: Message) -> None:
    command = message.command
    if command.amount is None:
        await answer(core, message, errors.of_problem(command, core.profile))
        return
    await core.autopay_by_sms.set_amount(
        message.payer, command.account, command.amount, locale=message.locale, answering=message.id
    )


async def stop(core: Core, message: Message) -> None:
    command = message.command
    if command.problem is not None:
        await answer(core, message, errors.of_problem(command, core.profile))
        return
    await core.autopay_by_sms.stop(
        message.payer, command.account, locale=message.locale, answering=message.id
    )


async def code_given(core: Core, message: Message) -> None:
    """Do what the code was sent for. What was typed is forgotten: it may be a code of another channel."""
    assert message.command.code is not None
    if await core.autopay_by_sms.has_code(message.payer):
        try:
            await core.autopay_by_sms.confirm(
                message.payer, message.command.code, locale=message.locale, answering=message.id
            )
        except Refusal as refusal:
            await answer(core, message, errors.of_refusal(refusal, message.command))
    else:
        await not_understood(core, message)
    await core.receiving.finish_and_forget(message.id)

"""`автоплатеж`, its sum, its end, and the six digits that prove whose phone it is."""

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
    """Do what the code was sent for; dispatch sees to it that the digits are forgotten."""
    assert message.command.code is not None
    if await core.autopay_by_sms.has_code(message.payer):
        await core.autopay_by_sms.confirm(
            message.payer, message.command.code, locale=message.locale, answering=message.id
        )
    else:
        await not_understood(core, message)

"""`оповещения`: what is told of a low balance, shown and changed from a registered phone."""

from dataclasses import replace

from core.notice_states import AlertBySms
from core.states import IncomingOutcome
from core.use_cases.alert_settings import Change, Settings
from core.wiring import Core
from handlers.sms import errors
from handlers.sms.message import Message, answer, keep_silent


async def tell_state(core: Core, message: Message) -> None:
    if message.command.problem is not None:
        is_ours = message.command.with_keyword or await core.accounts.of_phone(message.payer.address)
        if is_ours:
            await answer(core, message, errors.of_problem(message.command, core.profile))
        else:
            await keep_silent(core, message, IncomingOutcome.NOT_OURS)
        return
    await core.alert_settings.tell_by_sms(
        message.payer, message.command.account, locale=message.locale, answering=message.id
    )


async def turn_on(core: Core, message: Message) -> None:
    """As they are where nothing was chosen, and by SMS whatever Telegram reaches: a phone asks for it."""
    usual = replace(core.alert_settings.usual, sms=AlertBySms.ALWAYS)
    await _change(core, message, lambda now: replace(usual, threshold=now.threshold))


async def turn_off(core: Core, message: Message) -> None:
    await _change(core, message, Settings.off)


async def set_threshold(core: Core, message: Message) -> None:
    await _change(core, message, lambda now: replace(now, threshold=message.command.amount or None))


async def set_days(core: Core, message: Message) -> None:
    await _change(core, message, lambda now: replace(now, days=message.command.days))


async def _change(core: Core, message: Message, change: Change) -> None:
    await core.alert_settings.change_by_sms(
        message.payer, message.command.account, change, locale=message.locale, answering=message.id
    )

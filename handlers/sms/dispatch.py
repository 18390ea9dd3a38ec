"""Every stored SMS → its one outcome: a feature that answers, a refusal in words, or silence by rule."""

import re
from collections.abc import Awaitable, Callable

from core.errors import NoOpenQuote, Refusal, TooManyUnknownAccounts
from core.ids import Payer
from core.messages.incoming import Accepted, is_vouched
from core.messages.notices import NoCards
from core.states import IncomingOutcome
from core.use_cases.limits import REPLIES_A_DAY, REPLIES_AN_HOUR
from core.use_cases.mobile_operators import told_in
from core.use_cases.subscribers import Replies, Writing
from core.wiring import Core
from handlers.locale import Catalogues
from handlers.sms import advertising, alerts, autopay, balance, errors, history, language, stop, top_up
from handlers.sms.amounts import Problem
from handlers.sms.echoes import Echoes
from handlers.sms.help import not_understood, tell_commands
from handlers.sms.language_words import language_of
from handlers.sms.message import Message, answer, keep_silent
from handlers.sms.short_code import Command, CommandKind, Dialect, parse

PHONE_SHORTEST = 10  # digits; shorter senders are services
PHONE_LONGEST = 15  # E.164
# Six digits that stand alone, in the groups that people type them in.
CODE_SEEN = re.compile(r"(?<!\d)(?:\d{6}|\d{3}\D{1,3}\d{3}|\d\d\D{1,3}\d\d\D{1,3}\d\d)(?!\d)")

Feature = Callable[[Core, Message], Awaitable[None]]

FEATURES: dict[CommandKind, Feature] = {
    CommandKind.ADVERTISING_OFF: advertising.end,
    CommandKind.ADVERTISING_ON: advertising.give,
    CommandKind.ADVERTISING_STATE: advertising.tell_state,
    CommandKind.ALERTS_DAYS: alerts.set_days,
    CommandKind.ALERTS_OFF: alerts.turn_off,
    CommandKind.ALERTS_ON: alerts.turn_on,
    CommandKind.ALERTS_STATE: alerts.tell_state,
    CommandKind.ALERTS_THRESHOLD: alerts.set_threshold,
    CommandKind.AUTOPAY_AMOUNT: autopay.set_amount,
    CommandKind.AUTOPAY_STATE: autopay.tell_state,
    CommandKind.AUTOPAY_STOP: autopay.stop,
    CommandKind.BALANCE: balance.tell_balance,
    CommandKind.CANCEL: top_up.cancel,
    CommandKind.CODE: autopay.code_given,
    CommandKind.CONFIRM: top_up.confirm,
    CommandKind.HELP: tell_commands,
    CommandKind.HISTORY: history.tell_history,
    CommandKind.LANGUAGE: language.choose,
    CommandKind.START: stop.start,
    CommandKind.STOP: stop.stop,
    CommandKind.TOP_UP: top_up.quote,
    CommandKind.UNKNOWN: not_understood,
}


class Dispatch:
    def __init__(self, core: Core, catalogues: Catalogues) -> None:
        self._core = core
        self._dialect = Dialect.of(core.profile)
        said = [text for locale in core.profile.locales for text in catalogues.texts("sms", locale)]
        self._echoes = Echoes(said, self._dialect)

    async def handle(self, accepted: Accepted) -> None:
        """Give a message its outcome; run again after a crash, it gives the same one."""
        reason = self._why_silent(accepted)
        if reason is not None:
            await self._core.receiving.finish(accepted.id, silent=reason)
            return
        payload, payer = accepted.arrival.payload, Payer.sms(accepted.arrival.sender)
        command = parse(payload["text"], self._dialect)
        if command.problem is Problem.NOT_OURS and not payload.get("card_masked"):
            await self._core.receiving.finish(accepted.id, silent=IncomingOutcome.NOT_OURS)
        elif command.kind is CommandKind.UNKNOWN and self._echoes.mostly_ours(payload["text"]):
            await self._core.receiving.finish(accepted.id, silent=IncomingOutcome.OWN_TEXT)
        else:
            await self._conclude(accepted, payer, command)
        if await self._holds_code(payer, command, payload["text"]):
            await self._core.receiving.finish_and_forget(accepted.id)

    async def _conclude(self, accepted: Accepted, payer: Payer, command: Command) -> None:
        payload, writing = accepted.arrival.payload, await self._core.subscribers.writing(payer)
        locale = self._locale(writing, payload["text"])
        message = Message(
            accepted.id, payer, locale, command, told_in(payload),
            vouched=is_vouched(payload), readable=not payload.get("undecodable"),
        )  # fmt: skip
        capped = _why_capped(writing.vouched if message.vouched else writing.unvouched)
        if capped is not None:
            await self._close(message, capped)
        elif payload.get("card_masked"):
            await answer(self._core, message, NoCards())
        else:
            await self._run(message, writing)

    async def _close(self, message: Message, capped: IncomingOutcome) -> None:
        """Past the caps nothing is said; what ends our own writing holds, and a yes was one."""
        payer, locale, answering = message.payer, message.locale, message.id
        match message.command.kind:
            case CommandKind.STOP:
                await self._core.subscribers.stop(payer, answering=answering, silent=capped)
            case CommandKind.ADVERTISING_OFF:
                ending = self._core.advertising_by_sms
                await ending.end(payer, locale=locale, answering=answering, silent=capped)
            case CommandKind.CONFIRM if message.vouched:
                await self._core.top_ups.pass_over_yes(payer, answering=answering, silent=capped)
            case _:
                await keep_silent(self._core, message, capped)

    def _locale(self, writing: Writing, text: str) -> str:
        """The language that was chosen, else the one that the text is plainly in, else the operator's."""
        profile = self._core.profile
        seen = language_of(text)
        return writing.locale or (seen if seen in profile.locales else None) or profile.default_locale

    def _why_silent(self, accepted: Accepted) -> IncomingOutcome | None:
        sender, payload = accepted.arrival.sender, accepted.arrival.payload
        # Behind an aggregator the number that was written to may be a long one of ours.
        if sender in (self._core.profile.sms.short_code, str(payload.get("to", "")).removeprefix("+")):
            return IncomingOutcome.OWN_NUMBER
        is_phone = sender.isascii() and sender.isdecimal() and PHONE_SHORTEST <= len(sender) <= PHONE_LONGEST
        if not is_phone:
            return IncomingOutcome.NOT_A_PHONE
        if not payload["text"].strip() and not payload.get("undecodable"):
            return IncomingOutcome.NO_TEXT
        return IncomingOutcome.OWN_TEXT if self._echoes.heard_in(payload["text"]) else None

    async def _holds_code(self, payer: Payer, command: Command, text: str) -> bool:
        """Whether a one-time code may stand in the text, also in one that was not understood as such."""
        if command.kind is CommandKind.CODE:
            return True  # it may be a code of another channel
        may_hold = command.amount is None or command.kind is CommandKind.CONFIRM
        return may_hold and bool(CODE_SEEN.search(text)) and await self._core.autopay_by_sms.has_code(payer)

    async def _run(self, message: Message, writing: Writing) -> None:
        try:
            await FEATURES[message.command.kind](self._core, message)
        except TooManyUnknownAccounts:
            await keep_silent(self._core, message, IncomingOutcome.TOO_MANY_UNKNOWN_ACCOUNTS)
        except NoOpenQuote as refusal:
            # Others' prompts on the shared number are answered "да" too.
            talks_with_us = writing.vouched.day + writing.unvouched.day > 0
            if message.command.with_keyword or talks_with_us:
                await answer(self._core, message, errors.of_refusal(refusal, message.command))
            else:
                await keep_silent(self._core, message, IncomingOutcome.NOTHING_OPEN)
        except Refusal as refusal:
            await answer(self._core, message, errors.of_refusal(refusal, message.command))


def _why_capped(replies: Replies) -> IncomingOutcome | None:
    """By the replies to ways of the message's kind: by the other kind anybody may have asked for them."""
    if replies.hour >= REPLIES_AN_HOUR:
        return IncomingOutcome.LOOP_GUARD
    return IncomingOutcome.DAILY_CAP if replies.day >= REPLIES_A_DAY else None

"""What staff type for a broadcast: title, texts, a street, a list of accounts, a time, a correction."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from core.notice_states import Reach
from core.profile import Profile
from core.staff_errors import StartInPast
from core.use_cases.audiences import Audience
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.staff import Member
from handlers.locale import read_date, read_money
from handlers.telegram import buttons_desk as to
from handlers.telegram import texts_desk, texts_desk_people
from handlers.telegram.broadcasts import in_sms_too
from handlers.telegram.broadcasts_files import numbers_in
from handlers.telegram.buttons_desk import Written
from handlers.telegram.desk import Desk, StaffOnly
from handlers.telegram.formatting import html_of, plain_of
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen
from handlers.telegram.states import Broadcasting

YES = ("да", "yes")
TIME = re.compile(r"(?:(?P<day>\S+)\s+)?(?P<hour>[01]?[0-9]|2[0-3])[:.](?P<minute>[0-5][0-9])")
YEARS_AHEAD = 10
DAYS = re.compile(r"[0-9]{1,3}")
BETWEEN = re.compile(r"[\s,;]+")

router = Router(name="broadcasts_typed")


@router.callback_query(to.NewBroadcast.filter(), StaffOnly())
async def ask_title(query: CallbackQuery, words: Html, member: Member, state: FSMContext) -> Screen:
    await state.set_state(Broadcasting.title)
    return texts_desk.ask_title(words)


@router.message(StateFilter(Broadcasting.title), StaffOnly())
async def title_typed(
    message: Message, words: Html, member: Member, state: FSMContext, profile: Profile
) -> Screen:
    title = " ".join((message.text or "").split())
    if not title:
        return texts_desk.ask_title(words)
    await state.set_state(Broadcasting.text)
    await state.set_data({"title": title})
    return texts_desk.ask_text(words, profile.default_locale, title)


@router.message(StateFilter(Broadcasting.text), StaffOnly())
async def first_text_typed(
    message: Message, words: Html, member: Member, state: FSMContext, profile: Profile, desk: Desk
) -> Screen:
    """The draft, to everybody in Telegram until it is changed; a message handled twice makes one."""
    texts = {profile.default_locale: {"telegram": html_of(message)}}
    draft = Draft(title=(await state.get_data())["title"], texts=texts)
    key = f"telegram:{message.chat.id}:{message.message_id}"
    made = await desk.drafts.new(draft, by=member.name, key=key)
    await state.clear()
    return await desk.shown(words, member, made)


@router.callback_query(to.Write.filter(), StaffOnly())
async def ask(
    query: CallbackQuery, callback_data: to.Write, words: Html, member: Member, state: FSMContext, desk: Desk
) -> Screen:
    one = await desk.broadcasts.get(callback_data.broadcast, by=member.name)
    await state.set_state(Broadcasting.change)
    await state.set_data({"asked": callback_data.pack()})
    return _question(words, one, callback_data)


@router.message(StateFilter(Broadcasting.change), StaffOnly())
async def typed(
    message: Message, words: Html, member: Member, state: FSMContext, profile: Profile, desk: Desk, bot: Bot
) -> Screen | list[Screen]:
    """What is refused is told, and the question stays open."""
    asked = to.Write.unpack((await state.get_data())["asked"])
    match asked.what:
        case Written.AT:
            at = _moment(message.text or "", profile, desk)
            if at is None:
                return _question(words, await desk.broadcasts.get(asked.broadcast, by=member.name), asked)
            await state.clear()
            return await desk.ready(words, member, asked.broadcast, at)
        case Written.EDIT:
            html, progress = html_of(message), await desk.reports.progress(asked.broadcast, by=member.name)
            await state.set_state(Broadcasting.edit)
            await state.set_data({"asked": asked.pack(), "html": html})
            return texts_desk.ask_edit_again(words, html, progress.sent)
        case Written.WHO:
            number = (message.text or "").strip()
            lines = await desk.reports.of_account(asked.broadcast, number, by=member.name)
            return texts_desk_people.found(words, asked.broadcast, number, lines)
    change = await _listed(message, bot) if asked.what == Written.ACCOUNTS else _change(asked, message)
    if change is None:
        return _question(words, await desk.broadcasts.get(asked.broadcast, by=member.name), asked)
    changed = await desk.changed(member, asked.broadcast, asked.version, change)
    await state.clear()
    if asked.what in (Written.TITLE, Written.TELEGRAM, Written.SMS):
        return await desk.shown(words, member, changed)
    return desk.audience(words, changed)


@router.message(StateFilter(Broadcasting.edit), StaffOnly())
async def edit_confirmed(
    message: Message, words: Html, member: Member, state: FSMContext, desk: Desk
) -> Screen | list[Screen]:
    data = await state.get_data()
    asked = to.Write.unpack(data["asked"])
    await state.clear()
    if (message.text or "").strip().casefold() not in YES:
        return [texts_desk.edit_left(words), await desk.card(words, member, asked.broadcast)]
    one = await desk.broadcasts.get(asked.broadcast, by=member.name)
    texts = {**one.texts, asked.code: {**one.texts.get(asked.code, {}), "telegram": data["html"]}}
    await desk.orders.edit(asked.broadcast, texts, by=member.name)
    return await desk.card(words, member, asked.broadcast)


def _question(words: Html, one: Broadcast, asked: to.Write) -> Screen:
    match asked.what:
        case Written.TELEGRAM:
            return texts_desk.ask_second_text(words, one, asked.code)
        case Written.SMS:
            return texts_desk.ask_sms(words, one, asked.code)
        case Written.EDIT:
            return texts_desk.ask_edit(words, one, asked.code)
    question = {
        Written.TITLE: words("What is it called? Only staff see the title."),
        Written.STREETS: words("Which streets? Several are separated by commas; a dash: any street."),
        Written.HOUSES: words("Which houses? Several are separated by commas; a dash: any house."),
        Written.BALANCE: words("Type a balance in roubles: who has it or less gets the message."),
        Written.DAYS: words("Type a number of days: whose money lasts so long or less gets the message."),
        Written.ACCOUNTS: words(
            "Send account numbers, separated by commas, or a table (CSV) whose first column they are."
        ),
        Written.WHO: words("Type an account number: what became of the messages to its people?"),
        Written.AT: words("When? Type a day and a time, for example 31.12.2026 18:30, or a time of today."),
    }[asked.what]
    return texts_desk.ask_written(words, one, question)


def _change(asked: to.Write, message: Message) -> Callable[[Draft], Draft] | None:
    """What was typed, as a change of the draft; none where it cannot be read."""
    text = (message.text or "").strip()
    match asked.what:
        case Written.TITLE:
            return lambda draft: replace(draft, title=" ".join(text.split()))
        case Written.TELEGRAM:
            html = html_of(message)
            return lambda draft: _rewritten(draft, asked.code, html)
        case Written.SMS:
            return lambda draft: _with_part(draft, asked.code, sms=text)
        case Written.STREETS:
            return _narrowed(streets=_several(text))
        case Written.HOUSES:
            return _narrowed(houses=_several(text))
        case Written.BALANCE:
            return _narrowed(balance_to=read_money(text))
        case Written.DAYS if DAYS.fullmatch(text):
            return _narrowed(days_to=int(text))
    return None


async def _listed(message: Message, bot: Bot) -> Callable[[Draft], Draft]:
    """The accounts named, in the message or in a document. Raises ListUnreadable, ListRefused."""
    if message.document is not None:
        numbers = await numbers_in(message.document, bot)
    else:
        numbers = [number for number in BETWEEN.split((message.text or "").strip()) if number]
    return lambda draft: replace(draft, accounts=numbers, audience=replace(draft.audience, listed=True))


def _narrowed(**conditions: Any) -> Callable[[Draft], Draft]:
    def change(draft: Draft) -> Draft:
        audience: Audience = replace(draft.audience, **conditions)
        return replace(draft, audience=audience)

    return change


def _rewritten(draft: Draft, code: str, html: str) -> Draft:
    """The SMS follows where it said the same without formatting, or nothing yet."""
    before = draft.texts.get(code, {})
    follows = before.get("sms") in (None, plain_of(before.get("telegram", "")))
    parts = {"telegram": html}
    if draft.reach != Reach.TELEGRAM and follows:
        parts["sms"] = plain_of(html)
    return in_sms_too(_with_part(draft, code, **parts))


def _with_part(draft: Draft, code: str, **parts: str) -> Draft:
    texts = {**draft.texts, code: {**draft.texts.get(code, {}), **parts}}
    return replace(draft, texts=texts)


def _several(text: str) -> tuple[str, ...]:
    if text in ("-", "—", "–"):
        return ()
    return tuple(" ".join(each.split()) for each in text.split(",") if each.strip())


def _moment(text: str, profile: Profile, desk: Desk) -> datetime | None:
    """In the operator's zone; a time alone is of today. Raises StartInPast."""
    found = TIME.fullmatch(text.strip())
    if found is None:
        return None
    now = desk.clock.now().astimezone(profile.zone)
    day = now.date() if found["day"] is None else read_date(found["day"])
    if day is None or day.year > now.year + YEARS_AHEAD:
        return None
    hour, minute = int(found["hour"]), int(found["minute"])
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=profile.zone)
    if at < now:
        raise StartInPast
    return at

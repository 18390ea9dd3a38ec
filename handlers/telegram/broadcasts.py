"""/broadcast: staff's broadcasts by buttons, from the list to the end of one; the core asks for the role."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.errors import StaleScreen
from core.messages.broadcast_text import channels_of
from core.notice_states import BroadcastKind, Reach
from core.staff_errors import NothingToDo
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.broadcast_orders import BY_STAFF
from core.use_cases.bulk_recipients import BLOCKED
from core.use_cases.staff import Member
from handlers.telegram import buttons_desk as to
from handlers.telegram import texts_desk
from handlers.telegram.buttons_desk import Action, Option
from handlers.telegram.commands import Says
from handlers.telegram.desk import Desk, StaffOnly
from handlers.telegram.formatting import plain_of
from handlers.telegram.html import Html
from handlers.telegram.keyboards_desk import LIVES_HOURS
from handlers.telegram.screen import Screen

ASKED_FIRST = (Action.CANCEL, Action.RECALL, Action.UNCERTAIN)

router = Router(name="broadcasts")


@router.message(Says("broadcast"), StaffOnly())
async def all_asked(message: Message, words: Html, member: Member, desk: Desk) -> Screen:
    return await desk.all(words, member)


@router.callback_query(to.ToDesk.filter(), StaffOnly())
async def all_pressed(query: CallbackQuery, words: Html, member: Member, desk: Desk) -> Screen:
    return await desk.all(words, member)


@router.callback_query(to.ToBroadcast.filter(), StaffOnly())
async def one_pressed(
    query: CallbackQuery, callback_data: to.ToBroadcast, words: Html, member: Member, desk: Desk
) -> Screen:
    return await desk.followed(words, member, callback_data.broadcast, query)


@router.callback_query(to.Choose.filter(), StaffOnly())
async def chosen(
    query: CallbackQuery, callback_data: to.Choose, words: Html, member: Member, desk: Desk
) -> Screen:
    pressed = callback_data

    def change(draft: Draft) -> Draft:
        return _with(draft, pressed.what, pressed.to)

    return await desk.shown(
        words, member, await desk.changed(member, pressed.broadcast, pressed.version, change)
    )


@router.callback_query(to.ToStart.filter(), StaffOnly())
async def count_and_send(
    query: CallbackQuery, callback_data: to.ToStart, words: Html, member: Member, desk: Desk
) -> Screen:
    return await desk.ready(words, member, callback_data.broadcast)


@router.callback_query(to.Begin.filter(), StaffOnly())
async def begin(
    query: CallbackQuery, callback_data: to.Begin, words: Html, member: Member, desk: Desk
) -> Screen:
    """A second press finds it begun, and shows how far it is."""
    number, version = callback_data.broadcast, callback_data.version
    at = datetime.fromtimestamp(callback_data.minute * 60, UTC) if callback_data.minute else None
    began = desk.broadcasts.start(number, by=member.name, at=at, version=version)
    return await desk.after(began, words, member, number, query)


@router.callback_query(to.Ask.filter(), StaffOnly())
async def asked_back(
    query: CallbackQuery, callback_data: to.Ask, words: Html, member: Member, desk: Desk
) -> Screen:
    if callback_data.what not in ASKED_FIRST:
        raise StaleScreen
    one = await desk.broadcasts.get(callback_data.broadcast, by=member.name)
    return texts_desk.asked(words, one, callback_data.what)


@router.callback_query(to.Act.filter(), StaffOnly())
async def act(query: CallbackQuery, callback_data: to.Act, words: Html, member: Member, desk: Desk) -> Screen:
    pressed, number = callback_data, callback_data.broadcast
    if pressed.what == Action.COUNT:
        one = await desk.broadcasts.get(number, by=member.name)
        return desk.audience(words, one, await desk.drafts.count(number, by=member.name))
    if pressed.what == Action.PREVIEW:
        one = await desk.broadcasts.get(number, by=member.name)
        for locale, channel in product(one.texts, channels_of(one.reach)):
            await desk.drafts.preview(number, by=member.name, of=channel, locale=locale)
        return Screen(toast=words("It comes to this chat as a recipient would get it."))
    return await desk.after(_done(desk, pressed, member.name), words, member, number, query)


@router.callback_query(to.Retry.filter(), StaffOnly())
async def again(
    query: CallbackQuery, callback_data: to.Retry, words: Html, member: Member, desk: Desk
) -> Screen:
    number = callback_data.broadcast
    progress = await desk.reports.progress(number, by=member.name)
    reasons = [why for why in (BLOCKED, *progress.failed) if to.mark_of(why) == callback_data.mark]
    if not reasons:
        raise NothingToDo
    tried = desk.orders.retry(number, reasons, by=member.name)
    return await desk.after(tried, words, member, number, query)


async def _done(desk: Desk, pressed: to.Act, by: str) -> None:
    number = pressed.broadcast
    match pressed.what:
        case Action.APPROVE:
            await desk.broadcasts.approve(number, pressed.version, by=by)
        case Action.PAUSE:
            await desk.broadcasts.pause(number, by=by)
        case Action.RESUME:
            await desk.broadcasts.resume(number, by=by)
        case Action.CANCEL:
            await desk.broadcasts.cancel(number, by=by)
        case Action.RECALL:
            await desk.orders.recall(number, by=by)
        case Action.FAILED:
            await desk.orders.retry(number, by=by)
        case Action.LEFT:
            await desk.orders.retry(number, [BY_STAFF], by=by)
        case Action.UNCERTAIN:
            await desk.orders.retry(number, by=by, uncertain=True)


def _with(draft: Draft, what: Option, value: str) -> Draft:
    """Raises StaleScreen for what no button of ours says."""
    match what:
        case Option.KIND if value in list(BroadcastKind):
            return replace(draft, kind=BroadcastKind(value))
        case Option.REACH if value in list(Reach):
            return in_sms_too(replace(draft, reach=Reach(value)))
        case Option.URGENT if value in ("0", "1"):
            return replace(draft, urgent=value == "1")
        case Option.LIVES if value in [str(hours) for hours in LIVES_HOURS]:
            return replace(draft, lives=timedelta(hours=int(value)))
        case Option.PLAIN if value in draft.texts:
            texts = dict(draft.texts)
            texts[value] = {**texts[value], "sms": plain_of(texts[value]["telegram"])}
            return replace(draft, texts=texts)
        case Option.WITHOUT if value in draft.texts and len(draft.texts) > 1:
            return replace(draft, texts={of: parts for of, parts in draft.texts.items() if of != value})
    raise StaleScreen


def in_sms_too(draft: Draft) -> Draft:
    """Where SMS are sent, a language without one says what Telegram does, without formatting."""
    if draft.reach == Reach.TELEGRAM:
        return draft
    texts = {of: {"sms": plain_of(parts.get("telegram", "")), **parts} for of, parts in draft.texts.items()}
    return replace(draft, texts=texts)

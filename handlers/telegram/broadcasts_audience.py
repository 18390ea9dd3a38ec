"""Whom a broadcast is for, by buttons: every press is a new version of the draft."""

from dataclasses import replace

from aiogram import Router
from aiogram.types import CallbackQuery

from core.use_cases.audiences import Audience
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.staff import Member
from handlers.telegram import buttons_desk as to
from handlers.telegram.buttons_desk import Condition
from handlers.telegram.desk import Desk, StaffOnly
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

router = Router(name="broadcasts_audience")


@router.callback_query(to.ToAudience.filter(), StaffOnly())
async def audience(
    query: CallbackQuery, callback_data: to.ToAudience, words: Html, member: Member, desk: Desk
) -> Screen:
    one = await desk.broadcasts.get(callback_data.broadcast, by=member.name)
    if callback_data.of in (None, Condition.ALL):
        return desk.audience(words, one)
    return await desk.picker(words, member, one, callback_data.of)


@router.callback_query(to.Narrow.filter(), StaffOnly())
async def narrow(
    query: CallbackQuery, callback_data: to.Narrow, words: Html, member: Member, desk: Desk
) -> Screen:
    pressed = callback_data
    if pressed.of == Condition.ALL:

        def everybody(draft: Draft) -> Draft:
            return replace(draft, audience=Audience())

        changed = await desk.changed(member, pressed.broadcast, pressed.version, everybody)
        return desk.audience(words, changed)
    changed = await desk.narrowed(
        member, pressed.broadcast, pressed.version, pressed.of, pressed.mark, on=pressed.on
    )
    return await desk.picker(words, member, changed, pressed.of)

"""Tables in staff's chat: a broadcast's report asked for, and a list of accounts taken from a document."""

import asyncio
from dataclasses import replace
from io import BytesIO
from typing import Any

import structlog
from aiogram import Bot, Router
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Document

from core.staff_errors import ListUnreadable
from core.use_cases.audience_lists import numbers_of
from core.use_cases.staff import Member
from handlers.telegram import buttons_desk as to
from handlers.telegram.desk import Desk, StaffOnly
from handlers.telegram.html import Html
from handlers.telegram.report_files import Asked, ReportFiles
from handlers.telegram.screen import Screen

LIST_BYTES = 20 << 20  # Bot API, getFile: no bot can fetch more, but from a server of its own
FETCH_SECONDS = 60

router = Router(name="broadcasts_files")
log = structlog.get_logger()


@router.callback_query(to.ToReport.filter(), StaffOnly())
async def report_pressed(
    query: CallbackQuery,
    callback_data: to.ToReport,
    words: Html,
    member: Member,
    desk: Desk,
    report_files: ReportFiles,
) -> Screen:
    number = callback_data.broadcast
    card = await desk.followed(words, member, number, query)
    if not report_files.ask(Asked(number, member.name, query.from_user.id, words)):
        toast = words("Too many reports are being written. Please press a little later.")
        return replace(card, toast=toast, alert=True)
    return replace(card, toast=words("The report comes to this chat as a file."))


async def numbers_in(document: Document, bot: Bot) -> list[str]:
    """The account numbers of a document that staff sent. Raises ListUnreadable, ListRefused."""
    content = _Bounded()
    try:
        await bot.download(document, content, timeout=FETCH_SECONDS)
    except TelegramAPIError as error:
        log.warning("document not fetched", error=type(error).__name__)
        raise ListUnreadable("too_large" if "too big" in error.message else "not_fetched") from None
    # Twenty megabytes are read for a second: meanwhile others are answered.
    return await asyncio.to_thread(numbers_of, content.getvalue())


class _Bounded(BytesIO):
    def write(self, chunk: Any) -> int:
        if self.tell() + len(chunk) > LIST_BYTES:
            raise ListUnreadable("too_large")
        return super().write(chunk)

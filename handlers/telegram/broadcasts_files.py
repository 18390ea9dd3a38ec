"""Tables in staff's chat: a broadcast's report as a document, and a list of accounts taken from one."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from aiogram import Bot, Router
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import SendDocument
from aiogram.types import CallbackQuery, Document, FSInputFile

from core.staff_errors import ListUnreadable
from core.use_cases.audience_lists import numbers_of
from core.use_cases.staff import Member
from handlers.broadcast_table import ReportParts
from handlers.telegram import buttons_desk as to
from handlers.telegram.desk import Desk, StaffOnly
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

LIST_BYTES = 20 << 20  # Bot API, getFile: no bot can fetch more
PART_BYTES = 40 << 20  # Bot API, sendDocument: 50 MB; a longer report comes as several documents
UPLOAD_SECONDS = 300

router = Router(name="broadcasts_files")
log = structlog.get_logger()


@router.callback_query(to.ToReport.filter(), StaffOnly())
async def report_pressed(
    query: CallbackQuery, callback_data: to.ToReport, words: Html, member: Member, desk: Desk, bot: Bot
) -> Screen:
    """A second press sends it a second time: the audit trail keeps both."""
    number = callback_data.broadcast
    caption = words("Report on broadcast {number}: a line for each recipient.", number=number)
    with TemporaryDirectory(prefix="aliance-report-") as folder:
        parts = ReportParts(Path(folder), f"broadcast-{number}", PART_BYTES)
        async for page in desk.reports.lines(number, by=member.name):
            parts.write(page)
        for part in parts.finish():
            document = SendDocument(chat_id=query.from_user.id, document=FSInputFile(part), caption=caption)
            await bot(document, request_timeout=UPLOAD_SECONDS)
    return await desk.followed(words, member, number, query)


async def numbers_in(document: Document, bot: Bot) -> list[str]:
    """The account numbers of a document that staff sent. Raises ListUnreadable, ListRefused."""
    if (document.file_size or 0) > LIST_BYTES:
        raise ListUnreadable("too_large")
    content = BytesIO()
    try:
        await bot.download(document, content)
    except TelegramAPIError as error:
        log.warning("document not fetched", error=type(error).__name__)
        raise ListUnreadable("not_fetched") from None
    return numbers_of(content.getvalue())

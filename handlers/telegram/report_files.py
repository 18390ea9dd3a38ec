"""Reports of broadcasts on their way to staff's chats as CSV files: written and sent one after another."""

import asyncio
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import SendDocument
from aiogram.types import FSInputFile

from core.errors import StaffRefusal
from core.use_cases.broadcast_reports import BroadcastReports
from handlers.broadcast_table import ReportParts
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, send

PART_BYTES = 40 << 20  # Bot API, sendDocument: 50 MB; a longer report comes as several documents
UPLOAD_SECONDS = 300
WAITING_MOST = 20  # reports; each is read by one member of staff in one chat

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    number: int
    by: str
    chat: int
    words: Html


class ReportFiles:
    """In memory: a million lines take minutes, and nobody's next press waits for them. After a restart
    who was to get one presses again. The role is asked when it is written."""

    def __init__(self, reports: BroadcastReports) -> None:
        self._reports = reports
        self._waiting: dict[tuple[int, int], Asked] = {}
        self._asked = asyncio.Event()

    def ask(self, asked: Asked) -> bool:
        """The same twice, while it waits, is one. False: too many wait."""
        key = (asked.chat, asked.number)
        if key not in self._waiting and len(self._waiting) >= WAITING_MOST:
            return False
        self._waiting[key] = asked
        self._asked.set()
        return True

    async def run(self, bot: Bot) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            while self._waiting:
                key, asked = next(iter(self._waiting.items()))
                await self._send(bot, asked)
                self._waiting.pop(key)

    async def _send(self, bot: Bot, asked: Asked) -> None:
        try:
            await self._write_and_send(bot, asked)
        except StaffRefusal as refusal:
            log.info("report refused", broadcast=asked.number, by=asked.by, error=type(refusal).__name__)
        except TelegramAPIError as error:
            log.warning("report lost", broadcast=asked.number, error=type(error).__name__)
            await _tell_of_the_loss(bot, asked)
        except Exception:  # whatever is wrong with one report, the others go on
            log.exception("report not sent", broadcast=asked.number)
            await _tell_of_the_loss(bot, asked)

    async def _write_and_send(self, bot: Bot, asked: Asked) -> None:
        caption = asked.words("Report on broadcast {number}: a line for each recipient.", number=asked.number)
        with TemporaryDirectory(prefix="aliance-report-") as folder:
            with closing(ReportParts(Path(folder), f"broadcast-{asked.number}", PART_BYTES)) as parts:
                async for page in self._reports.lines(asked.number, by=asked.by):
                    parts.write(page)
            for part in parts.finish():
                document = SendDocument(chat_id=asked.chat, document=FSInputFile(part), caption=caption)
                await bot(document, request_timeout=UPLOAD_SECONDS)


async def _tell_of_the_loss(bot: Bot, asked: Asked) -> None:
    text = asked.words(
        "The report on broadcast {number} may not have come. Please press again.", number=asked.number
    )
    try:
        await send(Screen(text), bot, asked.chat)
    except TelegramAPIError as error:
        log.warning("loss of a report not told", error=type(error).__name__)

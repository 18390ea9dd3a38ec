"""Reports on their way to staff's chats: one after another, once each, none holding up the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

from aiogram import Bot
from aiogram.methods import SendDocument, SendMessage
from aiogram.types import InputFile

from core.profile import Profile
from core.staff_errors import NotStaff
from core.use_cases.broadcast_lines import ReportLine
from core.use_cases.broadcast_reports import BroadcastReports
from handlers.locale import Catalogues
from handlers.telegram.html import Html
from handlers.telegram.report_files import WAITING_MOST, Asked, ReportFiles
from tests.deadlines import until

GONE, BROKEN = "Gone", "Broken"


class Reports:
    """Empty reports; one that asks is no staff any more, at another's the database breaks."""

    async def lines(self, number: int, *, by: str) -> AsyncIterator[Sequence[ReportLine]]:
        if by == GONE:
            raise NotStaff(by)
        if by == BROKEN:
            raise OSError("no space")
        yield []


class Chat:
    """The bot, as far as a report needs it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def __call__(self, method: Any, request_timeout: int | None = None) -> Any:
        if isinstance(method, SendDocument):
            assert isinstance(method.document, InputFile)
            self.said.append(f"{method.chat_id}: {method.document.filename}")
        elif isinstance(method, SendMessage):
            self.said.append(f"{method.chat_id}: {method.text}")
        return SimpleNamespace(message_id=1)


async def test_each_report_comes_once_whatever_becomes_of_the_others(profile: Profile) -> None:
    words = Html(Catalogues(profile.zone).words("telegram", "en"))
    files, chat = ReportFiles(cast(BroadcastReports, Reports())), Chat()
    for number, by in ((1, "Anna"), (1, "Anna"), (2, GONE), (3, BROKEN), (4, "Anna")):
        assert files.ask(Asked(number, by, 500, words))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(files.run(cast(Bot, chat)))
        await until(lambda: "500: broadcast-4.csv" in chat.said, what="the last report")
        assert files.ask(Asked(5, "Anna", 501, words))
        await until(lambda: "501: broadcast-5.csv" in chat.said, what="one that was asked for later")
        running.cancel()
    assert chat.said == [
        "500: broadcast-1.csv", "500: The report on broadcast 3 may not have come. Please press again.",
        "500: broadcast-4.csv", "501: broadcast-5.csv",
    ]  # fmt: skip


async def test_so_many_wait_and_no_more(profile: Profile) -> None:
    words = Html(Catalogues(profile.zone).words("telegram", "en"))
    files = ReportFiles(cast(BroadcastReports, Reports()))
    for number in range(WAITING_MOST):
        assert files.ask(Asked(number, "Anna", 500, words))
    assert not files.ask(Asked(WAITING_MOST, "Anna", 500, words))
    assert files.ask(Asked(0, "Anna", 500, words))

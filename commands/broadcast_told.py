"""`aliance broadcast list`, `show`, `watch` and `report`: what staff look at."""

import json
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from typing import Any, TextIO

from commands.broadcast_words import TROUBLE, answer, bar, headline, later, outcomes, reached
from core.notice_states import BroadcastState
from core.settings import Settings
from core.use_cases.broadcast_lines import ReportLine
from core.use_cases.broadcast_reports import OrderLine, Progress
from core.use_cases.broadcast_rows import ENDED, UNBEGUN, Broadcast
from core.wiring import Core
from handlers.broadcast_table import ReportTable


async def list_newest(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        for each in await core.broadcasts.newest(by=given.by):
            print(
                json.dumps(_facts(each), ensure_ascii=False)
                if given.json
                else headline(each, core.profile.zone)
            )
        return 0

    return await answer(settings, tell)


async def show(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        now = await core.broadcast_reports.progress(given.number, by=given.by)
        if given.json:
            counts = dict(outcomes(now))
            facts = _facts(now.broadcast) | {"texts": now.broadcast.texts, "counts": counts}
            print(json.dumps(facts, ensure_ascii=False))
            return 0
        for line in _shown(now, core):
            print(line)
        if now.broadcast.state in UNBEGUN:
            print(reached(await core.broadcast_drafts.count(given.number, by=given.by)))
        return 0

    return await answer(settings, tell)


async def watch(settings: Settings, given: Namespace) -> int:
    async def follow(core: Core) -> int:
        async def wait() -> None:
            await core.wakeups.wait("broadcast.watch", given.every)

        async def look() -> Progress:
            return await core.broadcast_reports.progress(given.number, by=given.by)

        return await watching(look, wait, sys.stdout, alive=sys.stdout.isatty())

    return await answer(settings, follow)


async def watching(look: Callable[[], Any], wait: Callable[[], Any], out: TextIO, *, alive: bool) -> int:
    """Tell of the progress until the end: one line written over, or a line whenever something changed.

    1 where it was cancelled or waits for staff.
    """
    before = ""
    while True:
        now: Progress = await look()
        line = bar(now)
        if line != before:
            out.write(f"\r{line}\033[K" if alive else f"{line}\n")
            out.flush()
        before, state = line, now.broadcast.state
        ordered = any(order.begun and not order.finished for order in now.orders)
        waits = state in (BroadcastState.DRAFT, BroadcastState.WAITING) or now.broadcast.asked_for is not None
        if (state in ENDED and not ordered) or waits:
            break
        await wait()
    if alive:
        out.write("\n")
    for told in later(now):
        out.write(f"{told}\n")
    return 0 if now.broadcast.state is BroadcastState.DONE else TROUBLE


async def report(settings: Settings, given: Namespace) -> int:
    async def write(core: Core) -> int:
        # Looked up before anything is written: a refusal leaves no file, and no heading.
        pages = await _pages(core, given)
        if given.out is None:
            await _written(pages, sys.stdout)
            return 0
        with ExitStack() as stack:
            file = stack.enter_context(given.out.open("w", encoding="utf-8", newline=""))
            print(f"{await _written(pages, file)} recipients in {given.out}")
        return 0

    return await answer(settings, write)


async def _pages(core: Core, given: Namespace) -> AsyncIterator[Sequence[ReportLine]]:
    if given.account is None:
        await core.broadcasts.get(given.number, by=given.by)
        return core.broadcast_reports.lines(given.number, by=given.by)
    return _one(await core.broadcast_reports.of_account(given.number, given.account, by=given.by))


async def _one(page: Sequence[ReportLine]) -> AsyncIterator[Sequence[ReportLine]]:
    yield page


async def _written(pages: AsyncIterator[Sequence[ReportLine]], out: TextIO) -> int:
    table, count = ReportTable(out), 0
    async for page in pages:
        table.write(page)
        count += len(page)
    return count


def _shown(now: Progress, core: Core) -> list[str]:
    of = now.broadcast
    people = f"drafted by {of.created_by}, this version by {of.written_by}"
    people += f", approved by {of.approved_by} for {of.approved_for} recipients" if of.approved_by else ""
    people += (
        f"; a second person is asked about {of.asked_for} recipients" if of.asked_for is not None else ""
    )
    lines = [
        headline(of, core.profile.zone),
        people,
        f"to {json.dumps(of.audience.stored(), ensure_ascii=False)}",
    ]
    for locale, parts in of.texts.items():
        lines += [f"--- {locale} by {channel}\n{text}" for channel, text in parts.items()]
    for order in now.orders:
        if not order.begun and not order.finished:
            lines += _waiting(order)
    return [*lines, "---", *([] if of.state in UNBEGUN else [bar(now)]), *later(now)]


def _waiting(edit: OrderLine) -> list[str]:
    return [
        f"--- version {edit.version}, waits for approval: {locale} by {channel}\n{text}"
        for locale, parts in (edit.texts or {}).items()
        for channel, text in parts.items()
    ]


def _facts(of: Broadcast) -> dict[str, Any]:
    return {
        "number": of.number,
        "title": of.title,
        "state": of.state,
        "kind": of.kind,
        "reach": of.reach,
        "version": of.version,
        "audience": of.audience.stored(),
        "created_by": of.created_by,
        "written_by": of.written_by,
        "approved_by": of.approved_by,
        "approved_for": of.approved_for,
        "asked_for": of.asked_for,
        "start_at": None if of.start_at is None else of.start_at.isoformat(),
        "total": of.total,
    }

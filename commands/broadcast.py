"""`aliance broadcast`: approve, start, pause, resume, cancel, retry, recall; a line and an exit code each."""

from argparse import Namespace
from collections.abc import Awaitable, Callable

from commands.broadcast_words import answer, headline
from core.notice_states import BroadcastState
from core.settings import Settings
from core.use_cases.broadcast_rows import Broadcast
from core.wiring import Core


async def approve(settings: Settings, given: Namespace) -> int:
    return await _moved(
        settings, lambda core: core.broadcasts.approve(given.number, given.version, by=given.by)
    )


async def start(settings: Settings, given: Namespace) -> int:
    async def begin(core: Core) -> Broadcast:
        at = None if given.at is None else given.at.replace(tzinfo=core.profile.zone)
        return await core.broadcasts.start(given.number, by=given.by, at=at)

    return await _moved(settings, begin)


async def pause(settings: Settings, given: Namespace) -> int:
    return await _moved(settings, lambda core: core.broadcasts.pause(given.number, by=given.by))


async def resume(settings: Settings, given: Namespace) -> int:
    return await _moved(settings, lambda core: core.broadcasts.resume(given.number, by=given.by))


async def cancel(settings: Settings, given: Namespace) -> int:
    return await _moved(
        settings, lambda core: core.broadcasts.cancel(given.number, by=given.by, why=given.why)
    )


async def retry(settings: Settings, given: Namespace) -> int:
    return await _moved(
        settings,
        lambda core: core.broadcast_orders.retry(
            given.number, given.reason, by=given.by, why=given.why, uncertain=given.uncertain
        ),
    )


async def recall(settings: Settings, given: Namespace) -> int:
    return await _moved(
        settings, lambda core: core.broadcast_orders.recall(given.number, by=given.by, why=given.why)
    )


async def _moved(settings: Settings, move: Callable[[Core], Awaitable[Broadcast]]) -> int:
    async def told(core: Core) -> int:
        moved = await move(core)
        print(headline(moved, core.profile.zone))
        if moved.state is BroadcastState.WAITING:
            print(f"It waits for a second person: `aliance broadcast approve --version {moved.version}`.")
        elif moved.state in (BroadcastState.SCHEDULED, BroadcastState.RUNNING):
            print("The jobs of `aliance run` do the rest; `aliance broadcast watch` follows them.")
        return 0

    return await answer(settings, told)

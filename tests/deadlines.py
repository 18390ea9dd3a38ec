"""Waiting in tests: for the event itself, never for a stretch of time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")
PATIENCE_SECONDS = 15.0  # a loaded machine of two cores; a pass is as quick as the event
PAUSE_SECONDS = 0.01


@overload
async def until(condition: Callable[[], Awaitable[T]], *, within: float = ..., what: str = ...) -> T: ...
@overload
async def until(condition: Callable[[], T], *, within: float = ..., what: str = ...) -> T: ...
async def until(
    condition: Callable[[], T | Awaitable[T]], *, within: float = PATIENCE_SECONDS, what: str = ""
) -> T:
    """Ask again and again until the answer is true, and return it.

    `condition` may be a plain or an async function. AssertionError with `what` and the last answer after
    `within` seconds.
    """
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        seen: T = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(_late(condition, what, within, seen))
        await asyncio.sleep(PAUSE_SECONDS)


def until_now(condition: Callable[[], T], *, within: float = PATIENCE_SECONDS, what: str = "") -> T:
    """The same for tests and fixtures without an event loop."""
    deadline = time.monotonic() + within
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(_late(condition, what, within, seen))
        time.sleep(PAUSE_SECONDS)


def _late(condition: object, what: str, within: float, seen: object) -> str:
    awaited = what or getattr(condition, "__name__", repr(condition))
    return f"not within {within:g} s: {awaited} (last seen: {seen!r})"

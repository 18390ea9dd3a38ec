"""Live progress: a message follows its broadcast to the end, and no longer than it shows it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramRetryAfter,
)
from aiogram.methods import EditMessageText

from core.notice_states import BroadcastState, Role
from core.staff_errors import NotAllowed
from handlers.telegram.screen import Screen
from handlers.telegram.watches import LONGEST_SECONDS, WATCHED_MOST, Watches

S = BroadcastState
KEY = (7001, 5)
METHOD = EditMessageText(chat_id=7001, message_id=5, text="")


@dataclass
class FakeBot:
    """Keeps what it was asked to show; refuses with what it is given."""

    refuses: list[TelegramAPIError] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    async def __call__(self, method: EditMessageText) -> None:
        if self.refuses:
            raise self.refuses.pop(0)
        self.shown.append(str(method.text))


@dataclass
class Course:
    """A broadcast as each look finds it, the last one ever after."""

    states: list[tuple[str, BroadcastState]]
    looks: int = 0
    meanwhile: Callable[[], Any] = lambda: None

    async def look(self) -> tuple[Screen, BroadcastState]:
        text, state = self.states[min(self.looks, len(self.states) - 1)]
        self.looks += 1
        self.meanwhile()
        return Screen(text), state


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def seen(of: Watches, bot: FakeBot, *, times: int) -> list[str]:
    for _ in range(times):
        await of.look_once(bot)  # type: ignore[arg-type]  # all that it asks of a bot is to be called
    return bot.shown


async def test_a_message_is_edited_when_something_changed_and_left_at_the_end() -> None:
    course = Course([("0 %", S.RUNNING), ("0 %", S.RUNNING), ("50 %", S.PAUSED), ("100 %", S.DONE)])
    of = Watches()
    of.follow(KEY, course.look)
    assert await seen(of, FakeBot(), times=6) == ["0 %", "50 %", "100 %"]
    assert course.looks == 4


async def test_a_press_that_comes_during_a_look_is_not_written_over() -> None:
    of = Watches()
    course = Course([("0 %", S.RUNNING)], meanwhile=lambda: of.leave(KEY))
    of.follow(KEY, course.look)
    assert await seen(of, FakeBot(), times=2) == []
    assert course.looks == 1


async def test_a_message_that_is_pressed_again_is_followed_once() -> None:
    first, second = Course([("1", S.RUNNING)]), Course([("2", S.RUNNING)])
    of = Watches()
    of.follow(KEY, first.look)
    of.follow(KEY, second.look)
    assert await seen(of, FakeBot(), times=3) == ["2"]
    assert (first.looks, second.looks) == (0, 3)


@pytest.mark.parametrize(
    "trouble",
    [
        TelegramForbiddenError(METHOD, "Forbidden: bot was blocked by the user"),
        TelegramBadRequest(METHOD, "Bad Request: message to edit not found"),
    ],
)
async def test_a_message_that_cannot_be_edited_is_left(trouble: TelegramAPIError) -> None:
    course = Course([("1", S.RUNNING)])
    of = Watches()
    of.follow(KEY, course.look)
    assert await seen(of, FakeBot([trouble]), times=3) == []
    assert course.looks == 1


async def test_the_role_is_asked_at_every_look_and_the_others_go_on() -> None:
    def dismissed() -> None:
        raise NotAllowed("anna", Role.VIEWER)

    def broken() -> None:
        raise ZeroDivisionError

    gone, wrong = (
        Course([("1", S.RUNNING)], meanwhile=dismissed),
        Course([("2", S.RUNNING)], meanwhile=broken),
    )
    stays = Course([("3", S.RUNNING)])
    of = Watches()
    for message, course in enumerate((gone, wrong, stays)):
        of.follow((7001, message), course.look)
    assert await seen(of, FakeBot(), times=2) == ["3"]
    assert (gone.looks, wrong.looks, stays.looks) == (1, 1, 2)


async def test_a_429_is_waited_out_and_the_next_look_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("handlers.telegram.watches.asyncio.sleep", sleep)
    of = Watches()
    of.follow(KEY, Course([("1", S.RUNNING)]).look)
    throttled = TelegramRetryAfter(METHOD, "Too Many Requests", retry_after=7)
    assert await seen(of, FakeBot([throttled]), times=2) == ["1"]
    assert slept == [7]


async def test_nothing_is_followed_for_ever_and_not_everything_at_once() -> None:
    clock = Seconds()
    of, first = Watches(clock), Course([("1", S.PAUSED)])
    of.follow(KEY, first.look)
    for message in range(WATCHED_MOST - 1):
        of.follow((1, message), Course([("2", S.RUNNING)]).look)
    await seen(of, FakeBot(), times=1)
    assert first.looks == 1
    of.follow((2, 1), Course([("3", S.RUNNING)]).look)  # the oldest has to go
    await seen(of, FakeBot(), times=1)
    assert first.looks == 1
    clock.now = LONGEST_SECONDS + 1
    await seen(of, FakeBot(), times=1)
    assert of._watched == {}

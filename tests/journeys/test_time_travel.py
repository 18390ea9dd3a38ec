"""The demo's time travel: no day is left out on the way, and only who has the token moves the clock."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from commands import time_travel
from commands.demo_clock import DAYS_MOST, clock_door
from commands.time_travel import TimeTravel, stops
from core.clock import MovableClock
from core.settings import Settings
from core.storage.message_tables import notice
from core.wiring import Core, open_core
from tests.core.autopay_scenes import CARD_KEY, agreed, charges
from tests.core.scenes import rows
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider

ZONE = ZoneInfo("Asia/Vladivostok")
TEN = time(10)
TOKEN = "let-me-in"


@pytest.mark.parametrize(
    "begun, days, way",
    [
        ("2026-04-27 15:30", 1, ["2026-04-28 10:00", "2026-04-28 15:30"]),
        ("2026-04-27 09:00", 1, ["2026-04-27 10:00", "2026-04-28 10:00"]),
        ("2026-04-27 10:00", 2, ["2026-04-28 10:00", "2026-04-29 10:00"]),
        ("2026-12-31 23:59", 1, ["2027-01-01 10:00", "2027-01-01 23:59"]),
    ],
)
def test_every_day_is_stopped_at_and_the_last_one_is_worked_on(begun: str, days: int, way: list[str]) -> None:
    now = datetime.fromisoformat(begun).replace(tzinfo=ZONE)
    found = stops(now, days, hour=TEN, zone=ZONE)
    assert [f"{each:%Y-%m-%d %H:%M}" for each in found] == way


@pytest.mark.parametrize("hour", range(24))
def test_a_journey_has_no_step_above_a_day(hour: int) -> None:
    now = datetime(2026, 2, 10, hour, 30, tzinfo=ZONE)
    way = [now, *stops(now, 60, hour=TEN, zone=ZONE)]
    steps = [after - before for before, after in pairwise(way)]
    assert all(timedelta() < step <= timedelta(days=1) for step in steps)
    assert way[-1].date() == date(2026, 4, 11)


@dataclass
class Demo:
    core: Core
    travel: TimeTravel
    provider: FakeProvider


@pytest.fixture
async def demo(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Demo]:
    """A core that nobody serves: what it has to tell stays in the outbox."""
    monkeypatch.setattr(time_travel, "SETTLE_SECONDS", 0.05)
    monkeypatch.setattr(time_travel, "STUCK_SECONDS", 0.05)
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url, card_key=CARD_KEY)
    clock, provider = MovableClock(), FakeProvider(FakeClock())
    async with open_core(settings, clock=clock, providers=[provider]) as core:
        yield Demo(core, TimeTravel(core, clock), provider)


async def test_a_month_warns_a_day_ahead_and_charges_once(demo: Demo) -> None:
    _, mandate = await agreed(demo.core, demo.provider)
    due = demo.travel.now.date() + timedelta(days=30)
    await demo.travel.go(29)
    warnings = await rows(demo.core, notice, template="autopay_warning")
    assert [each.params["on"] for each in warnings] == [due.isoformat()]
    assert await charges(demo.core, mandate) == []
    await demo.travel.go(1)
    assert await charges(demo.core, mandate) == [(due, 1, "paid")]
    assert [each.by_mandate for each in demo.provider.calls] == [False, True]  # the page's, and this one
    assert (demo.travel.now.date(), demo.travel.moving) == (due, False)


class Door:
    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def looks(self, *, token: str = TOKEN) -> tuple[int, dict[str, object]]:
        async with self._http.get(self._url, params={"token": token}) as answer:
            return answer.status, await answer.json() if answer.status == 200 else {}

    async def goes(self, asked: bytes, *, token: str = TOKEN) -> int:
        async with self._http.post(self._url, params={"token": token}, data=asked) as answer:
            return answer.status


@pytest.fixture
async def door(demo: Demo) -> AsyncIterator[Door]:
    listener = socket.create_server(("127.0.0.1", 0))
    async with clock_door(demo.travel, listener, token=TOKEN), aiohttp.ClientSession() as http:
        yield Door(http, f"http://127.0.0.1:{listener.getsockname()[1]}/clock")


async def test_the_door_sends_the_clock_ahead_and_tells_how_far_it_is(demo: Demo, door: Door) -> None:
    begun = demo.travel.now.date()
    status, told = await door.looks()
    assert (status, told["moving"], told["zone"]) == (200, False, "Asia/Vladivostok")
    assert await door.goes(b'{"days": 2}') == 200
    assert demo.travel.moving
    assert await door.goes(b'{"days": 1}') == 409
    await until(lambda: not demo.travel.moving)
    _, told = await door.looks()
    assert datetime.fromisoformat(str(told["now"])).date() == begun + timedelta(days=2)
    assert told["days_left"] == 0


async def test_without_its_token_there_is_no_clock(demo: Demo, door: Door) -> None:
    before = demo.travel.now
    assert await door.looks(token="guessed") == (404, {})
    assert await door.goes(b'{"days": 1}', token="") == 404
    assert demo.travel.now - before < timedelta(hours=1)


@pytest.mark.parametrize(
    "asked",
    [b"", b"[]", b"{}", b'{"day": 1}', b'{"days": 0}', b'{"days": -1}', b'{"days": 1.5}', b'{"days": true}',
     b'{"days": "1"}', b'{"days": %d}' % (DAYS_MOST + 1)],
)  # fmt: skip
async def test_a_journey_that_is_none_is_refused(demo: Demo, door: Door, asked: bytes) -> None:
    assert await door.goes(asked) == 400
    assert not demo.travel.moving

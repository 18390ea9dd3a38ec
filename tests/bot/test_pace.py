"""Telegram's rates: bursts pass, more waits, a 429 stops the lane."""

from bot.pace import CHAT_BURST, CHATS_REMEMBERED, PEOPLE_PER_SECOND, BulkPace, Pace
from core.messages.rates import LocalRates


class Seconds:
    """A clock that whoever waits moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def bulk(seconds: Seconds, most: float = 30.0) -> BulkPace:
    rates = LocalRates(most, first=most, clock=seconds)
    return Pace(rates, clock=seconds, sleep=seconds.sleep).bulk()


def test_a_burst_into_one_chat_passes_and_the_next_waits() -> None:
    pace = Pace(clock=Seconds())
    assert [pace.wait_for("7") for _ in range(int(CHAT_BURST))] == [0.0] * int(CHAT_BURST)
    assert pace.wait_for("7") == 1.0
    assert pace.wait_for("7") == 2.0


def test_a_chat_is_free_again_after_a_while() -> None:
    seconds = Seconds()
    pace = Pace(clock=seconds)
    for _ in range(5):
        pace.wait_for("7")
    seconds.now = 60.0
    assert pace.wait_for("7") == 0.0


def test_all_chats_together_have_a_rate() -> None:
    pace = Pace(clock=Seconds())
    waits = [pace.wait_for(str(chat)) for chat in range(int(PEOPLE_PER_SECOND) + 5)]
    assert waits[: int(PEOPLE_PER_SECOND)] == [0.0] * int(PEOPLE_PER_SECOND)
    assert waits[-1] == 5 / PEOPLE_PER_SECOND


def test_a_pause_is_over_when_its_time_has_passed() -> None:
    seconds = Seconds()
    pace = Pace(clock=seconds)
    pace.pause(30)
    pace.pause(1)
    assert pace.paused_for() == 30
    seconds.now = 31.0
    assert pace.paused_for() == 0.0


def test_chats_are_forgotten_not_gathered() -> None:
    pace = Pace(clock=Seconds())
    for chat in range(CHATS_REMEMBERED + 10):
        pace.wait_for(str(chat))
    assert len(pace.chats) == CHATS_REMEMBERED


async def test_a_turn_is_waited_for() -> None:
    seconds = Seconds()
    pace = Pace(clock=seconds, sleep=seconds.sleep)
    for _ in range(int(CHAT_BURST) + 2):
        await pace.turn("7")
    assert seconds.now >= 1.0


async def test_bulk_keeps_to_its_rate_and_uses_it() -> None:
    seconds = Seconds()
    pace = bulk(seconds)
    for chat in range(3000):
        assert await pace.turn(str(chat))
    assert 3000 / 30 <= seconds.now <= 3000 / 30 + 0.1


async def test_bulk_goes_faster_where_more_is_paid_for() -> None:
    seconds = Seconds()
    pace = bulk(seconds, most=1000.0)
    for chat in range(5000):
        await pace.turn(str(chat))
    assert 5.0 <= seconds.now <= 5.2


async def test_what_people_are_sent_bulk_does_not_send() -> None:
    seconds = Seconds()
    pace = Pace(LocalRates(30.0, first=30.0, clock=seconds), clock=seconds, sleep=seconds.sleep)
    lane = pace.bulk()
    for chat in range(600):
        if chat % 2:
            await pace.turn(str(chat))
        await lane.turn(str(10_000 + chat))
    assert 29 <= seconds.now <= 31  # 900 messages


async def test_a_long_pause_gives_back_what_is_held_and_a_short_one_is_waited_out() -> None:
    seconds = Seconds()
    pace = bulk(seconds)
    assert await pace.turn("1")
    await pace.throttled(1)
    assert await pace.turn("2")
    assert seconds.now >= 1
    await pace.throttled(3600)
    assert not await pace.turn("3")
    assert pace.paused_for() == 3600


async def test_two_messages_to_one_person_are_a_second_apart() -> None:
    seconds = Seconds()
    pace = bulk(seconds)
    for _ in range(int(CHAT_BURST) + 5):
        await pace.turn("7")
    assert seconds.now >= 4

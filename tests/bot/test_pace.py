"""Telegram's rates: bursts pass, more waits, a 429 stops the lane."""

from bot.pace import CHAT_BURST, CHATS_REMEMBERED, OVERALL_PER_SECOND, Pace


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


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
    waits = [pace.wait_for(str(chat)) for chat in range(int(OVERALL_PER_SECOND) + 5)]
    assert waits[: int(OVERALL_PER_SECOND)] == [0.0] * int(OVERALL_PER_SECOND)
    assert waits[-1] == 5 / OVERALL_PER_SECOND


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
    assert len(pace._chats) == CHATS_REMEMBERED


async def test_a_turn_is_waited_for() -> None:
    pace = Pace()
    for _ in range(int(CHAT_BURST)):
        await pace.turn("7")
    pace._chats["7"]._per_second = 1000.0
    await pace.turn("7")
    assert pace.wait_for("7") >= 0.0

"""What the players of `--once` take for wrong: a test that cannot fail shows nothing."""

import pytest

from commands import phones as people
from commands.phones import Button, Json, Off, Phones, button, field, until
from commands.talks import Chat, SmsTalk, must_hold, page_of, press_of

MESSAGE: Json = {
    "message_id": 7,
    "text": "Balance of 100080",
    "buttons": [[{"text": "Pay", "data": "pay:1"}, {"text": "Page", "url": "http://127.0.0.1/"}]],
}


class Silent:
    """A product that answers only what it is told to."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self._received: list[Json] = []
        self._messages: list[Json] = []

    async def received_sms(self, msisdn: str) -> list[Json]:
        return self._received

    async def send_sms(self, msisdn: str, text: str, *, to: str) -> None:
        self._received = self._received + [{"text": each, "segments": 1} for each in self._answers]

    async def bot_messages(self, user: int) -> list[Json]:
        return self._messages

    async def write(self, user: int, text: str) -> None:
        self._messages = self._messages + [MESSAGE | {"text": each} for each in self._answers]


def phones(*answers: str) -> Phones:
    return Silent(*answers)  # type: ignore[return-value]  # a fake that has what is asked


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "ANSWER_SECONDS", 0.2)


async def test_an_answer_without_its_sum_is_off() -> None:
    with pytest.raises(Off, match="113"):
        await SmsTalk(phones("Счёт 100080: 103 р."), "79140000001", "3116").says("aliance 100080 100", "113")


async def test_no_answer_is_off() -> None:
    with pytest.raises(Off, match="an answer to 'да'"):
        await SmsTalk(phones(), "79140000001", "3116").says("да")
    with pytest.raises(Off, match="confirm"):
        await Chat(phones(), 1001).says("/pay", button="confirm")


async def test_a_message_without_its_button_or_its_words_is_not_the_answer() -> None:
    assert (await Chat(phones("100080"), 1001).says("/pay", "100080", button="pay"))["text"] == "100080"
    with pytest.raises(Off):
        await Chat(phones("100080"), 1001).says("/pay", button="confirm")
    with pytest.raises(Off):
        await Chat(phones("100080"), 1001).says("/pay", "166301")


async def test_a_second_message_after_an_act_is_found_and_one_from_before_it_is_not() -> None:
    chat = Chat(phones("receipt", "offer"), 1001)
    await chat.says("/pay", "receipt")
    assert (await chat.also("offer", button="pay"))["text"] == "offer"
    with pytest.raises(Off):
        await chat.also("warning")
    assert [each["text"] for each in await chat.messages()] == ["receipt", "offer"]


async def test_an_act_that_brings_nothing_is_off() -> None:
    async def wait() -> None:
        return None

    with pytest.raises(Off, match="warning"):
        await Chat(phones(), 1001).sees(wait, "warning")


async def test_waiting_ends() -> None:
    async def nothing() -> None:
        return None

    with pytest.raises(Off, match="a miracle"):
        await until(nothing, "a miracle")


def test_a_button_is_found_by_what_it_carries() -> None:
    assert button(MESSAGE, "pay") == Button(7, "Pay", "pay:1", None)
    assert button(MESSAGE, "pa") is None
    assert page_of(MESSAGE) == "http://127.0.0.1/"
    with pytest.raises(Off, match="confirm"):
        press_of(MESSAGE, "confirm")


def test_a_page_without_its_field_is_off() -> None:
    assert field('<input name="form" value="a&amp;b">', "form") == "a&b"
    with pytest.raises(Off, match="form"):
        field("<p>", "form")


def test_words_that_must_be_there_are() -> None:
    must_hold("100 and 113", "100", "113")
    with pytest.raises(Off, match="114"):
        must_hold("100 and 113", "100", "114")

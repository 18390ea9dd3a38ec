"""What of an update is stored, and what becomes of one whose process died."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.inbox import arrival_of, update_of
from core.messages import incoming
from core.messages.incoming import LEASE
from core.settings import Settings
from core.storage.message_tables import incoming as incoming_table
from tests.bot.stand import Stand, open_stand
from tests.bot.test_webhook import answers, update

CARD = "4276 8500 0000 7173"
LUHN_VALID = "4111 1111 1111 1111"


@pytest.fixture
async def quiet(sqlite_url: str) -> AsyncIterator[Stand]:
    """Nothing runs by itself: a test says what happens, and moves the leases' clock."""
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings, runs=False) as opened:
        opened.api.chats.of(7001).started = True
        yield opened


def message(**fields: Any) -> dict[str, Any]:
    made = update(5)
    made["message"] |= fields
    return made


def test_the_text_lies_where_the_core_masks_it() -> None:
    arrival = arrival_of(message(text="hello"), "42")
    assert arrival is not None
    assert (arrival.source, arrival.external_id, arrival.sender) == ("42", "5", "7001")
    assert arrival.payload["text"] == "hello"
    assert "text" not in arrival.payload["update"]["message"]


def test_a_caption_counts_as_text() -> None:
    captioned = message(photo=[{"file_id": "x"}], caption="my card")
    del captioned["message"]["text"]
    arrival = arrival_of(captioned, "42")
    assert arrival is not None
    assert arrival.payload["text"] == "my card"
    assert "photo" not in arrival.payload["update"]["message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"reply_to_message": {"text": LUHN_VALID}},
        {"quote": {"text": LUHN_VALID}},
        {"contact": {"phone_number": "79141234567", "first_name": "A", "vcard": LUHN_VALID}},
        {
            "document": {
                "file_id": "a",
                "file_unique_id": "b",
                "file_name": LUHN_VALID,
                "mime_type": LUHN_VALID,
            }
        },
        {"entities": [{"type": "text_link", "offset": 0, "length": 1, "url": LUHN_VALID}]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_is_quoted_is_not_stored(fields: dict[str, Any]) -> None:
    assert LUHN_VALID not in str(arrival_of(message(**fields), "42"))


def test_a_screen_that_a_button_belongs_to_is_stored_without_its_text() -> None:
    query = {
        "update_id": 6,
        "callback_query": {
            "id": "1",
            "from": update(6)["message"]["from"],
            "chat_instance": "1",
            "data": "menu",
            "message": update(6, "secret text")["message"],
        },
    }
    assert "secret text" not in str(arrival_of(query, "42"))


@pytest.mark.parametrize(
    "other",
    [
        {"update_id": 1, "poll": {"id": "1"}},
        {"update_id": 1, "callback_query": {"id": "1", "from": {"id": 1}, "inline_message_id": "1"}},
        {"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1, "type": "private"}}},
        {"update_id": 1, "my_chat_member": {"chat": {"id": -1, "type": "group"}, "from": {"id": 1}}},
    ],
    ids=["poll", "inline", "nobody", "group"],
)
def test_what_is_none_of_ours_is_left_out(other: dict[str, Any]) -> None:
    assert arrival_of(other, "42") is None


async def test_a_card_number_is_neither_stored_nor_seen_by_a_handler(quiet: Stand) -> None:
    (accepted,) = await quiet.door.inbox.store([update(5, f"pay with {LUHN_VALID}")])
    seen = update_of(accepted.arrival.payload, quiet.door.bot)
    assert seen.message is not None
    assert seen.message.text is not None
    assert "1111 1111 1111" not in seen.message.text
    async with quiet.core.database.read() as tx:
        assert "1111 1111 1111" not in str(await tx.scalar(select(incoming_table.c.payload)))
    await quiet.door.inbox.handle(accepted)
    assert "номер карты" in await quiet.person.sees("номер карты")


async def test_an_update_whose_process_died_is_handled_once_by_the_sweep(quiet: Stand) -> None:
    await quiet.door.inbox.store([update(5)])
    assert await quiet.door.inbox.sweep_once() == 0  # it is still in somebody's hands
    quiet.clock.shift(LEASE + timedelta(seconds=1))
    assert await quiet.door.inbox.sweep_once() == 1
    assert await quiet.door.inbox.sweep_once() == 0
    assert answers(quiet) == 1


async def test_the_sweep_leaves_what_this_process_has_in_hand(quiet: Stand) -> None:
    (accepted,) = await quiet.door.inbox.store([update(5)])
    quiet.clock.shift(LEASE + timedelta(seconds=1))
    quiet.door.inbox._in_hand.add(accepted.id)
    assert await quiet.door.inbox.sweep_once() == 0
    assert answers(quiet) == 0


async def test_what_cannot_be_recorded_is_left_for_the_sweep(
    quiet: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    (accepted,) = await quiet.door.inbox.store([update(5)])

    async def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "forget_answered", unreachable)
        await quiet.door.inbox.handle_or_leave(accepted)
    quiet.clock.shift(LEASE + timedelta(seconds=1))
    assert await quiet.door.inbox.sweep_once() == 1

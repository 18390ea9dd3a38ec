"""Kannel's calls over real sockets: stored once, read by their octets, answered after the commit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.wiring import Core
from tests.sms_gateway import kannel_scenes
from tests.sms_gateway.gateways import PHONE, TOKEN, listening, stored
from tests.sms_gateway.kannel_scenes import MESSAGE, Door

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

door = kannel_scenes.door


async def test_a_message_is_stored_and_handed_on_before_the_answer(core: Core, door: Door) -> None:
    assert await door.call() == 200
    (row,) = await stored(core)
    assert (row.channel, row.source, row.external_id, row.sender) == (
        "sms",
        "kannel:operator",
        "operator|id-1",
        PHONE,
    )
    assert row.payload == {
        "text": "да", "to": "3116", "smsc": "kannel:operator", "smsc_id": "operator", "coding": 2
    }  # fmt: skip
    assert [each.id for each in door.taken] == [row.id]


async def test_calls_with_the_same_id_are_one_message(core: Core, door: Door) -> None:
    assert await asyncio.gather(*(door.call() for _ in range(5))) == [200] * 5
    assert len(await stored(core)) == len(door.taken) == 1
    assert await door.call(id="id-2") == 200
    assert await door.call(smsc="other") == 200
    assert [row.source for row in await stored(core)] == ["kannel:operator"] * 2 + ["kannel"]
    assert len(door.taken) == 3


async def test_a_call_that_could_not_be_stored_is_made_again_and_stored_once(core: Core, door: Door) -> None:
    door.inbox.away = True
    assert [await door.call() for _ in range(2)] == [503] * 2
    assert door.taken == []
    door.inbox.away = False
    assert [await door.call() for _ in range(2)] == [200] * 2
    assert len(await stored(core)) == len(door.taken) == 1


READ: list[tuple[str, dict[str, Any], str]] = [
    ("UCS-2", {"b": "Њ 😀".encode("utf-16-be")}, "Њ 😀"),
    ("UCS-2, whatever charset is named", {"cs": "UTF-8"}, "да"),
    ("GSM as Kannel has it: UTF-8", {"b": "{€}@".encode(), "cs": "UTF-8", "coding": "0"}, "{€}@"),
    ("no charset", {"b": "да".encode(), "cs": "", "coding": "0"}, "да"),
    ("recoded", {"b": "да".encode(), "cs": "UTF-8", "coding": "0"}, "да"),
    ("Latin-1", {"b": b"caf\xe9", "cs": "ISO-8859-1", "coding": "0"}, "café"),
    ("Windows", {"b": b"\xe4\xe0", "cs": "WINDOWS-1251", "coding": "0"}, "да"),
    ("a plus and a space", {"b": b"1+1 =", "cs": "UTF-8", "coding": "0"}, "1+1 ="),
    ("a byte order mark", {"b": "\ufeffда".encode("utf-16-be")}, "да"),
    ("NUL", {"b": b"\0\0"}, "\ufffd"),
    ("a charset of nobody", {"b": b"100", "cs": "hex", "coding": "0"}, "100"),
]


@pytest.mark.parametrize("name, said, text", READ, ids=[case[0] for case in READ])
async def test_a_text_is_read_by_octets_coding_and_charset(
    core: Core, door: Door, name: str, said: dict[str, Any], text: str
) -> None:
    assert await door.call(**said) == 200
    (row,) = await stored(core)
    assert row.payload["text"] == text
    assert "raw" not in row.payload


@pytest.mark.parametrize(
    "said",
    [{"coding": "1"}, {"b": b"\x04"}, {"b": b"\xff", "cs": "UTF-8", "coding": "0"}],
    ids=["binary", "odd UCS-2", "no UTF-8"],
)
async def test_what_is_no_text_is_stored_all_the_same(core: Core, door: Door, said: dict[str, Any]) -> None:
    assert await door.call(**said) == 200
    (row,) = await stored(core)
    assert (row.payload["text"], row.payload["undecodable"]) == ("", True)
    assert row.payload["raw"]


async def test_a_card_number_is_stored_nowhere(core: Core, door: Door) -> None:
    assert await door.call(b="4111 1111 1111 1111".encode("utf-16-be")) == 200
    (row,) = await stored(core)
    assert "4111 1111" not in str(row)
    assert row.payload["card_masked"] is True


@pytest.mark.parametrize(
    "meta, operator",
    [
        ("?smpp?operator=MTS&", "MTS"),
        ("?orig-smpp?x=1&?smpp?other=2&operator=%D0%9C%D0%A2%D0%A1&", "МТС"),
        ("?smpp?operator=" + "x" * 40, "x" * 32),
        ("?smpp?other=2&", None),
        ("?other?operator=MTS&", None),
        ("operator=MTS", None),
    ],
)
async def test_a_tlv_that_kannel_calls_operator_names_it(
    core: Core, door: Door, meta: str, operator: str | None
) -> None:
    assert await door.call(meta=meta) == 200
    (row,) = await stored(core)
    assert row.payload.get("operator") == operator
    assert await door.call(meta=meta, smsc="mts") == 200
    assert (await stored(core))[-1].payload["operator"] == (operator or "mts")


@pytest.mark.parametrize(
    "sender, known",
    [
        ("+79141234567", PHONE),
        ("79141234567", PHONE),
        (" 79141234567", PHONE),  # a "+" that somebody took for a space
        ("89141234567", PHONE),
        ("900", "900"),
        ("MegaFon", "MegaFon"),
    ],
)
async def test_a_phone_is_known_with_and_without_its_plus(
    core: Core, door: Door, sender: str, known: str
) -> None:
    assert await door.call(**{"from": sender}) == 200
    assert [row.sender for row in await stored(core)] == [known]


REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("no token", {"token": None}, 403),
    ("another token", {"token": TOKEN[:-1]}, 403),
    ("no id", {"id": None}, 400),
    ("an empty id", {"id": " "}, 400),
    ("no octets", {"b": None}, 400),
    ("no coding", {"coding": None}, 400),
    ("another coding", {"coding": "3"}, 400),
]


@pytest.mark.parametrize("name, said, status", REFUSED, ids=[case[0] for case in REFUSED])
async def test_who_may_not_call_or_says_too_little_is_refused(
    core: Core, door: Door, name: str, said: dict[str, Any], status: int
) -> None:
    assert await door.call(**said) == status
    assert await stored(core) == []


async def test_two_values_under_one_name_are_refused(core: Core, door: Door) -> None:
    assert (
        await door.get(f"{MESSAGE}?token={TOKEN}&from={PHONE}&from=79140000000&to=3116&b=1&coding=0&id=1")
        == 400
    )
    assert await stored(core) == []


async def test_who_calls_from_elsewhere_is_refused(core: Core) -> None:
    door = Door(core, networks="10.0.0.0/8, ::1")
    async with listening(door.callbacks.routes()) as door.client:
        assert await door.call() == 403
    assert await stored(core) == []

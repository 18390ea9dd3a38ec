"""Kannel's calls over real sockets: stored once, read by their octets, answered after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select
from yarl import URL

from core.messages.incoming import Accepted
from core.storage.message_tables import sms_part
from core.use_cases.sms_parts import Piece, SmsParts, Whole
from core.wiring import Core
from sms_gateway.arrivals import Arrivals
from sms_gateway.callers import Callers
from sms_gateway.configured import networks_of
from sms_gateway.kannel.callbacks import KannelCallbacks
from sms_gateway.kannel.signed import Signer
from sms_gateway.receipts import Receipt
from tests.sms_gateway.gateways import PHONE, TOKEN, Away, Client, listening, peer, stored

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MESSAGE = "/sms/kannel"


class Door:
    """Kannel's two addresses, and what came through them."""

    def __init__(self, core: Core, networks: str = "127.0.0.1") -> None:
        self.inbox = Away(core)
        self.taken: list[Accepted] = []
        self.receipts: list[Receipt] = []
        self.signer = Signer(TOKEN)
        self.callbacks = KannelCallbacks(
            self.inbox,
            Arrivals(self.inbox, self.taken.extend),
            self._keep,
            ways={"kannel:operator": "", "kannel:mts": "mts"},
            signer=self.signer,
            callers=Callers(networks_of(networks), peer),
        )
        self.client: Client

    async def _keep(self, smsc: str, receipt: Receipt) -> None:
        if self.inbox.away:
            raise OSError("gone")
        assert smsc == "kannel:operator"
        self.receipts.append(receipt)

    async def call(self, **changes: Any) -> int:
        """As Kannel 1.4.5 calls its get-url, for `да` in UCS-2."""
        said: dict[str, Any] = {
            "token": TOKEN, "from": f"+{PHONE}", "to": "3116", "b": "да".encode("utf-16-be"),
            "cs": "UTF-16BE", "coding": "2", "ts": "1795376507", "smsc": "operator", "id": "id-1",
            "udh": b"", "fid": "", "meta": "",
        }  # fmt: skip
        said |= changes
        query = urlencode([(name, value) for name, value in said.items() if value is not None])
        return await self.get(f"{MESSAGE}?{query}")

    async def get(self, address: str) -> int:
        async with self.client.get(URL(address, encoded=True)) as answer:
            assert await answer.read() == b"" or answer.status != 200
            return answer.status


@pytest.fixture
async def door(core: Core) -> AsyncIterator[Door]:
    opened = Door(core)
    async with listening(opened.callbacks.routes()) as opened.client:
        yield opened


async def parts_kept(core: Core) -> int:
    async with core.database.read() as tx:
        return len(await tx.all(select(sms_part.c.key)))


def udh(number: int, total: int = 2, reference: int = 7) -> bytes:
    return bytes((5, 0, 3, reference, total, number))


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


async def test_parts_are_joined_as_octets_in_whatever_order(core: Core, door: Door) -> None:
    said = "Да 😀 нет".encode("utf-16-be")
    parts = {1: said[:7], 2: said[7:9], 3: said[9:]}  # through a letter and a pair of surrogates
    for number in (3, 1):
        assert await door.call(b=parts[number], udh=udh(number, 3), id=f"part-{number}") == 200
    assert await stored(core) == []
    assert await door.call(b=parts[2], udh=udh(2, 3), id="part-2") == 200
    (row,) = await stored(core)
    assert row.payload["text"] == "Да 😀 нет"
    assert await parts_kept(core) == 0


async def test_a_part_called_again_makes_no_second_message(core: Core, door: Door) -> None:
    for number in (1, 1, 2, 2, 1):
        assert await door.call(udh=udh(number), id=f"part-{number}") == 200
    assert [row.payload["text"] for row in await stored(core)] == ["дада"]
    assert await parts_kept(core) == 0


class Overtaken(SmsParts):
    """Another process has accepted the text by the time that this one is told that it is whole."""

    def __init__(self, core: Core, other: Door) -> None:
        super().__init__(core.database, core.clock)
        self.other = other

    async def keep(self, piece: Piece) -> Whole | None:
        whole = await super().keep(piece)
        if whole is not None:
            assert await self.other.call(udh=udh(piece.number), id=piece.payload["id"]) == 200
        return whole


async def test_a_text_that_another_process_accepts_at_the_same_time_is_one_message(
    core: Core, door: Door
) -> None:
    other = Door(core)
    async with listening(other.callbacks.routes()) as other.client:
        door.inbox.parts = Overtaken(core, other)
        for number in (1, 2):
            assert await door.call(udh=udh(number), id=f"part-{number}") == 200
    (row,) = await stored(core)
    assert row.payload["text"] == "дада"
    assert len(door.taken) + len(other.taken) == 1


async def test_a_whole_that_could_not_be_stored_is_stored_when_its_last_part_comes_again(
    core: Core, door: Door
) -> None:
    assert await door.call(udh=udh(1), id="part-1") == 200
    door.inbox.away = True
    assert await door.call(udh=udh(2), id="part-2") == 503
    door.inbox.away = False
    assert [await door.call(udh=udh(2), id="part-2") for _ in range(2)] == [200] * 2
    assert [row.payload["text"] for row in await stored(core)] == ["дада"]


@pytest.mark.parametrize(
    "header", [b"\x03\x01\x01\x00", b"\x05\x00\x03", b"\xff"], ids=["other", "cut", "short"]
)
async def test_another_header_makes_no_part_of_a_message(core: Core, door: Door, header: bytes) -> None:
    assert await door.call(udh=header) == 200
    assert [row.payload["text"] for row in await stored(core)] == ["да"]


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


def report(door: Door, kind: int, message_id: str = "0198.1.2", answer: str = "") -> str:
    """As Kannel fills in the dlr-url that it was given."""
    url = door.signer.receipt_url("http://aliance.test", "kannel:operator", message_id)
    assert url.startswith("http://aliance.test/")
    filled = urlencode({"answer": answer})
    return (
        url.removeprefix("http://aliance.test")
        .replace("type=%d", f"type={kind}")
        .replace("answer=%A", filled)
    )


REPORTS = [
    (8, "ACK/", ("ACCEPTD", "")),
    (1, "", ("DELIVRD", "")),
    (4, "", ("ENROUTE", "")),
    (2, "", ("UNDELIV", "")),
    (2, "id:1 sub:001 dlvrd:000 stat:EXPIRED err:027 text:aliance 100080", ("EXPIRED", "027")),
    (16, "NACK/0x0000000b/Invalid Destination Address", ("REJECTD", "0x0000000b")),
]


@pytest.mark.parametrize("kind, answer, said", REPORTS)
async def test_a_report_names_our_own_id(door: Door, kind: int, answer: str, said: tuple[str, str]) -> None:
    assert await door.get(report(door, kind, answer=answer)) == 200
    assert door.receipts == [Receipt(("0198.1.2",), *said)]


async def test_a_report_of_what_we_did_not_sign_is_refused(door: Door) -> None:
    ours = report(door, 1)
    signature = parse_qs(urlsplit(ours).query)["sign"][0]
    for forged in (
        ours.replace("id=0198.1.2", "id=0198.1.3"),
        ours.replace("via=kannel%3Aoperator&id=", "via=kannel&id=%3Aoperator"),
        ours.replace(signature, signature[:-1]),
        ours.replace(signature, "%D1%8F"),
        ours.replace(f"&sign={signature}", ""),
    ):
        assert await door.get(forged) == 403
    assert await door.get(report(door, 64)) == 400
    assert door.receipts == []


async def test_a_report_that_could_not_be_written_is_made_again(door: Door) -> None:
    door.inbox.away = True
    assert await door.get(report(door, 1)) == 503
    door.inbox.away = False
    assert await door.get(report(door, 1)) == 200
    assert len(door.receipts) == 1

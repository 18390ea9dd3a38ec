"""What goes wrong between an SMSC and the inbox: nothing is lost by it, doubled or held up for others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy.exc import DataError, OperationalError

from core.messages.incoming import Accepted, Arrival
from core.wiring import Core
from sms_gateway.receipts import receipt_of
from sms_gateway.senders import msisdn, sender_of
from sms_gateway.smpp.codec import decode
from sms_gateway.smpp.pdu import DataSm, DeliverSm, Tlv
from tests.core.scenes import ON_POSTGRES, ON_SQLITE
from tests.deadlines import until
from tests.sms_gateway.octets import data_sm, deliver_sm, frame, tlv
from tests.sms_gateway.receive_scenes import LATER, OK, PHONE, SMSC, Watched, open_door, parts_of, text


@pytest.mark.parametrize("first_at", [59_999.0, 59_941.0])
async def test_a_redelivery_to_another_process_is_known_across_the_minute(
    core: Core, first_at: float
) -> None:
    for later in (0.0, 30.0, 59.0):
        async with open_door(core) as door:
            door.seconds = first_at + later
            assert await door.take(text("да")) == [OK]
            assert len(await door.rows()) == 1


@ON_SQLITE
async def test_two_long_texts_under_one_reference_are_both_taken(core: Core) -> None:
    async with open_door(core) as door:
        for said in ("да", "нет"):
            pieces = parts_of(said.encode("utf-16-be"), 2)
            assert await door.take(*pieces, *pieces) == [OK] * 4
        assert [each.arrival.payload["text"] for each in door.taken] == ["да", "нет"]
        assert await door.parts() == 0


class Stalled(Watched):
    """An inbox that neither stores nor fails until it is let go on."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.asked = 0
        self.goes_on = asyncio.Event()

    async def accept(self, messages: Sequence[Arrival]) -> list[Accepted]:
        self.asked += 1
        await self.goes_on.wait()
        return await super().accept(messages)


@ON_SQLITE
async def test_what_the_smsc_was_told_to_keep_is_not_stored_behind_its_back(core: Core) -> None:
    async with open_door(core) as door:
        door.receive._receiving = stalled = Stalled(core)
        async with asyncio.TaskGroup() as tasks:
            held = tasks.create_task(door.take(text("first")))
            await until(lambda: stalled.asked == 1)
            # Each minute the SMSC hands it over again, and each time no answer comes in time.
            for _ in range(3):
                waits = tasks.create_task(door.take(text("да")))
                await until(lambda: door.receive._waiting)
                waits.cancel()
                await until(lambda: not door.receive._waiting)
                door.seconds += 61
            stalled.goes_on.set()
            assert await held == [OK]
        assert await door.take(text("да")) == [OK]
        assert [row.payload["text"] for row in await door.rows()] == ["first", "да"]


class Picky(Watched):
    """A database that refuses one text, and what is stored together with it."""

    async def accept(self, messages: Sequence[Arrival]) -> list[Accepted]:
        if any(each.payload["text"] == "poison" for each in messages):
            raise DataError("insert", {}, ValueError("no such character"))
        return await super().accept(messages)


@ON_SQLITE
async def test_a_text_that_the_database_refuses_holds_up_no_other(core: Core) -> None:
    async with open_door(core) as door:
        door.receive._receiving = Picky(core)
        assert await door.take(text("one"), text("poison"), text("two")) == [OK] * 3
        assert [each.arrival.payload["text"] for each in door.taken] == ["one", "", "two"]


class Refusing(Watched):
    """What the real database says to a letter that its JSON has no room for."""

    async def accept(self, messages: Sequence[Arrival]) -> list[Accepted]:
        (message,) = messages
        worse = {name: "poi\0son" for name, said in message.payload.items() if said == "poisoñ"}
        return await super().accept([replace(message, payload=message.payload | worse)])


@ON_POSTGRES
@pytest.mark.parametrize("where", ["text", "to"])
async def test_what_the_database_refuses_for_ever_is_stored_without_its_words(core: Core, where: str) -> None:
    async with open_door(core) as door:
        door.receive._receiving = Refusing(core)
        pdu = text("poisoñ" if where == "text" else "да")
        if where == "to":
            pdu.destination_addr = "poisoñ"
        for _ in range(2):
            assert await door.take(pdu) == [OK]
        (row,) = await door.rows()
    assert (row.sender, row.payload["undecodable"]) == (PHONE, True)
    assert (row.payload["text"], row.payload["raw"]) == ("", pdu.short_message.hex())
    assert (row.payload["data_coding"], row.payload["bind"]) == (8, "smsc")


class Troubled(Watched):
    """A database that has a trouble of its own, whatever it is given."""

    trouble: Exception

    async def accept(self, messages: Sequence[Arrival]) -> list[Accepted]:
        raise self.trouble


@ON_SQLITE
@pytest.mark.parametrize(
    "trouble",
    [OperationalError("insert", {}, OSError("disk full")), DataError("insert", {}, ValueError("everything"))],
    ids=["its own", "it refuses even the octets"],
)
async def test_a_database_in_trouble_has_the_smsc_keep_it(core: Core, trouble: Exception) -> None:
    async with open_door(core) as door:
        door.receive._receiving = troubled = Troubled(core)
        troubled.trouble = trouble
        assert await door.take(text("да")) == [LATER]
        assert await door.rows() == []


async def test_a_tlv_with_octets_behind_its_end_is_read_to_its_end(core: Core) -> None:
    async with open_door(core) as door:
        door.smsc = replace(SMSC, operator_tlv=0x1403)
        assert await door.take(text("one", tlvs=(Tlv(0x1403, b"mts\0\x07junk"),))) == [OK]
        assert [row.payload["operator"] for row in await door.rows()] == ["mts"]


@ON_SQLITE
@pytest.mark.parametrize(
    "coding, esm_class, octets",
    [
        (4, 0, b"aliance 4111 1111 1111 1111"),
        (8, 0, "4111111111111111".encode("utf-16-be") + b"\0"),
        (8, 0x40, b"\xff" + "4111-1111-1111-1111".encode("utf-16-be")),
    ],
    ids=["binary", "odd UCS-2", "broken header"],
)
async def test_a_card_number_in_what_cannot_be_read_is_stored_nowhere(
    core: Core, coding: int, esm_class: int, octets: bytes
) -> None:
    async with open_door(core) as door:
        pdu = DeliverSm(
            source_addr="79141234567", data_coding=coding, esm_class=esm_class, short_message=octets
        )
        assert await door.take(pdu) == [OK]
        (row,) = await door.rows()
    assert row.payload["undecodable"] is True
    assert row.payload["card_masked"] is True
    assert "raw" not in row.payload


CUT_TEXT = deliver_sm(b"aliance 100080 100")
YES, BUT = "да".encode("utf-16-be"), ", но потом".encode("utf-16-be")
SAR = tlv(0x20C, b"\0\x09") + tlv(0x20E, b"\2")


@ON_SQLITE
@pytest.mark.parametrize(
    "octets, said",
    [
        (deliver_sm(b"yes", tlvs=tlv(0x1500, b"7") + b"\x14\x03\0\x09m"), "yes"),
        (deliver_sm(b"a", tlvs=SAR + tlv(0x20F, b"\1") + b"\x14\x03\0\x09m"), None),
        (deliver_sm(b"yes", tlvs=b"\x02\x04\0\2\1"), "yes"),
        (deliver_sm(YES, tlvs=BUT, data_coding=8), ""),
        (deliver_sm(YES, tlvs=b"\x20\x14\0\x20" + BUT * 3, data_coding=8), ""),
        (deliver_sm(YES, tlvs=tlv(0x1500, b"7") + b"\x04\x24\0\x40" + YES + BUT, data_coding=8), ""),
        (deliver_sm(b"aliance 100080 100", tlvs=b"000"), ""),
        (deliver_sm(b"aliance 100080 100", tlvs=b"\0\0" + b"0"), ""),
        (deliver_sm(tlvs=b"\x04\x24\0\x09text"), ""),
        (frame(5, CUT_TEXT[16:-1]), ""),
        (frame(5, CUT_TEXT[16:31]), ""),
        (deliver_sm(b"aliance 100080 1", tlvs=SAR + b"\x02\x0f\0\2\1"), ""),
        (deliver_sm(b"aliance 100080 1", tlvs=SAR[:6] + b"\x02\x0e"), ""),
        (frame(0x103, b"\0\1\1" + PHONE.encode() + b"\0\3\0" + b"3116\0\0\0"), ""),
    ],
    ids=["a TLV", "behind a part", "a known TLV", "the words behind it", "words like a TLV",
         "a payload beside it", "digits behind it", "a digit behind NULs", "the payload", "short_message",
         "behind the sender", "which part it is", "of how many parts", "data_sm"],
)  # fmt: skip
async def test_a_message_that_is_cut_short_is_stored_and_read_only_where_its_text_is_whole(
    core: Core, octets: bytes, said: str | None
) -> None:
    async with open_door(core) as door:
        # The SMSC hands it over again under another sequence_number.
        for each in (octets, octets[:12] + b"\0\0\0\7" + octets[16:]):
            pdu = decode(each)
            assert isinstance(pdu, DeliverSm | DataSm)
            assert await door.take(pdu) == [OK]
        rows = await door.rows()
        assert await door.parts() == (said is None)
    assert [(row.sender, row.payload["text"]) for row in rows] == ([] if said is None else [(PHONE, said)])
    if said == "":
        assert rows[0].payload["undecodable"] is True
        assert rows[0].payload["raw"] == octets[16:].hex()


NEW_LINE = "\r\nпотом".encode("utf-16-be")


@ON_SQLITE
@pytest.mark.parametrize(
    "octets, said",
    [
        (deliver_sm(YES, tlvs=b"\0", data_coding=8), "да"),
        (deliver_sm(YES, tlvs=b"\0" * 3, data_coding=8), "да"),
        (deliver_sm(YES, tlvs=b"\0" * 9, data_coding=8), "да"),
        (deliver_sm(YES, tlvs=tlv(0x1403, b"mts") + b"\0", data_coding=8), "да"),
        (data_sm(tlv(0x424, YES) + b"\0\0", data_coding=8), "да"),
        (deliver_sm(YES, tlvs=tlv(0x0D, b"\0") + tlv(0x427, b"\2"), data_coding=8), "да"),
        (deliver_sm(YES, tlvs=tlv(0x3FFF, b"") + tlv(0x9999, b"?"), data_coding=8), "да"),
        (deliver_sm(YES, tlvs=tlv(0x2010, b"0a1b2c3d-0000-4000-8000-0123456789ab"), data_coding=8), "да"),
        (deliver_sm(YES * 9, tlvs=tlv(0x424, YES * 9), data_coding=8), "да" * 9),
        (deliver_sm(YES, tlvs=", но только завтра".encode("utf-16-be"), data_coding=8), None),
        (deliver_sm(YES, tlvs="… но только завтра".encode("utf-16-be"), data_coding=8), None),
        (deliver_sm(YES, tlvs=NEW_LINE, data_coding=8), None),
        (deliver_sm(b"aliance 100080 1", tlvs="0 и отдельно домофон".encode("utf-16-be")[:36]), None),
        (deliver_sm(YES, tlvs=tlv(0x4000, b"?"), data_coding=8), None),
        (deliver_sm(YES, tlvs=tlv(0x424, YES + BUT), data_coding=8), None),
        (deliver_sm(YES, tlvs=tlv(0x1500, b"7") + tlv(0x424, YES + BUT), data_coding=8), None),
    ],
    ids=["a NUL", "three NULs", "many NULs", "a NUL behind a TLV", "a NUL behind a payload",
         "the standard's", "a vendor's", "a vendor's long one", "the same as a payload",
         "words that read as a TLV", "dots", "a new line", "a digit", "of nobody",
         "a longer payload", "a longer payload behind a TLV"],
)  # fmt: skip
async def test_a_text_is_read_where_what_stands_behind_it_is_none_of_it(
    core: Core, octets: bytes, said: str | None
) -> None:
    async with open_door(core) as door:
        pdu = decode(octets)
        assert isinstance(pdu, DeliverSm | DataSm)
        assert pdu.cut is None
        assert await door.take(pdu) == [OK]
        (row,) = await door.rows()
    assert row.payload["text"] == (said or "")
    assert row.payload.get("raw") == (None if said else octets[16:].hex())


def test_a_receipts_id_ends_where_its_octets_say() -> None:
    said = DeliverSm(esm_class=4, tlvs=(Tlv(0x001E, b"7f\0\0rest"), Tlv(0x0427, b"\2")))
    receipt = receipt_of(said)
    assert receipt is not None
    assert receipt.ids == ("7f",)
    by_text = receipt_of(DeliverSm(esm_class=4, data_coding=4, short_message=b"id:7f\0 stat:DELIVRD err:0"))
    assert by_text is not None
    assert by_text.ids == ("7f",)


@pytest.mark.parametrize(
    "address, ton, sender",
    [
        ("84901234567", 1, "84901234567"),  # Vietnam
        ("85212345678", 1, "85212345678"),  # Hong Kong
        ("85212345678", 0, "85212345678"),
        ("89141234567", 1, "79141234567"),  # 89 begins no country's numbers
        ("89141234567", 0, "79141234567"),
        ("84232123456", 2, "74232123456"),
    ],
)
def test_a_foreign_phone_is_not_taken_for_a_russian_one(address: str, ton: int, sender: str) -> None:
    assert sender_of(DeliverSm(source_addr=address, source_addr_ton=ton)) == sender


def test_a_foreign_phone_without_a_plus_stays_what_it_is() -> None:
    assert [msisdn(each) for each in ("85212345678", "+85212345678", "89141234567")] == [
        "85212345678",
        "85212345678",
        "79141234567",
    ]

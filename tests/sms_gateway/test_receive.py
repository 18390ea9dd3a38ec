"""What the SMSC hands over: stored once, in few commits, before it is acknowledged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.messages.segments import Alphabet
from core.use_cases.sms_part_meeting import SURE_AFTER
from core.wiring import Core
from sms_gateway.senders import sender_of
from sms_gateway.smpp.link import ALPHABETS
from sms_gateway.smpp.pdu import DeliverSm, Tlv
from tests.core.scenes import ON_SQLITE
from tests.fakes import FakeClock
from tests.sms_gateway.receive_scenes import LATER, OK, PHONE, SMSC, Door, open_door, parts_of, text


async def test_a_message_is_stored_then_acknowledged_then_handed_on(door: Door) -> None:
    assert await door.take(text("да")) == [OK]
    (row,) = await door.rows()
    assert (row.channel, row.source, row.sender, row.state) == ("sms", "smsc", PHONE, "new")
    facts = {"to": "3116", "data_coding": 8, "smsc": "smsc", "bind": "smsc", "vouched": True}
    assert row.payload == {"text": "да", **facts}
    assert [each.id for each in door.taken] == [row.id]


async def test_the_same_message_five_times_is_one(door: Door) -> None:
    assert await door.take(*[text("да")] * 3) == [OK] * 3
    # 20 s later it is another time bucket.
    door.seconds += 20
    assert await door.take(*[text("да")] * 2) == [OK] * 2
    assert len(await door.rows()) == 1
    assert len(door.taken) == 1


async def test_a_restart_within_the_bucket_still_knows_a_redelivery(core: Core) -> None:
    for _ in range(2):
        async with open_door(core) as door:
            assert await door.take(text("да")) == [OK]
            assert len(await door.rows()) == 1


async def test_a_text_repeated_later_is_another_message(door: Door, clock: FakeClock) -> None:
    for _ in range(3):
        assert await door.take(text("да")) == [OK]
        door.seconds += 61
        clock.shift(timedelta(seconds=61))
    assert len(door.taken) == 3


async def test_people_texts_and_references_tell_messages_apart(door: Door) -> None:
    reference = Tlv(0x0204, b"\0\1")
    assert (
        await door.take(
            text("да"), text("нет"), text("да", source="79141234568"), text("да", tlvs=(reference,))
        )
        == [OK] * 4
    )
    assert len(door.taken) == 4


async def test_what_arrives_together_shares_a_commit(door: Door) -> None:
    assert await door.take(*(text(f"aliance 100080 {n}") for n in range(250))) == [OK] * 250
    assert sum(door.inbox.commits) == 250
    assert len(door.inbox.commits) <= 3
    assert [each.arrival.payload["text"] for each in door.taken] == [
        f"aliance 100080 {n}" for n in range(250)
    ]


async def test_what_cannot_be_committed_stays_with_the_smsc(door: Door) -> None:
    door.inbox.full = True
    assert await door.take(text("да"), text("нет")) == [LATER, LATER]
    assert door.taken == []
    door.inbox.full = False
    assert await door.take(text("да"), text("нет")) == [OK, OK]
    assert len(door.taken) == 2


async def test_a_text_of_parts_is_joined_before_it_is_read(door: Door) -> None:
    # Cut inside the surrogate pair and inside a letter, and the last part first.
    said = "aliance 👍 да"
    pieces = parts_of(said.encode("utf-16-be"), 18, 23)
    assert await door.take(pieces[2]) == [OK]
    assert await door.take(pieces[0], pieces[0]) == [OK, OK]
    assert door.taken == []
    assert await door.take(pieces[1]) == [OK]
    assert [each.arrival.payload["text"] for each in door.taken] == [said]
    assert await door.parts() == 0


async def test_parts_that_come_again_are_no_text_and_give_way_to_the_next_one(door: Door) -> None:
    pieces = parts_of("да".encode("utf-16-be"), 2)
    for _ in range(5):
        assert await door.take(*pieces) == [OK, OK]
    assert await door.take(pieces[1]) == [OK]
    assert len(door.taken) == 1
    # The reference comes round again for another text.
    door.seconds += 61
    assert await door.take(*parts_of("нет".encode("utf-16-be"), 2)) == [OK, OK]
    assert [each.arrival.payload["text"] for each in door.taken] == ["да", "нет"]
    assert await door.parts() == 0


@ON_SQLITE
async def test_a_text_that_ends_as_the_one_before_waits_with_the_smsc_for_a_moment(
    door: Door, clock: FakeClock
) -> None:
    for said, statuses in (("да да", [OK, OK]), ("ну да", [OK, LATER])):
        assert await door.take(*parts_of(said.encode("utf-16-be"), 6)) == statuses
    clock.shift(SURE_AFTER * 2)
    assert await door.take(parts_of("ну да".encode("utf-16-be"), 6)[1]) == [OK]
    assert [each.arrival.payload["text"] for each in door.taken] == ["да да", "ну да"]


async def test_a_failure_at_the_last_part_loses_nothing(door: Door) -> None:
    first, last = parts_of("да".encode("utf-16-be"), 2)
    assert await door.take(first) == [OK]
    door.inbox.full = True
    assert await door.take(last) == [LATER]
    door.inbox.full = False
    assert await door.take(last) == [OK]
    assert [each.arrival.payload["text"] for each in door.taken] == ["да"]


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(source_addr=PHONE, data_coding=8, short_message=b"\x04"),
        DeliverSm(source_addr=PHONE, data_coding=4, short_message=b"\x04"),
        DeliverSm(source_addr=PHONE, esm_class=0x40, short_message=b"\x04"),
    ],
    ids=["odd UCS-2", "binary", "broken header"],
)
async def test_what_cannot_be_read_is_stored_and_acknowledged(door: Door, pdu: DeliverSm) -> None:
    assert await door.take(pdu) == [OK]
    (row,) = await door.rows()
    assert row.payload["text"] == ""
    assert row.payload["undecodable"] is True
    assert row.payload["raw"] == "04"


async def test_a_card_number_is_stored_nowhere(door: Door) -> None:
    card = "4111 1111 1111 1111"
    assert await door.take(text(f"aliance {card}")) == [OK]
    (row,) = await door.rows()
    assert row.payload["card_masked"] is True
    stored = str(row)
    assert card not in stored
    assert card.encode("utf-16-be").hex() not in stored


async def test_a_text_that_the_database_could_not_keep_is_kept(door: Door) -> None:
    long_sender = DeliverSm(source_addr="A" * 64, source_addr_ton=5, short_message=b"\x00", data_coding=3)
    assert await door.take(long_sender) == [OK]
    (row,) = await door.rows()
    assert row.payload["text"] == "\ufffd"
    assert row.sender == "A" * 32


async def test_a_receipt_is_no_message(door: Door) -> None:
    assert await door.take(DeliverSm(esm_class=4, short_message=b"id:7 stat:DELIVRD err:0")) == [OK]
    assert await door.rows() == []
    assert [each.ids[0] for each in door.receipts] == ["7"]


@ON_SQLITE
@pytest.mark.parametrize("kind", [0x08, 0x10])
async def test_what_a_person_answers_by_their_phones_acknowledgement_is_a_message(
    door: Door, kind: int
) -> None:
    assert await door.take(replace(text("да"), esm_class=kind)) == [OK]
    assert [row.payload["text"] for row in await door.rows()] == ["да"]
    assert door.receipts == []


@ON_SQLITE
async def test_a_header_may_tell_of_a_national_alphabet(door: Door) -> None:
    header = bytes.fromhex("06 240101 250101".replace(" ", ""))
    pdu = DeliverSm(source_addr=PHONE, esm_class=0x40, short_message=header + b"\x40stanbul \x1b\x73ey")
    assert await door.take(pdu) == [OK]
    (row,) = await door.rows()
    assert row.payload["text"] == "İstanbul şey"


@ON_SQLITE
async def test_a_text_in_an_alphabet_that_we_do_not_have_is_stored_unread(door: Door) -> None:
    header = bytes.fromhex("03 250106")  # Hindi: by the default table it would be other letters
    pdu = DeliverSm(source_addr=PHONE, esm_class=0x40, short_message=header + b"\x40\x41 100080 100")
    assert await door.take(pdu) == [OK]
    (row,) = await door.rows()
    assert (row.payload["text"], row.payload["undecodable"]) == ("", True)


@ON_SQLITE
@pytest.mark.parametrize(
    "alphabets, coding, octets, said",
    [({1: "gsm"}, 1, b"\x00", "@"), ({3: "gsm"}, 3, b"\x1b\x65", "€"), ({0: "latin1"}, 0, b"\xe9", "é")],
)
async def test_an_smsc_means_by_a_coding_what_its_address_says(
    door: Door, alphabets: dict[int, Alphabet], coding: int, octets: bytes, said: str
) -> None:
    door.smsc = replace(SMSC, alphabets={**ALPHABETS, **alphabets})
    await door.take(DeliverSm(source_addr=PHONE, data_coding=coding, short_message=octets))
    assert [row.payload["text"] for row in await door.rows()] == [said]


@ON_SQLITE
async def test_the_operator_is_told_by_a_tlv_else_by_the_bind(door: Door) -> None:
    door.smsc = replace(SMSC, operator="mts", operator_tlv=0x1403)
    await door.take(text("one"), text("two", tlvs=(Tlv(0x1403, b"tele2\0"),)))
    door.smsc = SMSC
    await door.take(text("three"))
    assert [row.payload.get("operator") for row in await door.rows()] == ["mts", "tele2", None]


@ON_SQLITE
async def test_where_an_smsc_gives_ids_they_tell_repeats_from_messages(door: Door) -> None:
    door.smsc = replace(SMSC, id_tlv=0x1500)
    first, second = (text("да", tlvs=(Tlv(0x1500, each),)) for each in (b"1", b"2"))
    assert await door.take(first, second) == [OK, OK]
    door.seconds += 3600
    assert await door.take(first, second) == [OK, OK]
    assert len(await door.rows()) == 2


@ON_SQLITE
async def test_parts_that_come_by_two_binds_of_an_smsc_are_one_text(door: Door) -> None:
    pieces = parts_of("да".encode("utf-16-be"), 2)
    for number, piece in enumerate(pieces, start=1):
        door.smsc = replace(SMSC, number=number)
        assert await door.take(piece) == [OK]
    assert [each.arrival.payload["text"] for each in door.taken] == ["да"]
    # Who is asked by the second bind is answered by it.
    assert door.taken[0].arrival.payload["bind"] == "smsc#2"


@pytest.mark.parametrize(
    "address, ton, sender",
    [
        ("79141234567", 1, "79141234567"),
        ("+79141234567", 1, "79141234567"),
        ("89141234567", 2, "79141234567"),
        ("9141234567", 2, "79141234567"),
        ("9141234567", 0, "9141234567"),
        ("900", 0, "900"),
        ("MegaFon", 5, "MegaFon"),
        ("8MegaFon123", 5, "8MegaFon123"),
        ("", 0, ""),
    ],
)
def test_a_phone_is_known_by_its_international_digits(address: str, ton: int, sender: str) -> None:
    assert sender_of(DeliverSm(source_addr=address, source_addr_ton=ton)) == sender

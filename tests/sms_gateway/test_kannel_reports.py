"""Kannel's delivery reports: of what we signed alone, under our own id, until they are written."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sms_gateway.receipts import Receipt
from tests.sms_gateway import kannel_scenes
from tests.sms_gateway.kannel_scenes import Door

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

door = kannel_scenes.door


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

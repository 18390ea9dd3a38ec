"""What settles a part after its answer was given up: a late answer of either kind, in time and out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Balance
from core.messages.sms_trials import PartTold
from core.storage.message_tables import notice, sms_receipt, sms_submission
from core.wiring import Core
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.receipts import receipt_of
from sms_gateway.smpp.pdu import DeliverSm, Tlv
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import Desk, FakeSession, bind_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_gateway.settling.LATE_SECONDS", 0.0)


PHONE = "79141234567"


async def given_up(core: Core, clock: FakeClock) -> tuple[Desk, FakeSession]:
    """A balance whose only part was sent, and no answer came."""
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(PHONE), Balance(), key="k", locale="ru", now=clock.now())
    session = FakeSession(Unknown("no response"))
    desk = Desk(core, bind_of(session), render=lambda due: "text")
    await desk.delivery.run_once()
    assert await states(core) == ("uncertain", "unknown", "no response")
    return desk, session


async def states(core: Core) -> tuple[Any, ...]:
    async with core.database.read() as tx:
        text, part = await tx.one(select(notice)), await tx.one(select(sms_submission))
    return text.state, part.state, part.reason


def comes_late(session: FakeSession, outcome: Outcome) -> None:
    (late,) = session.late
    assert late is not None
    late(outcome)


@pytest.mark.parametrize(
    "outcome, ends",
    [
        (Submitted("7F"), ("sent", "sent", "late answer")),
        (Submitted(""), ("sent", "sent", "late answer")),
        (Refused(0x0B, retry=False), ("failed", "failed", "smsc 0xb")),
    ],
    ids=["taken", "taken without an id", "refused"],
)
async def test_a_late_answer_says_what_became_of_it(
    core: Core, clock: FakeClock, outcome: Outcome, ends: tuple[str, str, str]
) -> None:
    desk, session = await given_up(core, clock)
    comes_late(session, outcome)
    await desk.settling.write_late_once()
    assert await states(core) == ends


async def test_what_says_nothing_of_it_is_not_waited_for(core: Core, clock: FakeClock) -> None:
    desk, session = await given_up(core, clock)
    comes_late(session, NotSent("not bound"))
    comes_late(session, Submitted("7F"))
    await desk.settling.write_late_once()  # the first in the line is the second that came
    assert (await states(core))[0] == "sent"


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(esm_class=4, source_addr=PHONE),
        DeliverSm(esm_class=4, source_addr=PHONE, short_message=b"yes"),
        DeliverSm(esm_class=0x20, source_addr=PHONE, short_message=b"id:7f sub:001"),
        DeliverSm(esm_class=4, source_addr="Aliance", destination_addr="3116", tlvs=(Tlv(0x427, b"\2"),)),
    ],
    ids=["nothing", "no words of a receipt", "no state", "neither an id nor a phone"],
)
async def test_a_receipt_that_tells_nothing_is_logged_and_settles_nothing(
    core: Core, clock: FakeClock, pdu: DeliverSm
) -> None:
    desk, _ = await given_up(core, clock)
    receipt = receipt_of(pdu)
    assert receipt is not None
    with capture_logs() as said:
        await desk.settling.take_receipt("smsc", receipt)
    assert [(each["event"], PHONE in str(each)) for each in said] == [("receipt tells nothing", False)]
    assert await states(core) == ("uncertain", "unknown", "no response")
    async with core.database.read() as tx:
        assert await tx.all(select(sms_receipt)) == []


async def test_a_receipt_without_an_id_is_of_the_only_answered_text_to_its_phone(
    core: Core, clock: FakeClock
) -> None:
    desk, session = await given_up(core, clock)
    receipt = receipt_of(DeliverSm(esm_class=4, source_addr=PHONE, short_message=b"stat:UNDELIV err:011"))
    assert receipt is not None
    clock.shift(timedelta(seconds=1))
    await desk.settling.take_receipt("smsc", receipt)
    assert await states(core) == ("uncertain", "unknown", "no response")
    comes_late(session, Submitted("7F"))
    await desk.settling.write_late_once()
    await desk.settling.take_receipt("smsc", receipt)
    assert await states(core) == ("failed", "failed", "UNDELIV 011")


async def test_a_late_answer_that_cannot_be_written_stops_nobody(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, session = await given_up(core, clock)
    comes_late(session, Submitted("7F"))
    comes_late(session, Submitted("7F"))

    async def away(told: list[PartTold]) -> None:
        raise LookupError(told)

    with monkeypatch.context() as broken, capture_logs() as said:
        broken.setattr(core.sms_sending.receipts, "settle", away)
        await desk.settling.write_late_once()
    assert [each["event"] for each in said] == ["late answer not written"]
    await desk.settling.write_late_once()
    assert (await states(core))[0] == "sent"

"""Notices on their way out: how they look on the wire, and what each outcome leaves in the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.autopay_notices import SmsCode
from core.messages.notices import Balance, Cancelled, Notice
from core.messages.outbox import DueNotice
from core.money import Money
from core.payments.seal import Seal
from core.states import Channel, Lane
from core.storage.message_tables import notice
from core.use_cases.sending import Sending
from core.wiring import Core
from sms_gateway.delivery import Delivery
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.pdu import SubmitSm
from tests.core.autopay_scenes import CARD_KEY
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import Desk, FakeSession, bind_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHONE = "79141234567"
MONEY = Cancelled(number="100080", amount=Money(10_000))


def desk_of(core: Core, *sessions: FakeSession, said: str = "text", sending: Sending | None = None) -> Desk:
    return Desk(
        core,
        *(bind_of(session) for session in sessions),
        render=lambda due: f"again: {said}" if due.repeat else said,
        sending=sending,
    )


def delivery_of(
    core: Core, session: FakeSession, said: str = "text", sending: Sending | None = None
) -> Delivery:
    return desk_of(core, session, said=said, sending=sending).delivery


async def owe(core: Core, clock: FakeClock, said: Notice = MONEY, *, to: str = PHONE, key: str = "k") -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(to), said, key=key, locale="ru", now=clock.now())


async def rows(core: Core) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(notice).order_by(notice.c.id))


async def test_a_notice_goes_out_once_and_its_id_is_kept(core: Core, clock: FakeClock) -> None:
    await owe(core, clock)
    session = FakeSession(Submitted("7f"))
    delivery = delivery_of(core, session, "Остаток 5")
    assert await delivery.run_once() == 1
    assert await delivery.run_once() == 0
    assert session.submitted == [
        SubmitSm(
            source_addr_ton=3,
            source_addr="3116",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=PHONE,
            registered_delivery=1,
            data_coding=8,
            short_message="Остаток 5".encode("utf-16-be"),
        )
    ]
    (row,) = await rows(core)
    assert (row.state, row.provider_id) == ("sent", "7f")


async def test_a_long_text_goes_in_parts_and_asks_for_a_receipt_of_each(core: Core, clock: FakeClock) -> None:
    await owe(core, clock)
    session = FakeSession()
    await delivery_of(core, session, "я" * 140).run_once()
    assert [each.esm_class for each in session.submitted] == [0x40] * 3
    assert [each.registered_delivery for each in session.submitted] == [1, 1, 1]
    reference = session.submitted[0].short_message[3]
    headers = [bytes((5, 0, 3, reference, 3, n)) for n in (1, 2, 3)]
    assert [each.short_message[:6] for each in session.submitted] == headers
    (row,) = await rows(core)
    assert (row.state, row.provider_id) == ("sent", "id3")


OUTCOMES: list[tuple[str, Outcome, Notice, str, bool]] = [
    ("refused for good", Refused(0x0B, retry=False), MONEY, "failed", False),
    ("refused for now", Refused(0x08, retry=True), MONEY, "due", False),
    ("asked for less", Refused(0x58, retry=True, slow_down=True), MONEY, "due", False),
    ("never left", NotSent("not bound"), MONEY, "due", False),
    ("unknown, about money", Unknown("no response"), MONEY, "due", True),
    ("unknown, a balance", Unknown("no response"), Balance(), "uncertain", False),
    ("taken without an id", Submitted(""), MONEY, "sent", False),
]


@pytest.mark.parametrize("name, outcome, said, state, repeat", OUTCOMES, ids=[case[0] for case in OUTCOMES])
async def test_an_outcome_is_written(
    core: Core, clock: FakeClock, name: str, outcome: Outcome, said: Notice, state: str, repeat: bool
) -> None:
    await owe(core, clock, said)
    await delivery_of(core, FakeSession(outcome)).run_once()
    (row,) = await rows(core)
    assert (row.state, row.repeat, row.provider_id) == (state, repeat, None)


@pytest.mark.parametrize(
    "outcome",
    [
        NotSent("not bound"),
        Refused(0x58, retry=True, slow_down=True),
        Refused(0x14, retry=True, slow_down=True),
    ],
)
async def test_a_gateway_that_takes_nothing_for_an_hour_costs_no_attempt(
    core: Core, clock: FakeClock, outcome: Outcome
) -> None:
    await owe(core, clock)
    for _ in range(20):
        await delivery_of(core, FakeSession(outcome)).run_once()
        clock.shift(timedelta(minutes=3))
    await delivery_of(core, FakeSession()).run_once()
    (row,) = await rows(core)
    assert (row.state, row.attempt, row.repeat) == ("sent", 1, False)


async def test_a_text_of_money_that_may_have_gone_out_says_so_the_second_time(
    core: Core, clock: FakeClock
) -> None:
    await owe(core, clock)
    session = FakeSession(Unknown("no response"))
    delivery = delivery_of(core, session)
    await delivery.run_once()
    clock.shift(timedelta(minutes=1))
    await delivery.run_once()
    assert [each.short_message for each in session.submitted] == [b"text", b"again: text"]


async def test_a_text_goes_on_with_the_part_that_was_refused_for_now(core: Core, clock: FakeClock) -> None:
    await owe(core, clock)
    session = FakeSession(Submitted("1"), Refused(0x08, retry=True), NotSent("not bound"))
    delivery = delivery_of(core, session, "я" * 140)
    await delivery.run_once()
    for _ in range(2):
        clock.shift(timedelta(minutes=1))
        await delivery.run_once()
    # The SMSC has the first part: it is not submitted twice.
    assert [each.short_message[5] for each in session.submitted] == [1, 2, 2, 2, 3]
    assert len({each.short_message[3] for each in session.submitted}) == 1
    (row,) = await rows(core)
    assert (row.state, row.provider_id, row.attempt) == ("sent", "id5", 2)


async def test_what_cannot_be_sent_fails_and_holds_nobody_up(core: Core, clock: FakeClock) -> None:
    await owe(core, clock, to="Банк", key="a")
    await owe(core, clock, key="b")
    await delivery_of(core, FakeSession()).run_once()
    assert {row.address: row.state for row in await rows(core)} == {"Банк": "failed", PHONE: "sent"}
    await owe(core, clock, key="c")
    await delivery_of(core, FakeSession(), "я" * 67 * 256).run_once()
    assert sorted(row.state for row in await rows(core)) == ["failed", "failed", "sent"]


class Faltering(Sending):
    """An outbox whose database is away at the first look."""

    def __init__(self, core: Core) -> None:
        super().__init__(core.database, core.profile, core.clock, core.clock)
        self.looks = 0

    async def claim(
        self, channel: Channel, n: int, *, lane: Lane = Lane.PEOPLE, avoid: Collection[str] = ()
    ) -> list[DueNotice]:
        self.looks += 1
        if self.looks == 1:
            raise OSError("gone")
        return await super().claim(channel, n, lane=lane, avoid=avoid)


async def test_delivery_goes_on_after_trouble_until_it_is_stopped(core: Core, clock: FakeClock) -> None:
    sending = Faltering(core)
    delivery = delivery_of(core, FakeSession(), sending=sending)
    await owe(core, clock)
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(15):
        tasks.create_task(delivery.run())

        async def written() -> bool:
            return [row.state for row in await rows(core)] == ["sent"]

        await until(written)
        await delivery.stop()
        core.wakeups.notify(["outbox.sms", "outbox.sms.bulk"])


async def test_a_code_that_cannot_be_opened_here_fails_alone(core: Core, clock: FakeClock) -> None:
    said = SmsCode(sealed="not by a key of ours", purpose="link", number="100080")
    await owe(core, clock, said, key="code")
    await owe(core, clock, key="money")
    session = FakeSession()
    with_another_key = Sending(core.database, core.profile, clock, clock, Seal([CARD_KEY]))
    assert await delivery_of(core, session, sending=with_another_key).run_once() == 2
    assert [(row.template, row.state, row.reason) for row in await rows(core)] == [
        ("sms_code", "failed", "cannot be sent"),
        ("cancelled", "sent", None),
    ]
    assert len(session.submitted) == 1


async def test_a_notice_without_words_fails_alone(core: Core, clock: FakeClock) -> None:
    def render(due: DueNotice) -> str:
        return {PHONE: "text"}[due.address]

    await owe(core, clock, to="79020000001", key="wordless")
    await owe(core, clock)
    session = FakeSession()
    await Desk(core, bind_of(session), render=render).delivery.run_once()
    assert [each.destination_addr for each in session.submitted] == [PHONE]
    assert [(row.state, row.address) for row in await rows(core)] == [
        ("failed", "79020000001"),
        ("sent", PHONE),
    ]

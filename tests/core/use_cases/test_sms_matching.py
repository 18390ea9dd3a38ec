"""Which part a receipt is of where it names no phone or no id: the only one that it may be of, or none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Balance
from core.messages.sms_trials import End, PartSent, PartTold, ReceiptTold
from core.states import Channel
from core.storage.message_tables import notice
from core.use_cases.sms_matching import TOLD_AGAIN_WITHIN
from core.wiring import Core
from tests.core.sms_scenes import (
    DELIVERED,
    FAILED,
    MINUTE,
    MONEY,
    OTHER,
    PHONE,
    SENT,
    UNKNOWN,
    held,
    kept,
    part,
    parts_of,
    told,
    trial,
)  # fmt: skip
from tests.fakes import FakeClock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NAMELESS = told()
SECOND = timedelta(seconds=1)


async def sent(core: Core, message_id: str | None, *, to: str = PHONE, receipt: bool = True) -> None:
    of = await held(core, Balance(), to=to, key=f"{message_id} {to}")
    state, end = (SENT, End.SENT) if message_id else (UNKNOWN, End.UNKNOWN)
    await core.sms_sending.conclude([trial(of, part(1, message_id, state, receipt=receipt), end=end)])


async def ends(core: Core) -> list[str]:
    async with core.database.read() as tx:
        return [row.state for row in await tx.all(select(notice.c.state).order_by(notice.c.id))]


@pytest.mark.parametrize("given, receipt", [("3039", "12345"), ("12345", "3039"), ("1a2b", "6699")])
@pytest.mark.parametrize("early", [False, True])
async def test_an_id_in_the_other_base_is_known_without_a_phone(
    core: Core, given: str, receipt: str, early: bool
) -> None:
    if early:
        await core.sms_sending.receipts.take([told(receipt, phone="")])
    await sent(core, given)
    if not early:
        await core.sms_sending.receipts.take([told(receipt, phone="")])
    assert await ends(core) == ["delivered"]
    assert await kept(core) == 0


async def test_an_id_as_it_was_given_goes_before_the_other_base(core: Core) -> None:
    await sent(core, "12345")
    await sent(core, "3039", to=OTHER)
    await core.sms_sending.receipts.take([told("3039", phone="")])
    assert await ends(core) == ["sent", "delivered"]


async def test_an_id_that_is_two_messages_in_the_other_base_is_neither_without_a_phone(core: Core) -> None:
    await sent(core, "12345")
    await sent(core, "12345", to=OTHER)
    await core.sms_sending.receipts.take([told("3039", phone="")])
    assert await ends(core) == ["sent", "sent"]
    await core.sms_sending.receipts.take([told("3039")])
    assert await ends(core) == ["delivered", "sent"]


async def test_without_an_id_it_is_the_only_text_to_the_phone(core: Core, clock: FakeClock) -> None:
    await sent(core, "80", to=OTHER)
    await sent(core, "7f")
    clock.shift(SECOND)
    await core.sms_sending.receipts.take([NAMELESS])
    assert await ends(core) == ["sent", "delivered"]
    assert await kept(core) == 0


async def test_a_text_that_no_answer_came_to_is_settled_by_no_receipt_without_an_id(
    core: Core, clock: FakeClock
) -> None:
    await sent(core, None)
    clock.shift(SECOND)
    await core.sms_sending.receipts.take([NAMELESS])
    clock.shift(2 * MINUTE)
    await core.sms_sending.receipts.match_once()
    assert await parts_of(core) == [UNKNOWN]


async def test_money_that_no_answer_came_to_is_told_again_though_an_older_texts_receipt_comes_again(
    core: Core, clock: FakeClock
) -> None:
    await sent(core, "7f")
    await core.sms_sending.receipts.take([told("7f")])
    clock.shift(2 * MINUTE)
    of = await held(core, MONEY, key="two")
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.UNKNOWN)])
    clock.shift(SECOND)
    await core.sms_sending.receipts.take([NAMELESS])
    clock.shift(MINUTE)
    (again,) = await core.sending.claim(Channel.SMS, 10)
    assert again.repeat


@pytest.mark.parametrize("message_id", ["7f", None], ids=["answered", "not answered"])
async def test_a_text_that_had_not_left_when_it_came_is_not_settled_by_it(
    core: Core, clock: FakeClock, message_id: str | None
) -> None:
    of = await held(core, Balance())
    await core.sms_sending.receipts.take([NAMELESS])
    clock.shift(SECOND)
    state, end = (SENT, End.SENT) if message_id else (UNKNOWN, End.UNKNOWN)
    await core.sms_sending.conclude([trial(of, part(1, message_id, state), end=end)])
    clock.shift(2 * MINUTE)
    await core.sms_sending.receipts.match_once()
    assert await parts_of(core) == [state]


async def test_of_several_texts_to_the_phone_none_is_guessed(core: Core) -> None:
    await sent(core, "7f")
    await sent(core, "80")
    with capture_logs() as said:
        await core.sms_sending.receipts.take([NAMELESS])
    assert await ends(core) == ["sent", "sent"]
    assert await kept(core) == 0
    (log,) = [each for each in said if each["event"] == "receipt without an id settles nothing"]
    assert PHONE not in str(log)


@pytest.mark.parametrize("settled", ["by its receipt", "by staff", "at another smsc"])
async def test_a_text_that_was_settled_hours_ago_may_be_told_of_again_and_none_is_guessed(
    core: Core, clock: FakeClock, settled: str
) -> None:
    of = await held(core, Balance(), key="first")
    first = replace(trial(of, part(1, "7f")), smsc="another" if settled == "at another smsc" else "smsc")
    await core.sms_sending.conclude([first])
    clock.shift(SECOND)
    end = PartTold(of.id, of.lease, 1, DELIVERED, "by the word of staff", None)
    if settled == "by its receipt":
        await core.sms_sending.receipts.take([NAMELESS])
    else:
        await core.sms_sending.receipts.settle([end])
    clock.shift(TOLD_AGAIN_WITHIN - MINUTE)
    await sent(core, "80")
    clock.shift(SECOND)
    await core.sms_sending.receipts.take([NAMELESS])
    assert await ends(core) == ["delivered", "sent"]
    clock.shift(MINUTE)
    await core.sms_sending.receipts.take([NAMELESS])
    assert await ends(core) == ["delivered", "delivered"]


async def test_it_is_not_an_older_texts_while_a_newer_one_is_under_way(core: Core, clock: FakeClock) -> None:
    await sent(core, "7f")
    clock.shift(SECOND)
    of = await held(core, Balance())
    await core.sms_sending.receipts.take([NAMELESS])
    assert await parts_of(core) == [SENT]
    await core.sms_sending.conclude([trial(of, part(1, "80"))])
    assert await parts_of(core) == [SENT, SENT]


@pytest.mark.parametrize("why", ["another smsc", "another phone", "no receipt was asked for", "long ago"])
async def test_a_text_that_it_cannot_be_of_is_left_alone(core: Core, clock: FakeClock, why: str) -> None:
    await sent(core, "7f", receipt=why != "no receipt was asked for")
    clock.shift(SECOND)
    if why == "long ago":
        clock.shift(timedelta(days=1, minutes=1))
    smsc, phone = (
        ("another" if why == "another smsc" else "smsc"),
        (OTHER if why == "another phone" else PHONE),
    )
    await core.sms_sending.receipts.take([ReceiptTold(smsc, (), phone, DELIVERED, "DELIVRD")])
    assert await parts_of(core) == [SENT]


async def test_one_that_came_before_is_not_the_next_texts(core: Core, clock: FakeClock) -> None:
    await core.sms_sending.receipts.take([NAMELESS])
    clock.shift(2 * MINUTE)
    await sent(core, "7f")
    assert await core.sms_sending.receipts.match_once() == 0
    assert await ends(core) == ["sent"]


async def test_one_on_its_way_settles_nothing_and_is_not_kept(core: Core) -> None:
    await sent(core, "7f")
    await core.sms_sending.receipts.take([told(state=SENT), told(state=SENT, phone=OTHER)])
    assert await ends(core) == ["sent"]
    assert await kept(core) == 0


async def test_what_is_kept_without_an_id_is_forgotten_by_its_phone_alone(core: Core) -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(PHONE), Balance(), key="k", locale="ru", now=core.clock.now())
    (of,) = await core.sending.claim(Channel.SMS, 10)
    await core.sms_sending.receipts.take([NAMELESS, told(phone=OTHER)])
    await core.sms_sending.conclude([trial(of, part(1, "7f"))])
    assert await ends(core) == ["sent"]
    assert await kept(core) == 1


async def test_one_that_came_while_its_submission_was_written_is_not_lost(
    core: Core, clock: FakeClock
) -> None:
    of = await held(core, Balance())
    clock.shift(SECOND)
    await core.sms_sending.receipts.take([NAMELESS])
    clock.shift(-SECOND)  # when it left, and its writing began
    await core.sms_sending.conclude([trial(of, part(1, "7f"))])
    assert await ends(core) == ["delivered"]
    assert await kept(core) == 0


@pytest.mark.parametrize("to_be", ["its own", "another text's"])
async def test_a_try_that_was_refused_has_no_receipt_and_is_no_rival(
    core: Core, clock: FakeClock, to_be: str
) -> None:
    of = await held(core, Balance())
    end = End.LATER if to_be == "its own" else End.REFUSED
    refused = PartSent(1, FAILED, status=0x14, reason="smsc 0x14")
    await core.sms_sending.conclude([trial(of, refused, end=end)])
    clock.shift(MINUTE)
    if to_be == "its own":
        (again,) = await core.sending.claim(Channel.SMS, 10)
        await core.sms_sending.conclude([trial(again, part(1, "7f"))])
    else:
        await sent(core, "7f")
    clock.shift(SECOND)
    await core.sms_sending.receipts.take([NAMELESS])
    assert await parts_of(core) == [FAILED, DELIVERED]


async def test_a_text_that_its_receipt_says_was_not_delivered_is_a_rival_as_any(
    core: Core, clock: FakeClock
) -> None:
    await sent(core, "7f")
    await core.sms_sending.receipts.take([told("7f", state=FAILED)])
    clock.shift(MINUTE)
    await sent(core, "80")
    clock.shift(SECOND)
    await core.sms_sending.receipts.take([NAMELESS])
    assert await parts_of(core) == [FAILED, SENT]

"""Replies to an aggregator over real sockets: what is posted, signed, and what each answer means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.messages.segments import TooLong
from sms_gateway.aggregator.replies import AggregatorReplies
from sms_gateway.aggregator.signature import Signature
from sms_gateway.outcomes import Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.link import Patience
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.gateways import KEY, PHONE, Aggregator
from tests.sms_gateway.raw_smsc import QUICK


@pytest.fixture
async def aggregator(clock: FakeClock) -> AsyncIterator[Aggregator]:
    opened = Aggregator(clock)
    async with opened.listening():
        yield opened


ANSWERS: list[tuple[int, Outcome]] = [
    (204, Submitted("")),
    (400, Refused(400, retry=False)),
    (422, Refused(422, retry=False)),
    (401, Refused(401, retry=True, slow_down=True)),
    (302, Refused(302, retry=True, slow_down=True)),
    (503, Refused(503, retry=True, slow_down=True)),
    (500, Unknown("status 500")),
]


@asynccontextmanager
async def replies_to(
    url: str, clock: FakeClock, patience: Patience = QUICK
) -> AsyncIterator[AggregatorReplies]:
    replies = AggregatorReplies(
        url, short_code="3116", signature=Signature(KEY), window=10, per_second=10_000, wall=clock,
        patience=patience,
    )  # fmt: skip
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(replies.run())
        await until(lambda: replies.up)
        yield replies
        await replies.close()


async def reply(replies: AggregatorReplies, text: str, *, within: float = 10) -> Outcome:
    (piece,) = replies.cut(text, reference=1)
    at = asyncio.get_running_loop().time() + within
    outcome = await replies.submit(PHONE, piece, last=True, lives_seconds=90.5, until=at)
    if isinstance(outcome, Submitted | Unknown):
        assert outcome.message_id
        return Submitted("") if isinstance(outcome, Submitted) else Unknown(outcome.why)
    return outcome


@pytest.mark.parametrize("status, outcome", ANSWERS)
async def test_an_aggregators_answer_is_read(
    aggregator: Aggregator, clock: FakeClock, status: int, outcome: Outcome
) -> None:
    aggregator.answers = [status] * 1000
    async with replies_to(aggregator.url, clock) as replies:
        assert await reply(replies, "да", within=0.05) == outcome


async def test_a_long_text_goes_whole_with_its_number_of_parts(
    aggregator: Aggregator, clock: FakeClock
) -> None:
    async with replies_to(aggregator.url, clock) as replies:
        assert await reply(replies, "я😀" * 100) == Submitted("")
    (got,) = aggregator.got
    assert (got["text"], got["parts"], got["lives_seconds"]) == ("я😀" * 100, 5, 90)


async def test_no_answer_is_unknown_and_nobody_there_is_not(aggregator: Aggregator, clock: FakeClock) -> None:
    aggregator.answers = [None]
    impatient = Patience(connect_seconds=1, response_seconds=0.1)
    async with replies_to(aggregator.url, clock, impatient) as replies:
        assert await reply(replies, "да", within=0.05) == Unknown("TimeoutError")
    async with replies_to("http://127.0.0.1:9/", clock) as replies:
        assert await reply(replies, "да", within=0.05) == Refused(0, retry=True, slow_down=True)


def test_a_text_that_no_phone_could_join_is_too_long() -> None:
    replies = AggregatorReplies(
        "https://h/", short_code="3116", signature=Signature(KEY), window=1, per_second=1, wall=FakeClock()
    )
    assert replies.cut("я" * 67 * 255, reference=1)[0].segments == 255
    with pytest.raises(TooLong):
        replies.cut("я" * 67 * 256, reference=1)

"""Receipts that fall between two writings: of a text that goes again, of a submission whose process died."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.messages.sms_trials import End, Trial
from core.states import Channel
from core.use_cases.sms_sending import SmsSending
from core.wiring import Core
from tests.core.scenes import ON_SQLITE
from tests.core.sms_scenes import (
    MINUTE,
    OTHER,
    SENT,
    UNKNOWN,
    held,
    kept,
    part,
    the_notice,
    told,
    trial,
)
from tests.fakes import FakeClock


@ON_SQLITE
@pytest.mark.parametrize("end", [End.UNKNOWN, End.NOT_SENT, End.SENT])
async def test_a_receipt_that_comes_while_a_text_goes_again_ends_it(
    core: Core, clock: FakeClock, end: End
) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, "1", UNKNOWN), end=End.UNKNOWN)])
    clock.shift(MINUTE)
    (again,) = await core.sending.claim(Channel.SMS, 10)
    await core.sms_sending.receipts.take([told("1")])
    sent = {End.UNKNOWN: [part(1, None, UNKNOWN)], End.SENT: [part(1, "2", SENT)]}.get(end, [])
    await core.sms_sending.conclude([Trial(again, "smsc", "smsc", "marked", 1, sent, end, "why")])
    assert (await the_notice(core)).state == "delivered"
    clock.shift(MINUTE)
    assert await core.sending.claim(Channel.SMS, 10) == []


@ON_SQLITE
async def test_a_text_that_goes_again_and_was_not_told_of_goes_on(core: Core, clock: FakeClock) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.UNKNOWN)])
    clock.shift(MINUTE)
    (again,) = await core.sending.claim(Channel.SMS, 10)
    await core.sms_sending.conclude([trial(again, end=End.NOT_SENT, total=1)])
    (last,) = await core.sending.claim(Channel.SMS, 10)
    assert last.repeat


class Dies(SmsSending):
    """A process that ends between a submission's commit and the receipts that were quicker."""

    async def conclude(self, trials: Sequence[Trial]) -> Sequence[None]:
        async with self._database.transaction() as tx:
            await self._record(tx, trials)
        return [None] * len(trials)


async def test_an_early_receipt_outlives_the_process_that_was_to_apply_it(
    core: Core, clock: FakeClock
) -> None:
    of = await held(core)
    await core.sms_sending.receipts.take([told("7f"), told("80", phone=OTHER)])
    await Dies(core.database, core.wall).conclude([trial(of, part(1, "7F"))])
    assert (await the_notice(core)).state == "sent"
    assert await core.sms_sending.receipts.match_once() == 0  # who wrote it may still be at it
    clock.shift(2 * MINUTE)
    assert await core.sms_sending.receipts.match_once() == 1
    assert (await the_notice(core)).state == "delivered"
    assert await kept(core) == 1

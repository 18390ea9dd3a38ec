"""Settled by the word of staff: a text that was perhaps sent, once, with who and why; receipts go before."""

from typing import Any

import pytest

from core.errors import Refusal
from core.ids import NoticeId
from core.messages.notices import Balance
from core.messages.sms_trials import End, PartSent
from core.sms_states import SmsState
from core.staff_errors import NotAllowed, NotUncertain, UnknownMessage
from core.states import NoticeState
from core.storage.message_tables import notice, sms_submission
from core.storage.staff_tables import audit
from core.use_cases.sms_settling import Settled
from core.wiring import Core
from tests.core.broadcast_scenes import ANNA, VERA, hire
from tests.core.scenes import ON_SQLITE, rows
from tests.core.sms_scenes import held, told, trial

pytestmark = ON_SQLITE
SENT, UNKNOWN = SmsState.SENT, SmsState.UNKNOWN


@pytest.fixture
async def lost(core: Core) -> NoticeId:
    """A balance of two parts: the answer to the second one did not come."""
    await hire(core)
    one = await held(core, Balance())
    parts = PartSent(1, SENT, "id1"), PartSent(2, UNKNOWN, reason="no response")
    await core.sms_sending.conclude([trial(one, *parts, end=End.UNKNOWN, total=2)])
    return one.id


async def _settle(core: Core, of: NoticeId, *, delivered: bool, by: str = ANNA, **how: Any) -> Settled:
    return await core.sms_settling.settle(of, delivered=delivered, by=by, why="she has it", **how)


async def _refused(core: Core, of: NoticeId, *, by: str = ANNA) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await _settle(core, of, delivered=True, by=by)
    return refused.value


@pytest.mark.parametrize(
    "delivered, became", [(True, SmsState.DELIVERED), (False, SmsState.FAILED)], ids=["delivered", "failed"]
)
async def test_what_was_perhaps_sent_becomes_what_staff_say(
    core: Core, lost: NoticeId, delivered: bool, became: SmsState
) -> None:
    assert await _settle(core, lost, delivered=delivered) == Settled(lost, "balance", became)
    (story,) = (await core.sms_records.show(lost)).sent
    assert (story.status, story.reason) == (became, "Anna: she has it")
    assert [(each.part, each.state) for each in story.submissions] == [(1, SENT), (2, became)]
    (entry,) = [row for row in await rows(core, audit) if row.action == "sms_settle"]
    assert (entry.by, entry.subject, entry.why) == (ANNA, str(lost), "she has it")
    # Once: and a receipt that comes after all changes nothing.
    refused = await _refused(core, lost)
    assert isinstance(refused, NotUncertain)
    assert refused.state == story.state
    await core.sms_sending.receipts.take([told("id1", state=SmsState.FAILED)])
    (row,) = await rows(core, notice)
    assert row.state == story.state


async def test_what_staff_called_failed_may_be_sent_again_without_the_mark(
    core: Core, lost: NoticeId
) -> None:
    await _settle(core, lost, delivered=False)
    resent = await core.sms_resending.resend(lost, by=ANNA, why="asked for")
    (row,) = await rows(core, notice, id=resent.id)
    assert (row.repeat, row.state) == (False, NoticeState.DUE)


async def test_a_dry_run_settles_nothing(core: Core, lost: NoticeId) -> None:
    assert (await _settle(core, lost, delivered=True, dry_run=True)).became is SmsState.DELIVERED
    assert [row.state for row in await rows(core, notice)] == ["uncertain"]
    assert [row.state for row in await rows(core, sms_submission)] == ["sent", "unknown"]


async def test_only_staff_who_send_settle_and_only_an_sms_that_there_is(core: Core, lost: NoticeId) -> None:
    assert isinstance(await _refused(core, lost, by=VERA), NotAllowed)
    (entry,) = await rows(core, sms_submission, part=1)
    assert isinstance(await _refused(core, entry.trial), UnknownMessage)

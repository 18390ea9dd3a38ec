"""I9: each recipient of a broadcast has one outcome, nobody is sent to twice without a word of staff; I13."""

from datetime import timedelta

from sqlalchemy import String as Text
from sqlalchemy import and_, case, cast, func, or_, select

from core.notice_states import BroadcastState
from core.states import NoticeState
from core.storage.broadcast_tables import broadcast, broadcast_resend
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.use_cases.asking import Moment
from core.use_cases.broadcast_rows import ENDED
from core.use_cases.violations import NIGHT, SETTLED_WITHIN, Violation, violations

BEGUN_WITHIN = timedelta(days=1) + SETTLED_WITHIN  # as fees: the clock of a demo leaps
CONFIRMED = (NoticeState.SENT, NoticeState.DELIVERED)
OPEN = (NoticeState.DUE, NoticeState.TAKEN)


async def twice(tx: Transaction, _now: Moment) -> list[Violation]:
    """A recipient with two confirmed sends: rows of the same, or one that stands in for one that arrived."""
    account = case((broadcast.c.each_account, cast(notice.c.account_id, Text)), else_="")
    same = (
        select(func.min(notice.c.dedupe_key))
        .join(broadcast, broadcast.c.id == notice.c.broadcast_id)
        .where(notice.c.template == "broadcast", notice.c.state.in_(CONFIRMED))
        .group_by(notice.c.broadcast_id, notice.c.channel, notice.c.address, account)
        .having(func.count() > 1)
    )
    first = notice.alias("first")
    instead = (
        select(notice.c.dedupe_key)
        .join(first, first.c.id == notice.c.parent_id)
        .where(
            notice.c.broadcast_id.is_not(None),
            notice.c.template == "broadcast",
            notice.c.state.in_(CONFIRMED),
            first.c.state.in_(CONFIRMED),
        )
    )
    return [
        *await violations(tx, "I9", same, "broadcast recipient {} has two confirmed sends"),
        *await violations(tx, "I9", instead, "broadcast recipient {} was sent to although it had arrived"),
    ]


async def resent(tx: Transaction, _now: Moment) -> list[Violation]:
    """An ambiguous send that went out again without staff saying so."""
    # An SMS that stands in for it may go by the word for it; an edit or a recall does no harm twice.
    word = select(broadcast_resend.c.notice_id).where(
        broadcast_resend.c.notice_id.in_([notice.c.id, notice.c.parent_id])
    )
    again = select(notice.c.dedupe_key).where(
        notice.c.broadcast_id.is_not(None),
        notice.c.template == "broadcast",
        notice.c.repeat,
        ~word.exists(),
    )
    return await violations(
        tx, "I9", again, "broadcast recipient {} was sent to again after an uncertain send"
    )


async def adds_up(tx: Transaction, _now: Moment) -> list[Violation]:
    """Recipients that are not the frozen audience, or are left open by a broadcast that has ended."""
    recipients = and_(
        notice.c.broadcast_id == broadcast.c.id,
        notice.c.broadcast_id.is_not(None),
        notice.c.parent_id.is_(None),
    )
    rows = select(func.count()).select_from(notice).where(recipients).scalar_subquery()
    sums = select(broadcast.c.number).where(broadcast.c.total != rows)
    open_ones = select(broadcast.c.number).where(
        broadcast.c.state.in_(ENDED),
        select(notice.c.id).where(notice.c.broadcast_id == broadcast.c.id, notice.c.state.in_(OPEN)).exists(),
    )
    return [
        *await violations(tx, "I9", sums, "the recipients of broadcast {} do not add up to its audience"),
        *await violations(tx, "I9", open_ones, "broadcast {} has ended with recipients left"),
    ]


async def left(tx: Transaction, now: Moment) -> list[Violation]:
    """I13: a broadcast that no job is at, or that is not sent; a recipient whose delivery died long ago."""
    late = now.wall - SETTLED_WITHIN
    unfinished = or_(
        and_(broadcast.c.state == BroadcastState.SCHEDULED, broadcast.c.start_at < now.at - BEGUN_WITHIN),
        and_(broadcast.c.state == BroadcastState.FREEZING, broadcast.c.started_at < late),
        # At night the doors do not look at what is quiet.
        and_(broadcast.c.state == BroadcastState.RUNNING, broadcast.c.expires_at < late - NIGHT),
    )
    held = select(notice.c.dedupe_key).where(
        notice.c.broadcast_id.is_not(None),
        notice.c.state == NoticeState.TAKEN,
        notice.c.lease_until < late,
    )
    stuck = select(broadcast.c.number).where(unfinished)
    return [
        *await violations(tx, "I13", stuck, "broadcast {} is past its time and goes on by nobody"),
        *await violations(tx, "I13", held, "broadcast recipient {} is in nobody's hands"),
    ]


RULES = (twice, resent, adds_up, left)

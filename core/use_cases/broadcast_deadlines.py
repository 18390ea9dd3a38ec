"""I13 of broadcasts: one that is past its time and goes on by nobody, a recipient whose delivery died."""

from datetime import timedelta

from sqlalchemy import and_, or_, select

from core.notice_states import BroadcastState
from core.states import NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.use_cases.asking import Moment
from core.use_cases.violations import NIGHT, SETTLED_WITHIN, Violation, violations

BEGUN_WITHIN = timedelta(days=1) + SETTLED_WITHIN  # as fees: the clock of a demo leaps


async def left(tx: Transaction, now: Moment) -> list[Violation]:
    """Asked once work has settled: a paused one waits for staff."""
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


RULES = (left,)

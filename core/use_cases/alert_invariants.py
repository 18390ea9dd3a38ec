"""Invariants of low-balance alerts: I10 and their part of I13 (reliability.md)."""

from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from core.messages.alert_notices import Alert
from core.storage.alert_tables import alert_episode
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.tables import account
from core.use_cases.asking import Moment
from core.use_cases.autopay_invariants import Rule
from core.use_cases.violations import SETTLED_WITHIN, Violation, violations

LOOKED_AT_WITHIN = timedelta(days=1) + SETTLED_WITHIN  # as fees: the clock of a demo leaps
# What stands in for another by SMS is the same alert: no notice of the episode's own.
_FIRST = and_(notice.c.template == Alert.template, notice.c.parent_id.is_(None))


async def once(tx: Transaction, _now: Moment) -> list[Violation]:
    """I10: two alerts for one account, kind and episode."""
    of = notice.c.params["episode"].as_string()
    twice = (
        select(notice.c.account_id)
        .where(notice.c.template == Alert.template)
        .group_by(notice.c.account_id, of, notice.c.channel, notice.c.address)
        .having(func.count() > 1)
    )
    later = alert_episode.alias("later")
    follows = and_(
        later.c.account_id == alert_episode.c.account_id,
        later.c.kind == alert_episode.c.kind,
        later.c.id > alert_episode.c.id,
    )
    overlapping = (
        select(alert_episode.c.account_id)
        .join(later, follows)
        .where(or_(alert_episode.c.closed_at.is_(None), later.c.opened_at < alert_episode.c.closed_at))
    )
    return [
        *await violations(tx, "I10", twice, "account {} was told twice of one low balance"),
        *await violations(tx, "I10", overlapping, "account {} has two episodes of one kind at once"),
    ]


async def told(tx: Transaction, _now: Moment) -> list[Violation]:
    """I10: an episode whose notices are not all there, an account that counts others than are open."""
    stored = (
        select(notice.c.account_id, func.count().label("stored"))
        .where(_FIRST)
        .group_by(notice.c.account_id)
        .subquery()
    )
    missing = (
        select(alert_episode.c.account_id)
        .outerjoin(stored, stored.c.account_id == alert_episode.c.account_id)
        .group_by(alert_episode.c.account_id, stored.c.stored)
        .having(func.sum(alert_episode.c.told) != func.coalesce(stored.c.stored, 0))
    )
    still = (
        select(func.count())
        .where(alert_episode.c.account_id == account.c.id, alert_episode.c.closed_at.is_(None))
        .scalar_subquery()
    )
    counted = select(account.c.number).where(account.c.alerts != still)
    return [
        *await violations(tx, "I10", missing, "the notices of account {} are not those of its episodes"),
        *await violations(tx, "I10", counted, "account {} counts other episodes than are open"),
    ]


async def looked_at(tx: Transaction, now: Moment) -> list[Violation]:
    """I13: an account whose moment has come and passed."""
    late = now.at - LOOKED_AT_WITHIN
    # Of one whose tariff has left the profile the fees tell.
    missed = select(account.c.number).where(
        account.c.alert_at.is_not(None), account.c.alert_at < late, account.c.accrued_until >= late
    )
    return await violations(tx, "I13", missed, "account {} was not looked at for its alerts")


RULES: tuple[Rule, ...] = (once, told, looked_at)

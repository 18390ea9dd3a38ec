"""Alerts as they leave: one that waited for the morning tells the balance of the morning."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.messages.alert_notices import Alert
from core.messages.outbox import DueNotice
from core.money import Money
from core.profile import Profile
from core.storage.database import Transaction
from core.storage.tables import account, ledger_account
from core.use_cases import alert_episodes, balances


async def as_of(
    tx: Transaction, held: Sequence[DueNotice], profile: Profile, now: datetime
) -> list[DueNotice]:
    """The same notices, in their order; of an account whose tariff has left the profile as it was stored."""
    about = {each.account_id for each in held if each.template == Alert.template}
    if not about:
        return list(held)
    found = await tx.all(
        select(account, ledger_account.c.balance)
        .join(ledger_account, ledger_account.c.id == account.c.id)
        .where(account.c.id.in_(about))
    )
    rows: dict[UUID | None, Any] = {
        row.id: row for row in found if profile.has_tariffs(row.tariff, row.tariff_next)
    }
    return [
        _said(each, rows[each.account_id], profile, now)
        if each.template == Alert.template and each.account_id in rows
        else each
        for each in held
    ]


def _said(held: DueNotice, row: Any, profile: Profile, now: datetime) -> DueNotice:
    service, before = balances.watched(row, profile), held.params
    assert service.watch is not None
    seen = service.shown(Money(row.balance), max(now, row.accrued_until), profile.zone)
    said = alert_episodes.said(
        UUID(before["episode"]), before["kind"], before["number"], seen, service.watch, profile
    )
    return replace(held, params=before | said.params())

"""Who may approve a broadcast that waits, told in Telegram in the transaction that lets it wait."""

from datetime import datetime
from typing import Any
from uuid import UUID

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import addressed
from core.messages.staff_notices import BroadcastWaits
from core.notice_states import Role
from core.profile import Profile
from core.states import Channel
from core.storage.database import Transaction
from core.use_cases.staff import able
from core.use_cases.subscribers import locale_of


async def tell(
    tx: Transaction, row: Any, recipients: int, profile: Profile, now: datetime, *, edit: Any = None
) -> None:
    """Once a version each, but for who wrote it; `edit` is the order that waits, where one does."""
    version, by, what = (row.version, row.written_by, row.id) if edit is None else _of(edit)
    said = BroadcastWaits(row.number, version, row.title, by, recipients, edit=edit is not None)
    own = {by} if edit is not None else {row.created_by, by}
    for member in await able(tx, Role.APPROVER):
        if member.name in own or member.telegram is None:
            continue
        to = Payer(Channel.TELEGRAM, member.telegram)
        key, locale = addressed(to, f"waits:{what}:{version}"), await locale_of(tx, to, profile)
        await outbox.add(tx, to, said, key=key, locale=locale, now=now)


def _of(order: Any) -> tuple[int, str, UUID]:
    return order.version, order.by, order.id

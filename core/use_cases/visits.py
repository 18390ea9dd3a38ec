"""Visits: who writes and what they may see, for many people in one look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, select

from core.clock import Clock
from core.ids import AccountId, Payer
from core.profile import Profile
from core.storage.database import Database
from core.storage.tables import account, ledger_account, link, subscriber
from core.use_cases.account_screen import AccountScreen
from core.use_cases.accounts import FEES, LinkedAccount, screen_of, tariff_name
from core.use_cases.accrual import month_start
from core.use_cases.subscribers import Subscriber

_LINK = and_(
    link.c.channel == subscriber.c.channel,
    link.c.address == subscriber.c.address,
    link.c.ended_at.is_(None),
)
_VISITS = (
    select(
        *(column for column in subscriber.c if column.name != "first_seen_at"),
        link.c.access,
        account.c.id,
        account.c.number,
        account.c.tariff,
        account.c.tariff_next,
        account.c.state,
        account.c.accrued_until,
        account.c.negative_since,
        ledger_account.c.balance,
        FEES.label("fees"),
    )
    .select_from(subscriber)
    .outerjoin(link, _LINK)
    .outerjoin(account, account.c.id == link.c.account_id)
    .outerjoin(ledger_account, ledger_account.c.id == account.c.id)
    .where(
        subscriber.c.channel == bindparam("of"),
        subscriber.c.address.in_(bindparam("people", expanding=True)),
    )
    .order_by(account.c.number)
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A person as of one moment; a balance screen needs no further look."""

    who: Subscriber
    linked: list[LinkedAccount]
    rows: dict[AccountId, Any]


class Visits:
    def __init__(self, database: Database, profile: Profile, clock: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock

    async def look(self, people: Sequence[Payer]) -> list[Visit | None]:
        """All of one channel; None for who was never seen."""
        named = {
            "of": people[0].channel,
            "people": sorted({payer.address for payer in people}),
            "month": month_start(self._clock.now(), self._profile.zone),
        }
        async with self._database.read() as tx:
            rows = await tx.all(_VISITS, named)
        seen: dict[str, Visit] = {}
        for row in rows:
            visit = seen.setdefault(row.address, Visit(_who(row), [], {}))
            if row.id is not None:
                tariff = tariff_name(self._profile, row.tariff)
                visit.linked.append(LinkedAccount(row.id, row.number, row.access, tariff))
                visit.rows[row.id] = row
        return [seen.get(payer.address) for payer in people]

    def screen(self, visit: Visit, account_id: AccountId) -> AccountScreen:
        """The balance screen of one of the visit's linked accounts."""
        return screen_of(visit.rows[account_id], self._profile, self._clock.now())


def _who(row: Any) -> Subscriber:
    payer = Payer(row.channel, row.address)
    return Subscriber(payer, row.locale, row.locale_chosen, row.current_account, row.reachable, row.stopped)

"""The people of accounts, as conditions of SQL: who can be written to by a channel, and in what language."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from core.notice_states import BroadcastKind
from core.states import Channel
from core.storage.broadcast_tables import consent
from core.storage.tables import account, account_phone, link, subscriber


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a broadcast decides who of the people gets it."""

    kind: BroadcastKind
    locales: tuple[str, ...]
    default_locale: str


def people(
    wish: Wish,
    channel: Channel,
    address: Column[str],
    of: Column[UUID],
    *conditions: ColumnElement[bool],
    above: UUID | None = None,
    up_to: UUID | None = None,
) -> Select[Any]:
    """One half of the recipients: a channel's people, joined to their accounts."""
    locale = func.coalesce(subscriber.c.locale, wish.default_locale)
    ties = account.join(of.table, of == account.c.id)
    ties = ties.outerjoin(subscriber, _same_person(subscriber, channel, address))
    found = select(
        literal(channel.value, String).label("channel"),
        cast(address, String).label("address"),
        locale.label("locale"),
        account.c.id.label("account_id"),
    ).select_from(ties)
    if wish.locales:
        found = found.where(locale.in_(wish.locales))
    if wish.kind is BroadcastKind.ADVERTISING:
        agreed = exists().where(
            consent.c.channel == channel, consent.c.address == address, consent.c.ended_at.is_(None)
        )
        found = found.where(agreed)
    # Said of the people's own rows, too: PostgreSQL does not conclude it from the accounts'.
    if above is not None:
        found = found.where(account.c.id > above, of > above)
    if up_to is not None:
        found = found.where(account.c.id <= up_to, of <= up_to)
    return found.where(*conditions)


def on_telegram() -> ColumnElement[bool]:
    """Somebody of the account can be written to in Telegram."""
    tie, person = link.alias(), subscriber.alias()
    ties = tie.outerjoin(person, _same_person(person, Channel.TELEGRAM, tie.c.address))
    mine = (tie.c.account_id == account.c.id, by_telegram(tie), tie.c.ended_at.is_(None))
    return _some(ties, *mine, reachable(person))


def by_telegram(tie: FromClause) -> ColumnElement[bool]:
    # Past the index that begins with the channel: without statistics all of it is walked, for each account.
    return cast(tie.c.channel, String) + "" == Channel.TELEGRAM.value


def reachable(person: FromClause = subscriber) -> ColumnElement[bool]:
    return or_(person.c.reachable.is_(None), person.c.reachable)


def not_stopped(person: FromClause = subscriber) -> ColumnElement[bool]:
    return or_(person.c.stopped.is_(None), ~person.c.stopped)


def _same_person(person: FromClause, channel: Channel, address: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(person.c.channel == channel, person.c.address == address)


def on_a_phone() -> ColumnElement[bool]:
    """A registered phone of the account did not stop."""
    phone, person = account_phone.alias(), subscriber.alias()
    ties = phone.outerjoin(person, _same_person(person, Channel.SMS, phone.c.msisdn))
    mine = phone.c.account_id == account.c.id
    return _some(ties, mine, not_stopped(person))


def _some(ties: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is any. Counted, since PostgreSQL makes a join of EXISTS: one over everybody, and
    a thousand times slower, while it has no statistics of accounts that were just imported."""
    return select(func.count()).select_from(ties).where(*conditions).scalar_subquery() > 0

"""Audiences: whom a broadcast is for, as conditions of SQL; counted and written without loading anybody."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    union_all,
)

from core.messages.broadcast_text import channels_of
from core.money import ZERO, Money
from core.notice_states import BroadcastKind, Reach
from core.profile import Profile
from core.staff_errors import AudienceRefused
from core.states import Channel, ServiceState
from core.storage.broadcast_tables import broadcast_account
from core.storage.database import Transaction
from core.storage.tables import account, account_phone, ledger_account, link
from core.use_cases.account_screen import AccountState
from core.use_cases.audience_people import (
    Wish,
    by_telegram,
    not_stopped,
    on_a_phone,
    on_telegram,
    people,
    reachable,
)

DAYS_MOST = 36_500  # of money left: beyond the calendar there is no moment to compare with


class Has(StrEnum):
    """By what an account's people can be reached."""

    TELEGRAM = "telegram"
    SMS = "sms"
    NO_TELEGRAM = "no_telegram"


@dataclass(frozen=True, slots=True)
class Audience:
    """Conditions on accounts, all of which must hold; several values of one are alternatives.

    `balance` is as posted, without what has run up today; `days` are those until it is spent.
    `locales` is of the people. `listed`: only the accounts of the broadcast's own list.
    """

    cities: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    houses: tuple[str, ...] = ()
    tariffs: tuple[str, ...] = ()
    states: tuple[AccountState, ...] = ()
    balance_from: Money | None = None
    balance_to: Money | None = None
    days_from: int | None = None
    days_to: int | None = None
    has: Has | None = None
    locales: tuple[str, ...] = ()
    listed: bool = False

    def stored(self) -> dict[str, Any]:
        """As JSON: what is asked for and nothing else."""
        said = asdict(self)
        said = {name: value for name, value in said.items() if value or (value == 0 and value is not False)}
        return {name: value["kopecks"] if isinstance(value, dict) else value for name, value in said.items()}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Audience":
        said: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
        }
        for name in ("balance_from", "balance_to"):
            if name in said:
                said[name] = Money(said[name])
        said["states"] = tuple(AccountState(state) for state in said.get("states", ()))
        if "has" in said:
            said["has"] = Has(said["has"])
        return cls(**said)


@dataclass(frozen=True, slots=True)
class Whom:
    """An audience together with what of its broadcast decides who of it gets a message."""

    broadcast_id: UUID
    audience: Audience
    reach: Reach
    kind: BroadcastKind
    each_account: bool  # one message an account, else one a person

    @classmethod
    def of(cls, row: Any) -> "Whom":
        return cls(row.id, Audience.of(row.audience), row.reach, row.kind, row.each_account)


@dataclass(frozen=True, slots=True)
class Reached:
    """How many messages a broadcast would be, and what it may cost at most."""

    accounts: int
    telegram: int
    sms: int
    segments: int = 0  # of one SMS, in the longest language
    cost: Money = ZERO

    @property
    def total(self) -> int:
        return self.telegram + self.sms


def accounts_of(whom: Whom, now: datetime) -> list[ColumnElement[bool]]:
    """The conditions on the account table."""
    asked = whom.audience
    found: list[ColumnElement[bool]] = [
        column.in_(said)
        for column, said in (
            (account.c.city, asked.cities),
            (account.c.street, asked.streets),
            (account.c.house, asked.houses),
            (account.c.tariff, asked.tariffs),
        )
        if said
    ]
    if asked.states:
        found.append(or_(*(_in_state(state, now) for state in asked.states)))
    if asked.balance_from is not None or asked.balance_to is not None:
        found.append(_balance(asked))
    if asked.days_from is not None:
        at_least = account.c.runs_out_at >= now + timedelta(days=asked.days_from)
        found.append(or_(at_least, account.c.runs_out_at.is_(None)))
    if asked.days_to is not None:
        found.append(account.c.runs_out_at < now + timedelta(days=asked.days_to + 1))
    if asked.has is not None:
        found.append(_has(asked.has))
    if asked.listed:
        named = select(broadcast_account.c.account_id).where(
            broadcast_account.c.broadcast_id == whom.broadcast_id
        )
        found.append(account.c.id.in_(named))
    return found


def recipients(
    whom: Whom,
    profile: Profile,
    accounts: list[ColumnElement[bool]],
    *,
    above: UUID | None = None,
    up_to: UUID | None = None,
) -> Select[Any]:
    """Rows of (channel, address, locale, account_id): who of these accounts is written to, and where.

    `above` and `up_to` bound the accounts' ids.
    """
    halves = []
    wish = Wish(whom.kind, whom.audience.locales, profile.default_locale)
    channels = channels_of(whom.reach)
    if Channel.TELEGRAM in channels:
        half = people(
            wish, Channel.TELEGRAM, link.c.address, link.c.account_id,
            by_telegram(link), link.c.ended_at.is_(None), reachable(), above=above, up_to=up_to,
        )  # fmt: skip
        halves.append(half.where(*accounts))
    if Channel.SMS in channels:
        alone = [~on_telegram()] if Channel.TELEGRAM in channels else []
        half = people(
            wish, Channel.SMS, account_phone.c.msisdn, account_phone.c.account_id,
            not_stopped(), *alone, above=above, up_to=up_to,
        )  # fmt: skip
        halves.append(half.where(*accounts))
    return select(union_all(*halves).subquery("recipient"))


async def count(tx: Transaction, whom: Whom, profile: Profile, now: datetime) -> Reached:
    """How many accounts and messages, in one statement each."""
    accounts = accounts_of(whom, now)
    found = recipients(whom, profile, accounts).subquery()
    each = func.count() if whom.each_account else func.count(found.c.address.distinct())
    rows = await tx.all(select(found.c.channel, each.label("n")).group_by(found.c.channel))
    by_channel = {row.channel: int(row.n) for row in rows}
    owners = await tx.scalar(select(func.count()).select_from(account).where(*accounts))
    return Reached(
        accounts=int(owners),
        telegram=by_channel.get(Channel.TELEGRAM.value, 0),
        sms=by_channel.get(Channel.SMS.value, 0),
    )


async def resolved(tx: Transaction, asked: Audience, profile: Profile) -> Audience:
    """Places as the accounts have them, in whatever case they were written.

    Raises AudienceRefused for a condition that nothing can fit.
    """
    for what, said, known in (
        ("tariff", asked.tariffs, set(profile.tariffs_by_code)),
        ("language", asked.locales, set(profile.locales)),
    ):
        for value in said:
            if value not in known:
                raise AudienceRefused(what, value)
    ranges: tuple[tuple[Any, Any], ...] = (
        (asked.balance_from, asked.balance_to),
        (asked.days_from, asked.days_to),
    )
    for least, most in ranges:
        if least is not None and most is not None and least > most:
            raise AudienceRefused("range", f"{least}…{most}")
    for days in (asked.days_from, asked.days_to):
        if days is not None and not 0 <= days <= DAYS_MOST:
            raise AudienceRefused("range", str(days))
    return replace(
        asked,
        cities=await _places(tx, account.c.city, "city", asked.cities),
        streets=await _places(tx, account.c.street, "street", asked.streets),
        houses=await _places(tx, account.c.house, "house", asked.houses),
    )


async def _places(
    tx: Transaction, column: ColumnElement[str], what: str, said: tuple[str, ...]
) -> tuple[str, ...]:
    """SQLite folds no Cyrillic case, so the few names that there are are compared here."""
    if not said:
        return ()
    known: dict[str, set[str]] = {}
    for name in (await tx.execute(select(column).distinct())).scalars():
        known.setdefault(_folded(name), set()).add(name)
    for name in said:
        if _folded(name) not in known:
            raise AudienceRefused(what, name)
    return tuple(sorted({name for each in said for name in known[_folded(each)]}))


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold().replace("ё", "е")


def _in_state(state: AccountState, now: datetime) -> ColumnElement[bool]:
    """As the account screen tells them: active below zero is negative."""
    below = and_(account.c.runs_out_at.is_not(None), account.c.runs_out_at <= now)
    match state:
        case AccountState.ACTIVE:
            return and_(account.c.state == ServiceState.ACTIVE, ~below)
        case AccountState.NEGATIVE:
            return and_(account.c.state == ServiceState.ACTIVE, below)
    return account.c.state == ServiceState(state.value)


def _balance(asked: Audience) -> ColumnElement[bool]:
    held = [ledger_account.c.id == account.c.id]
    if asked.balance_from is not None:
        held.append(ledger_account.c.balance >= asked.balance_from.kopecks)
    if asked.balance_to is not None:
        held.append(ledger_account.c.balance <= asked.balance_to.kopecks)
    return exists().where(*held)


def _has(what: Has) -> ColumnElement[bool]:
    if what is Has.TELEGRAM:
        return on_telegram()
    if what is Has.NO_TELEGRAM:
        return ~on_telegram()
    return on_a_phone()

"""Drafts of broadcasts: written, changed, counted and looked at before anybody else gets them."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from core.clock import Clock
from core.ids import Payer, new_id
from core.messages import outbox
from core.messages.broadcast_text import (
    TITLE_LETTERS,
    BroadcastPreview,
    Texts,
    faults_of,
    fields_in,
    language_of,
)
from core.notice_states import BroadcastKind, BroadcastState, Reach, Role
from core.profile import Profile
from core.staff_errors import (
    AudienceRefused,
    Fault,
    NoAddress,
    NobodyToTell,
    TextsRefused,
    UnknownAccounts,
    VersionChanged,
    WrongState,
)
from core.states import Channel
from core.storage.broadcast_tables import broadcast, broadcast_account
from core.storage.database import Database, Transaction
from core.storage.tables import account
from core.use_cases import audiences, audit, broadcast_orders, broadcast_rows
from core.use_cases.audiences import Audience, Reached, Whom
from core.use_cases.broadcast_costs import cost_of
from core.use_cases.broadcast_facts import facts_of
from core.use_cases.broadcast_rows import UNBEGUN, Broadcast
from core.use_cases.staff import require

LIVES = timedelta(days=1)  # an outage notice is worthless tomorrow
LIVES_MOST = timedelta(days=30)
EVERYBODY = Audience()
NAMED_AT_ONCE = 1000  # numbers of a list looked up by one statement
TOLD = 20  # unknown numbers of a list that are named


@dataclass(frozen=True, slots=True)
class Draft:
    """All that staff decide of a broadcast. `accounts` are the numbers of a listed audience."""

    title: str
    texts: Texts  # by language: {"telegram": HTML, "sms": plain}
    audience: Audience = EVERYBODY
    kind: BroadcastKind = BroadcastKind.SERVICE
    reach: Reach = Reach.TELEGRAM
    urgent: bool = False  # at night, too
    lives: timedelta = LIVES  # from its start
    sms_most: int | None = None  # segments that it may cost
    accounts: Sequence[str] | None = None  # none in a change: the list stays

    @classmethod
    def of(cls, held: Broadcast) -> "Draft":
        """As stored; a list of accounts stays where none is given."""
        return cls(
            title=held.title,
            texts=held.texts,
            audience=held.audience,
            kind=held.kind,
            reach=held.reach,
            urgent=held.urgent,
            lives=held.lives,
            sms_most=held.sms_most,
        )

    def said(self) -> dict[str, Any]:
        """As the audit trail keeps it."""
        return {
            "title": self.title,
            "texts": self.texts,
            "audience": self.audience.stored(),
            "kind": self.kind,
            "reach": self.reach,
            "urgent": self.urgent,
            "lives": int(self.lives.total_seconds()),
            "sms_most": self.sms_most,
        }


class BroadcastDrafts:
    def __init__(
        self, database: Database, profile: Profile, clock: Clock, wall: Clock, *, telegram_per_second: int
    ) -> None:
        self._per_second = telegram_per_second
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall

    async def new(self, draft: Draft, *, by: str, key: str = "") -> Broadcast:
        """Store a draft, once a key; without one, once while the same of the same author is not begun.

        Raises NotStaff, NotAllowed, TextsRefused, AudienceRefused, UnknownAccounts.
        """
        self._check(draft)
        once = f"broadcast_new:{_digest(by, key or [draft.said(), list(draft.accounts or ())])}"
        async with self._database.transaction() as tx:
            while (before := await audit.begin(tx, once)) is not None:
                held = await tx.one(select(broadcast).where(broadcast.c.id == UUID(before["broadcast"])))
                if key or held.state in UNBEGUN:
                    return Broadcast.of(held)
                once = f"broadcast_new:{_digest(once, held.number)}"
            await require(tx, by, Role.SENDER)
            last = await tx.scalar(select(func.max(broadcast.c.number)))
            values = {
                "id": new_id(), "number": (last or 0) + 1, "state": BroadcastState.DRAFT,
                "created_by": by, "written_by": by, "created_at": self._wall.now(),
            } | await self._columns(tx, draft)  # fmt: skip
            row = await tx.one(insert(broadcast).values(values).returning(*broadcast.c))
            await _keep_list(tx, row.id, draft.accounts)
            await broadcast_rows.note(
                tx, row, "broadcast_new", by=by, at=self._wall.now(), key=once, draft=draft.said()
            )
            return Broadcast.of(row)

    async def change(self, number: int, draft: Draft, *, by: str, version: int | None = None) -> Broadcast:
        """Write a broadcast anew that is not begun: a draft again, of another version, approved by nobody.

        `version` is the one that was looked at. Raises UnknownBroadcast, WrongState, VersionChanged and
        what `new` raises.
        """
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            await require(tx, by, Role.SENDER)
            row = await broadcast_rows.locked(tx, number)
            if row.state not in UNBEGUN:
                raise WrongState(number, row.state)
            values = await self._columns(tx, draft)
            if draft.accounts is None and {name: row._mapping[name] for name in values} == values:
                return Broadcast.of(row)
            if version not in (None, row.version):
                raise VersionChanged(row.version)
            self._check(draft)
            if draft.accounts is not None:
                await _keep_list(tx, row.id, draft.accounts)
            changed = await broadcast_rows.write(
                tx, row, state=BroadcastState.DRAFT, version=row.version + 1, written_by=by,
                approved_by=None, approved_version=None, approved_for=None, asked_for=None, start_at=None,
                **values,
            )  # fmt: skip
            await broadcast_rows.note(
                tx, row, "broadcast_change", by=by, at=self._wall.now(), draft=draft.said()
            )
            return changed

    async def cities(self, *, by: str) -> Sequence[str]:
        """Where accounts are, as an audience can name it."""
        async with self._database.read() as tx:
            await require(tx, by, Role.VIEWER)
            named = select(account.c.city).where(account.c.city != "").distinct().order_by(account.c.city)
            return list((await tx.execute(named)).scalars())

    async def count(self, number: int, *, by: str) -> Reached:
        """Whom it would reach now, by channel, and what that may cost at most."""
        async with self._database.read() as tx:
            await require(tx, by, Role.VIEWER)
            row = await broadcast_rows.look(tx, number)
            found = await counted(tx, row, self._profile, self._clock)
        cost = cost_of(
            row, telegram=found.telegram, sms=found.sms, notices=self._profile.notices,
            per_second=self._per_second,
        )  # fmt: skip
        return replace(found, cost=cost)

    async def preview(
        self,
        number: int,
        *,
        by: str,
        to: Payer | None = None,
        of: Channel | None = None,
        locale: str | None = None,
        key: str = "",
    ) -> Payer:
        """Send it to one's own Telegram, or to the phone given, as an account of its audience would get it.

        `of` is the channel whose words are looked at, by default the one that they are sent by: an SMS can be
        read in a chat. The same within a minute is one. Raises NoAddress, NobodyToTell, UnknownBroadcast.
        """
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            member = await require(tx, by, Role.SENDER)
            row = await broadcast_rows.look(tx, number)
            if to is None and member.telegram is not None:
                to = Payer(Channel.TELEGRAM, member.telegram)
            # An edit that waits for a second person is what there is to look at.
            held = await broadcast_orders.waiting(tx, row.id) or row
            of = of or (None if to is None else to.channel)
            if to is None or of is None or any(of.value not in parts for parts in held.texts.values()):
                raise NoAddress
            locale = locale or self._profile.default_locale
            said, chosen = await self._as_read(tx, row, held.texts, of, locale)
            now = self._wall.now()
            once = _digest(
                str(row.id), held.version, of, to.channel, to.address, chosen, key or f"{now:%FT%R}"
            )
            added = await outbox.add(tx, to, said, key=f"preview:{once}", locale=chosen, now=now)
            if added is not None:
                seen = {"channel": of, "to": to.address, "read": held.version}
                await broadcast_rows.note(tx, row, "broadcast_preview", by=by, at=now, **seen)
            return to

    async def _as_read(
        self, tx: Transaction, row: Any, texts: Texts, channel: Channel, locale: str
    ) -> tuple[BroadcastPreview, str]:
        chosen = language_of(texts, locale, self._profile.default_locale)
        text = texts[chosen][channel.value]
        facts: dict[str, Any] = {}
        if fields_in({chosen: {channel.value: text}}):
            conditions = audiences.accounts_of(Whom.of(row), self._clock.now())
            first = select(account.c.id).where(*conditions).order_by(account.c.id).limit(1)
            samples = [row.id for row in await tx.all(first)]
            known = await facts_of(tx, samples, self._profile, self._clock.now())
            if not known:
                raise NobodyToTell
            (facts,) = known.values()
        opt_out = row.kind is BroadcastKind.ADVERTISING
        return BroadcastPreview(channel.value, text, facts, opt_out), chosen

    async def _columns(self, tx: Transaction, draft: Draft) -> dict[str, Any]:
        asked = await audiences.resolved(tx, draft.audience, self._profile)
        return {
            "title": draft.title.strip(),
            "kind": draft.kind,
            "reach": draft.reach,
            "texts": {locale: dict(parts) for locale, parts in draft.texts.items()},
            "audience": asked.stored(),
            "urgent": draft.urgent,
            "lives_seconds": int(draft.lives.total_seconds()),
            "sms_most": draft.sms_most,
            "each_account": bool(fields_in(draft.texts)),
        }

    def _check(self, draft: Draft) -> None:
        faults = faults_of(draft.texts, draft.reach, draft.kind, self._profile.locales)
        if not 0 < len(draft.title.strip()) <= TITLE_LETTERS:
            faults.append(Fault("title", said=str(TITLE_LETTERS)))
        if not timedelta() < draft.lives <= LIVES_MOST:
            faults.append(Fault("lives", said=str(LIVES_MOST.days)))
        if faults:
            raise TextsRefused(faults)
        check_urgency(draft.kind, urgent=draft.urgent)
        if draft.accounts is not None and not (draft.accounts and draft.audience.listed):
            raise AudienceRefused("list", "")


def check_urgency(kind: BroadcastKind, *, urgent: bool) -> None:
    """Advertising wakes nobody. Raises TextsRefused."""
    if urgent and kind is BroadcastKind.ADVERTISING:
        raise TextsRefused([Fault("urgent")])


async def counted(tx: Transaction, row: Any, profile: Profile, clock: Clock) -> Reached:
    """Whom a stored broadcast would reach now."""
    return await audiences.count(tx, Whom.of(row), profile, clock.now())


async def _keep_list(tx: Transaction, broadcast_id: UUID, numbers: Sequence[str] | None) -> None:
    """The accounts of a list instead of those kept before. Raises UnknownAccounts."""
    if numbers is None:
        return
    await tx.execute(delete(broadcast_account).where(broadcast_account.c.broadcast_id == broadcast_id))
    unknown: list[str] = []
    for some in _pieces(dict.fromkeys(number.strip().lstrip("0") for number in numbers)):
        found = await tx.all(select(account.c.id, account.c.number).where(account.c.number.in_(some)))
        known = {row.number for row in found}
        unknown += [number for number in some if number not in known]
        rows = [{"broadcast_id": broadcast_id, "account_id": row.id} for row in found]
        if rows and not unknown:
            await tx.execute(insert(broadcast_account), rows)
    if unknown:
        raise UnknownAccounts(unknown[:TOLD], len(unknown))


def _pieces(numbers: dict[str, None]) -> Iterator[list[str]]:
    rest = iter(numbers)
    while some := list(islice(rest, NAMED_AT_ONCE)):
        yield some


def _digest(*said: Any) -> str:
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=str).encode()).hexdigest()

"""Staff: who may look, draft, approve and name others; every use case of theirs asks here first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from core.clock import Clock
from core.ids import new_id
from core.notice_states import Role
from core.staff_errors import FirstIsAdmin, LastAdmin, NotAllowed, NotStaff, StaffExists, TelegramTaken
from core.storage.broadcast_tables import staff
from core.storage.database import Database, Transaction
from core.use_cases import audit

ROLES = tuple(Role)  # each may do what those before it may


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    role: Role
    telegram: str | None  # the user id that the bot knows them by
    added_at: datetime

    def may(self, needs: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(needs)


class Staff:
    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def add(self, name: str, role: Role, *, by: str, telegram: str | None = None) -> Member:
        """Name a member of staff; who left comes back under the same name.

        Where there are no staff anybody names the first, an admin. Raises FirstIsAdmin, NotStaff,
        NotAllowed, StaffExists, TelegramTaken.
        """
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            await self._may_name(tx, by, role)
            held = await tx.first(select(staff).where(staff.c.name == name))
            if held is not None and held.ended_at is None:
                if (held.role, held.telegram) == (role, telegram):
                    return _member(held)
                raise StaffExists(name)
            await _free(tx, telegram, but=name)
            values = {"role": role, "telegram": telegram, "added_at": self._wall.now(), "ended_at": None}
            if held is None:
                await tx.execute(insert(staff).values(id=new_id(), name=name, **values))
            else:
                await tx.execute(update(staff).where(staff.c.id == held.id).values(values))
            await self._note(tx, "staff_add", name, by, role=role, telegram=telegram)
            return await require(tx, name, Role.VIEWER)

    async def change(
        self, name: str, *, by: str, role: Role | None = None, telegram: str | None = None
    ) -> Member:
        """Another role, or another Telegram user; what is not given stays.

        Raises NotStaff, NotAllowed, LastAdmin, TelegramTaken.
        """
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            await require(tx, by, Role.ADMIN)
            held = await require(tx, name, Role.VIEWER)
            role, telegram = role or held.role, telegram or held.telegram
            if (role, telegram) == (held.role, held.telegram):
                return held
            if held.role == Role.ADMIN and role != Role.ADMIN:
                await _not_the_last(tx)
            await _free(tx, telegram, but=name)
            await tx.execute(update(staff).where(_is(name)).values(role=role, telegram=telegram))
            await self._note(tx, "staff_change", name, by, role=role, telegram=telegram)
            return await require(tx, name, Role.VIEWER)

    async def remove(self, name: str, *, by: str) -> bool:
        """End a member's rights at once; false where they had ended before.

        Raises NotStaff, NotAllowed, LastAdmin.
        """
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            await require(tx, by, Role.ADMIN)
            held = await tx.first(select(staff).where(staff.c.name == name))
            if held is None:
                raise NotStaff(name)
            if held.ended_at is not None:
                return False
            if held.role == Role.ADMIN:
                await _not_the_last(tx)
            await tx.execute(update(staff).where(_is(name)).values(ended_at=self._wall.now()))
            await self._note(tx, "staff_remove", name, by, role=held.role)
            return True

    async def members(self) -> Sequence[Member]:
        """All who work here, by name."""
        async with self._database.read() as tx:
            return await able(tx, Role.VIEWER)

    async def of_telegram(self, user_id: int) -> Member | None:
        """The member of staff that a Telegram user is; asked anew at every press."""
        async with self._database.read() as tx:
            row = await tx.first(
                select(staff).where(staff.c.telegram == str(user_id), staff.c.ended_at.is_(None))
            )
        return None if row is None else _member(row)

    async def _may_name(self, tx: Transaction, by: str, role: Role) -> None:
        if await tx.scalar(select(staff.c.id).where(staff.c.ended_at.is_(None)).limit(1)) is not None:
            await require(tx, by, Role.ADMIN)
        elif role != Role.ADMIN:
            raise FirstIsAdmin

    async def _note(self, tx: Transaction, action: str, name: str, by: str, **facts: Any) -> None:
        await audit.record(
            tx, key=f"{action}:{new_id()}", action=action, subject=name, by=by, why="",
            at=self._wall.now(), facts=facts,
        )  # fmt: skip


async def require(tx: Transaction, by: str, role: Role) -> Member:
    """The member of staff of this name. Raises NotStaff, NotAllowed where the role is below `role`."""
    row = await tx.first(select(staff).where(_is(by)))
    if row is None:
        raise NotStaff(by)
    member = _member(row)
    if not member.may(role):
        raise NotAllowed(by, role)
    return member


async def able(tx: Transaction, role: Role) -> list[Member]:
    """All who work here and may do this, by name."""
    rows = await tx.all(select(staff).where(staff.c.ended_at.is_(None)).order_by(staff.c.name))
    return [member for member in map(_member, rows) if member.may(role)]


def _is(name: str) -> Any:
    return (staff.c.name == name) & staff.c.ended_at.is_(None)


async def _not_the_last(tx: Transaction) -> None:
    admins = select(func.count()).where(staff.c.role == Role.ADMIN, staff.c.ended_at.is_(None))
    if int(await tx.scalar(admins)) < 2:
        raise LastAdmin


async def _free(tx: Transaction, telegram: str | None, *, but: str) -> None:
    """That nobody else who works here has this Telegram user; ids of who left are free."""
    if telegram is None:
        return
    taken = select(staff.c.name).where(
        staff.c.telegram == telegram, staff.c.ended_at.is_(None), staff.c.name != but
    )
    name = await tx.scalar(taken)
    if name is not None:
        raise TelegramTaken(name)


def _member(row: Any) -> Member:
    return Member(row.name, row.role, row.telegram, row.added_at)

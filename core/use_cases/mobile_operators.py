"""Mobile operators: whose a phone is, by its SMSC, by the register of numbers, or by the profile's policy."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from core import profile_mobile
from core.clock import Clock
from core.errors import OperatorUnknown
from core.profile import Profile
from core.profile_mobile import MobileOperator, folded
from core.storage.database import Database
from core.storage.def_tables import def_register
from core.use_cases.def_ranges import DefRegister, Range

LOOK_AGAIN = timedelta(seconds=5)  # so late a version that another process stored is seen here

# Where a message's payload names the operator, the most certain first: what the message itself says (a TLV,
# an aggregator's field), Kannel's smsc-id, the bind that it came by.
NAMED_IN = ("operator", "smsc_id", "smsc")


@dataclass(frozen=True, slots=True)
class Assumed:
    """A phone's operator, and why it is thought to be that one: told, register, prefix or policy."""

    operator: MobileOperator
    because: str


def told_in(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that a stored message has for its sender's operator."""
    return tuple(str(payload[name]) for name in NAMED_IN if payload.get(name))


class MobileOperators:
    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._turn = asyncio.Lock()
        self._looked_at: datetime | None = None
        self._held: tuple[object, DefRegister] | None = None  # a version's id, and what it says

    async def of(self, msisdn: str, told: Iterable[str] = ()) -> Assumed:
        """Whose account a charge of this phone (E.164 digits) would take the money from.

        Raises OperatorUnknown where nobody tells it and the profile charges no such phone.
        """
        for name in told:
            if (operator := self._profile.operators_by_told.get(folded(name))) is not None:
                return Assumed(operator, f"told as {name}")
        register = await self.register()
        if register is None:
            operator = profile_mobile.by_prefix(self._profile.mobile_operators, msisdn)
            because = "prefix"
        else:
            found = register.find(msisdn)
            operator = None if found is None else self.of_company(found)
            because = f"register of {register.valid_from}"
        if operator is not None:
            return Assumed(operator, because)
        if self._profile.otherwise is None:
            raise OperatorUnknown
        return Assumed(self._profile.otherwise, "policy")

    def of_company(self, found: Range) -> MobileOperator | None:
        return self._profile.operators_by_company.get(folded(found.company))

    async def register(self) -> DefRegister | None:
        """The version that holds today; it is read again when another one holds."""
        async with self._turn:
            if self._is_stale():
                await self._look(self._clock.now().astimezone(self._profile.zone).date())
                self._looked_at = self._wall.now()
        return None if self._held is None else self._held[1]

    def forget(self) -> None:
        """Look again at the next question: a version was stored."""
        self._looked_at = None

    def _is_stale(self) -> bool:
        return self._looked_at is None or abs(self._wall.now() - self._looked_at) >= LOOK_AGAIN

    async def _look(self, today: date) -> None:
        async with self._database.read() as tx:
            newest = await tx.scalar(
                select(def_register.c.id)
                .where(def_register.c.valid_from <= today)
                .order_by(def_register.c.valid_from.desc(), def_register.c.id.desc())
                .limit(1)
            )
            if newest is None:
                self._held = None
            elif self._held is None or self._held[0] != newest:
                row = await tx.one(select(def_register).where(def_register.c.id == newest))
                self._held = newest, DefRegister(row.valid_from, row.holders, row.ranges, row.body)

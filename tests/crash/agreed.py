"""The stage of what is charged by mandate: a provider that keeps its books, and two lives that compete."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from uuid import UUID

import aiohttp
from pydantic import SecretStr
from sqlalchemy import Table, func, insert, or_, select

from core import profile as operator_profile
from core.clock import SystemClock
from core.ids import AccountId, new_id
from core.ledger import book
from core.ledger.opening import Opened, open_subscribers
from core.ledger.transfer import of_subscriber
from core.payments.seal import Seal
from core.settings import Settings
from core.states import Channel, EventState, MandateState, PaymentState, RefundState, ServiceState
from core.storage.autopay_tables import card, mandate, mandate_charge, refund
from core.storage.database import Database
from core.storage.queue import unfinished
from core.storage.tables import account, payment, provider_event
from core.use_cases.invariants import Invariants
from core.use_cases.reconciliations import booked
from core.use_cases.violations import Violation
from tests.core.autopay_scenes import CARD_KEY, CONSENT
from tests.crash.fuse import Point
from tests.crash.lives import PATIENCE_SECONDS, Life, begin
from tests.crash.victim import AheadClock, Begins, Errand
from tests.deadlines import until
from tests.providers import yookassa_desk
from tests.providers.served import served
from tests.providers.yookassa_desk import YooKassaDesk
from tests.servers import processes

DUE = date(2026, 5, 27)
AMOUNT = 300_00
BATCH = 3  # a round's: the one who dies leaves work to the one who lives, and takes some from him
LEASES = timedelta(seconds=21)  # what the dead held is free by then
RECOVERED_SECONDS = 30 - LEASES.total_seconds()
# What is unknown is asked about; what never arrived is given up at the third time.
LATER = (timedelta(seconds=6), timedelta(seconds=31), *(timedelta(minutes=6),) * 4)
OPEN = (PaymentState.INTENT, PaymentState.SENDING, PaymentState.PENDING, PaymentState.UNKNOWN)
GIVEN = (RefundState.DONE, RefundState.DECLINED)
JOBS = frozenset({"jobs"})


@dataclass(frozen=True)
class Agreed:
    """A mandate of the scene, and whom it charges."""

    id: UUID
    account_id: AccountId
    card_id: UUID
    phone: str
    token: str


@dataclass
class Scene:
    desk: YooKassaDesk
    database: Database
    settings: Settings
    business: timedelta
    http: aiohttp.ClientSession
    parts: frozenset[str]
    agreed: list[Agreed] = field(default_factory=list)
    passed: timedelta = field(default_factory=timedelta)
    lives: dict[int, str] = field(default_factory=dict)

    def begin(self, point: Point | None, errand: Errand | None = None) -> Life:
        port = processes.free_port()
        settings = self.settings.model_copy(update={"http_port": port})
        begins = Begins(self.parts, errand, business=self.business, batch=BATCH, armed=True)
        life = begin(settings, point, begins)
        self.lives[id(life)] = f"http://127.0.0.1:{port}"
        return life

    async def begin_both(self, point: Point) -> tuple[Life, Life]:
        """The one that dies at the point, and the one that lives; both at work."""
        dying, living = self.begin(point), self.begin(None)
        await dying.ready()
        await living.ready()
        return dying, living

    async def agree(
        self, outcomes: Sequence[str], phones: Iterable[str] | None = None, *, due: bool = True
    ) -> None:
        """A saved card for each of what becomes of its charge, and a mandate, which is due now or is not."""
        given = phones or (f"7914{number:07d}" for number in range(len(outcomes)))
        rows = []
        for outcome, phone in zip(outcomes, given, strict=False):
            one = Agreed(new_id(), AccountId(new_id()), new_id(), phone, f"token-{new_id()}")
            self.desk.tokens[one.token] = outcome
            self.agreed.append(one)
            rows.append(_rows(one, SystemClock().now() + self.business, len(self.agreed)))
        async with self.database.transaction() as tx:
            await tx.execute(insert(account), [each["account"] for each in rows])
            opened = [Opened(each["account"]["id"], each["account"]["number"], None) for each in rows]
            await open_subscribers(tx, opened)
            await tx.execute(insert(card), [each["card"] for each in rows])
            if due:
                await tx.execute(insert(mandate), [each["mandate"] for each in rows])

    async def dies(self, dying: Life, what: object) -> None:
        await until(dying.has_died, within=PATIENCE_SECONDS, what=f"death {what}")
        await dying.bury()

    async def recovers(self, living: Life) -> None:
        """Within 30 s of the death every row is owned again and classified: 21 of them are jumped over."""
        self._moves(living, LEASES)
        await until(self._is_owned, within=RECOVERED_SECONDS, what="every row is owned again")

    async def settles(self, living: Life) -> None:
        for step in LATER:
            await until(self._is_idle, within=PATIENCE_SECONDS, what="what is due is done")
            if not await self._unsettled():
                return
            self._moves(living, step)
        await until(self._is_idle, within=PATIENCE_SECONDS, what="what is due is done")
        assert await self._unsettled() == []

    def _moves(self, living: Life, by: timedelta) -> None:
        self.passed += by
        living.hears(by)

    async def tells(self, bodies: Sequence[bytes], *lives: Life) -> None:
        """The provider's notifications, brought to the first that takes them."""
        await asyncio.gather(*(self._brings(body, lives) for body in bodies))

    async def _brings(self, body: bytes, lives: Sequence[Life]) -> None:
        for life in lives:
            try:
                async with self.http.post(f"{self.lives[id(life)]}/callbacks/yookassa", data=body) as answer:
                    assert answer.status == 200, await answer.text()
                    return
            except aiohttp.ClientError:
                continue
        raise AssertionError("nobody took a callback")

    async def rows(self, table: Table) -> list[Any]:
        async with self.database.read() as tx:
            return await tx.all(select(table))

    async def _is_idle(self) -> bool:
        """Nothing is due, and nothing is in work."""
        now = SystemClock().now() + self.passed
        async with self.database.read() as tx:
            held = [
                await tx.scalar(select(func.count()).where(unfinished(each), each.c.lease_until >= now))
                for each in (payment, refund)
            ]
        return not any(held) and await self._is_owned()

    async def _is_owned(self) -> bool:
        """Nothing is due or was let fall by who died: it is leased, waits for its time, or is final."""
        now = SystemClock().now() + self.passed
        left = [
            select(func.count()).where(unfinished(each), each.c.next_at <= now, _free(each, now))
            for each in (payment, refund)
        ]
        left.append(select(func.count()).where(unfinished(provider_event), provider_event.c.next_at <= now))
        left.append(select(func.count()).where(unfinished(mandate), mandate.c.next_at <= now + self.business))
        async with self.database.read() as tx:
            return not any([await tx.scalar(each) for each in left])

    async def _unsettled(self) -> list[Any]:
        """What is not decided, but for what the provider itself has not decided."""
        pending = {_payment_of(each) for each in self.desk.payments.values() if each["status"] == "pending"}
        return [
            *(row for row in await self.rows(payment) if row.state in OPEN and str(row.id) not in pending),
            *(row for row in await self.rows(refund) if row.state not in GIVEN),
            *(row for row in await self.rows(provider_event) if row.state == EventState.NEW),
        ]

    async def broken(self) -> list[Violation]:
        """I1 to I13, a while later. Notices are told by doors, which are not open in every scene."""
        later = self.passed + timedelta(minutes=20)
        found = await Invariants(self.database, AheadClock(self.business + later), AheadClock(later)).check()
        return [each for each in found if "sms" in self.parts or not each.about.startswith("notice")]

    async def prove(self) -> None:
        """The provider's books are ours, and no period was charged twice."""
        taken = self.desk.taken
        async with self.database.read() as tx:
            ours = await booked(tx, "yookassa")
        assert {name: money.kopecks for name, money in ours.items()} == {
            each["id"]: yookassa_desk.kopecks(each) for each in taken
        }
        assert set(Counter(map(_payment_of, self.desk.payments.values())).values()) <= {1}
        assert set(Counter(each["payment_method"]["id"] for each in taken).values()) <= {1}
        back = {each["id"]: yookassa_desk.kopecks(each) for each in self.desk.refunds.values()}
        done = [row for row in await self.rows(refund) if row.state == RefundState.DONE]
        assert {row.provider_ref: row.amount for row in done} == back
        for one in self.agreed:
            assert await self.balance(one) == self.paid(one) - self.given_back(one)
        assert await self.broken() == []

    def paid(self, one: Agreed) -> int:
        """What the provider took of this one's card."""
        return sum(yookassa_desk.kopecks(each) for each in self._charges(one))

    def given_back(self, one: Agreed) -> int:
        theirs = {each["id"] for each in self._charges(one)}
        returned = [each for each in self.desk.refunds.values() if each["payment_id"] in theirs]
        return sum(map(yookassa_desk.kopecks, returned))

    def _charges(self, one: Agreed) -> list[Any]:
        return [each for each in self.desk.taken if each["payment_method"]["id"] == one.token]

    async def balance(self, one: Agreed) -> int:
        async with self.database.read() as tx:
            return (await book.balance(tx, of_subscriber(one.account_id))).kopecks

    async def states(self, one: Agreed) -> list[str]:
        """The charges of this mandate, attempt by attempt."""
        async with self.database.read() as tx:
            found = await tx.all(
                select(mandate_charge.c.state)
                .where(mandate_charge.c.mandate_id == one.id)
                .order_by(mandate_charge.c.period, mandate_charge.c.attempt)
            )
            return [row.state.value for row in found]


@asynccontextmanager
async def scene(url: str, parts: frozenset[str] = JOBS, *, smsc_url: str = "") -> AsyncIterator[Scene]:
    now = SystemClock().now()
    zone = operator_profile.load().zone
    desk = YooKassaDesk(now=now)
    async with served(desk.app()) as desk_url, aiohttp.ClientSession() as http:
        settings = Settings(
            _env_file=None,
            env="test",
            database_url=url,
            smsc_url=smsc_url,
            payment_provider="yookassa",
            yookassa_url=f"{desk_url}/v3",
            yookassa_shop=yookassa_desk.SHOP,
            yookassa_key=yookassa_desk.KEY,
            yookassa_networks="127.0.0.0/8",
            card_key=SecretStr(CARD_KEY),
            public_url="https://aliance.test",
        )
        database = Database(url)
        try:
            at = datetime.combine(DUE, time_of_day(10, 5), tzinfo=zone)
            yield Scene(desk, database, settings, at - now, http, parts)
        finally:
            await database.close()


def _free(table: Table, now: datetime) -> Any:
    return or_(table.c.lease_until.is_(None), table.c.lease_until < now)


def _payment_of(each: Any) -> str:
    return str(each["metadata"]["payment"])


def _rows(one: Agreed, now: datetime, number: int) -> dict[str, dict[str, Any]]:
    person = {"channel": Channel.SMS, "payer": one.phone}
    blank = dict.fromkeys(("password_hash", "holder", "city", "street", "house", "flat", "email"), "")
    name = str(100_000 + number)
    return {
        "account": {
            "id": one.account_id, "number": name, "login": name, **blank,
            "state": ServiceState.ACTIVE, "accrued_until": now,
        },
        "card": {
            "id": one.card_id, **person, "provider": "yookassa", "token": Seal([CARD_KEY]).close(one.token),
            "mask": "220012******0004", "is_default": True, "saved_by": new_id(), "saved_at": now,
        },
        "mandate": {
            "id": one.id, "account_id": one.account_id, **person, "locale": "ru", "card_id": one.card_id,
            "amount": AMOUNT, "every_days": 30, "consent": CONSENT, "consented_at": now,
            "state": MandateState.ACTIVE, "requested_at": now, "activated_at": now,
            "scheduled": DUE - timedelta(days=30), "next_on": DUE, "warned_on": DUE,
            "warned_at": now - timedelta(days=1), "next_at": now,
        },
    }  # fmt: skip

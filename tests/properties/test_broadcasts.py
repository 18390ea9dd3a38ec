"""Broadcasts over any pauses, cancels, deaths, opt-outs and orders: the report adds up, nobody twice."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from core.ids import Payer
from core.messages.outbox import LEASE, DueNotice
from core.notice_states import BroadcastState, Reach
from core.settings import Settings
from core.staff_errors import NothingToDo, WrongState
from core.states import Channel, Lane, NoticeState
from core.storage.broadcast_tables import broadcast_resend
from core.storage.message_tables import notice
from core.use_cases.asking import Moment
from core.use_cases.broadcast_invariants import RULES, left
from core.use_cases.broadcast_rows import ENDED, Broadcast
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core, open_core
from tests.core.broadcast_scenes import ANNA, drafted, hire, live_at
from tests.core.scenes import arrives, rows
from tests.fakes import FakeClock, FakeProvider
from tests.properties.conftest import FreshDatabase

SENT = (NoticeState.SENT, NoticeState.DELIVERED)
OPEN = (NoticeState.DUE, NoticeState.TAKEN)
SECOND = timedelta(seconds=1)
CHATS = ("10", "20", "30", "40")
PHONES = tuple(f"7914000000{n}" for n in range(1, 6))  # of the accounts with a chat, and of one without
OTHER = {"ru": {"telegram": "Работы завтра", "sms": "Работы завтра"}}


class World:
    """The product, and beside it what really reached people, whatever the product knows of it."""

    def __init__(self, core: Core, clock: FakeClock, of: Broadcast) -> None:
        self.core, self.clock, self.of = core, clock, of
        self.job = BroadcastWork(core.database, core.profile, core.clock, core.wall)
        self.heard: Counter[str] = Counter()  # by the recipient's own row
        self.away: set[str] = set()  # at some time
        self.frozen: set[str] | None = None

    async def works(self, _n: int) -> None:
        await self.job.work_once(2)

    async def sends(self, n: int) -> None:
        """A delivery takes some of what is due, and each ends in its own way."""
        channel = Channel.SMS if n % 5 < 2 else Channel.TELEGRAM
        for place, held in enumerate(await self.core.sending.claim(channel, 1 + n % 4, lane=Lane.BULK)):
            await self._tries(held, (n // 12 + place) % len(ENDS))

    async def _tries(self, held: DueNotice, end: int) -> None:
        sending = self.core.sending
        arrives, tell = ENDS[end]
        if arrives and held.template == "broadcast":
            await self._arrives(held)
        match tell:
            case "sent":
                await sending.sent([(held, f"m{held.id}")])
            case "uncertain":
                await sending.uncertain(held, "no answer")
            case "blocked" if held.channel == Channel.TELEGRAM:
                await self._leaves(held.address)
                await sending.blocked(held)
            case "put back":
                await sending.put_back([held], after=SECOND, reason="throttled")
            case "again":
                await sending.retry(held, after=SECOND, reason="HTTP 502")
            case "failed" | "blocked":
                await sending.failed(held, "chat not found")
        # Else who held it has died.

    async def _arrives(self, held: DueNotice) -> None:
        """I9, from outside: nobody hears it twice but by a word of staff, after it was uncertain."""
        whose = str(held.parent_id or held.id)
        words = [row for row in await rows(self.core, broadcast_resend) if str(row.notice_id) == whose]
        assert self.heard[whose] <= len(words), f"{held.address} hears it again, and nobody said so"
        self.heard[whose] += 1

    async def _leaves(self, chat: str) -> None:
        self.away.add(chat)
        await self.core.subscribers.set_reachable(Payer.telegram(int(chat)), reachable=False)

    async def opts_out(self, n: int) -> None:
        if n % 2:
            await self._leaves(CHATS[n % len(CHATS)])
            return
        phone = Payer.sms(PHONES[n // 2 % len(PHONES)])
        self.away.add(phone.address)
        await self.core.subscribers.stop(phone, answering=await arrives(self.core, phone))

    async def comes_back(self, _n: int) -> None:
        for chat in CHATS:
            await self.core.subscribers.set_reachable(Payer.telegram(int(chat)), reachable=True)

    async def is_commanded(self, n: int) -> None:
        commands, orders, number = self.core.broadcasts, self.core.broadcast_orders, self.of.number
        asked: list[Callable[[], Awaitable[Any]]] = [
            lambda: commands.pause(number, by=ANNA),
            lambda: commands.resume(number, by=ANNA),
            lambda: commands.cancel(number, by=ANNA),
            lambda: orders.retry(number, by=ANNA),
            lambda: orders.retry(number, ["by staff"], by=ANNA),
            lambda: orders.retry(number, by=ANNA, uncertain=True),
            lambda: orders.edit(number, OTHER, by=ANNA),
            lambda: orders.recall(number, by=ANNA),
        ]
        with suppress(WrongState, NothingToDo):
            await asked[n % len(asked)]()

    async def waits(self, n: int) -> None:
        self.clock.shift(LEASE + SECOND if n < 40 else timedelta(hours=n - 39))

    async def holds(self) -> None:
        """After any step."""
        moment = Moment(self.clock.now(), self.clock.now())
        async with self.core.database.read() as tx:
            # Time jumps here while nobody works: what is late is no violation.
            rules = [rule for rule in RULES if rule is not left]
            assert [each for rule in rules for each in await rule(tx, moment)] == []
        now = await self.core.broadcasts.get(self.of.number, by=ANNA)
        found = await rows(self.core, notice, broadcast_id=self.of.id, parent_id=None)
        assert now.total == len(found)
        if self.frozen is None and now.state not in (BroadcastState.SCHEDULED, BroadcastState.FREEZING):
            self.frozen = {row.address for row in found}
            if now.state in (BroadcastState.RUNNING, BroadcastState.DONE):
                # The phone of who has a chat is written to where the chat is gone.
                assert {*CHATS, PHONES[4]} - self.away <= self.frozen <= {*CHATS, *PHONES}
        if self.frozen is not None:
            assert sorted(row.address for row in found) == sorted(self.frozen)

    async def ends(self) -> None:
        """Whatever it was in, it comes to its end, and each recipient to theirs."""
        with suppress(WrongState):
            await self.core.broadcasts.resume(self.of.number, by=ANNA)
        for _ in range(60):
            await self.job.work_once(2)
            await self.holds()
            for channel in Channel:
                for held in await self.core.sending.claim(channel, 50, lane=Lane.BULK):
                    await self._tries(held, 0)
            if (await self.core.broadcasts.get(self.of.number, by=ANNA)).state in ENDED:
                break
            self.clock.shift(LEASE + SECOND)
        await self.holds()
        progress = await self.core.broadcast_reports.progress(self.of.number, by=ANNA)
        assert progress.broadcast.state in ENDED
        assert progress.left == 0
        assert progress.total == len(self.frozen or ())
        pages = self.core.broadcast_reports.lines(self.of.number, by=ANNA)
        assert sum([len(page) async for page in pages]) == progress.total
        made = await rows(self.core, notice, template="broadcast")
        later = {str(row.parent_id): row for row in made if row.parent_id}
        for row in await rows(self.core, notice, broadcast_id=self.of.id, parent_id=None):
            instead = later.get(str(row.id))
            has = row.state in SENT or (instead is not None and instead.state in SENT)
            may = NoticeState.UNCERTAIN in (row.state, None if instead is None else instead.state)
            heard = self.heard[str(row.id)]
            assert heard >= 1 if has else heard == 0 or may or row.repeat, (row.address, row.state, heard)


# Whether it reaches the person, and what the delivery says of it.
ENDS = (
    (True, "sent"),
    (True, "sent"),
    (True, "uncertain"),
    (False, "uncertain"),
    (False, "put back"),
    (False, "again"),
    (False, "blocked"),
    (False, "failed"),
    (True, "dies"),
    (False, "dies"),
)

Step = tuple[Callable[[World, int], Awaitable[None]], int]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just(World.works), st.just(0)),
    st.tuples(st.just(World.works), st.just(0)),
    st.tuples(st.just(World.sends), st.integers(0, 119)),
    st.tuples(st.just(World.sends), st.integers(0, 119)),
    st.tuples(st.just(World.opts_out), st.integers(0, 7)),
    st.tuples(st.just(World.comes_back), st.just(0)),
    st.tuples(st.just(World.is_commanded), st.integers(0, 7)),
    st.tuples(st.just(World.waits), st.integers(0, 60)),
)


# It arrives, its sender dies, and the broadcast is cancelled.
DIED: list[Step] = [(World.sends, 104), (World.is_commanded, 2), (World.waits, 0), (World.works, 0)]
# A bot is blocked, the SMS arrives, the bot is back, and staff try the failed again.
INSTEAD: list[Step] = [
    (World.sends, 72), (World.sends, 11), (World.comes_back, 0), (World.sends, 3), (World.works, 0),
    (World.is_commanded, 3),
]  # fmt: skip


# To make a failure smaller takes minutes: its steps are few enough to be read.
@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=12, max_size=30), begun=st.booleans())
@example(steps=DIED, begun=True)
@example(steps=INSTEAD, begun=True)
def test_each_recipient_has_one_outcome_and_nobody_hears_it_twice(
    fresh_database: FreshDatabase, steps: list[Step], begun: bool
) -> None:
    with fresh_database() as url:
        asyncio.run(_live(url, steps, begun=begun))


async def _live(url: str, steps: list[Step], *, begun: bool) -> None:
    clock = FakeClock()
    kept = Settings(_env_file=None, env="test", database_url=url)
    async with open_core(kept, clock=clock, wall=clock, providers=[FakeProvider(clock)]) as core:
        await hire(core)
        for n, chat in enumerate(CHATS, start=1):
            await live_at(core, str(n), chats=(chat,), phones=(PHONES[n - 1],))
        await live_at(core, "5", phones=(PHONES[4],))
        made = await drafted(core, reach=Reach.TELEGRAM_ELSE_SMS, urgent=True)
        await core.broadcasts.start(made.number, by=ANNA)
        world = World(core, clock, made)
        if begun:  # past its freeze, where most of the steps tell
            for _ in range(4):
                await world.works(0)
            await world.holds()
        for step, n in steps:
            await step(world, n)
            await world.holds()
        await world.ends()

"""The stage of what is sent to many in Telegram: a Bot API that lives on, and lives one after another."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day

import aiohttp

from commands.outside import Outside, outside
from commands.phones import Phones
from core import profile as operator_profile
from core.clock import SystemClock
from core.money import Money
from core.notice_states import BroadcastState, Reach
from core.settings import Settings
from core.states import NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.violations import Violation
from core.wiring import Core, open_core
from tests.core.broadcast_scenes import ANNA, drafted, hire, live_at
from tests.core.scenes import rows
from tests.crash.fuse import Point
from tests.crash.lives import PATIENCE_SECONDS, Life, begin
from tests.crash.victim import AheadClock, Begins, Errand
from tests.deadlines import until
from tests.servers import processes

TOKEN = "4242:telegram-token-of-the-crash-tests"
PEOPLE = 6
CHUNK = 2  # accounts: three chunks of people, and one more that finds nobody
JOBS, ALL = frozenset({"jobs"}), frozenset({"jobs", "bot"})
LEASES = timedelta(seconds=60)  # what the dead held is free by then
BY_DAY = datetime.combine(date(2026, 5, 27), time_of_day(10, 5))
_chats = itertools.count(9001)


@asynccontextmanager
async def world() -> AsyncIterator[Outside]:
    """Without the limits of Telegram: a life that begins does not know what the one before it sent."""
    options = ["--http-port=0", "--provider-key=of-nobody", "--no-smsc", f"--bot-token={TOKEN}"]
    async with outside(options) as opened, aiohttp.ClientSession() as http:
        async with http.post(f"{opened.url}/phone/faults", json={"bot_api": {"rates": False}}) as calm:
            calm.raise_for_status()
        yield opened


async def start(number: int, core: Core) -> None:
    await core.broadcasts.start(number, by=ANNA)


@dataclass
class Chat:
    core: Core
    phones: Phones
    settings: Settings
    business: timedelta
    people: Sequence[int]
    texts: dict[int, str] = field(default_factory=dict)  # by broadcast
    low: list[int] = field(default_factory=list)

    async def drafted(self) -> Broadcast:
        said = f"Работы {len(self.texts) + 1}."
        made = await drafted(self.core, texts={"ru": {"telegram": said}}, reach=Reach.TELEGRAM, title=said)
        self.texts[made.number] = said
        return made

    async def scheduled(self) -> Broadcast:
        made = await self.drafted()
        return await self.core.broadcasts.start(made.number, by=ANNA)

    async def gets_low(self) -> None:
        """One more account, and the chat that is to be told."""
        person = next(_chats)
        self.low.append(person)
        await self.phones.unblock(person)
        await live_at(self.core, str(person), chats=(str(person),), balance=Money(-5_00), tariff="moskva")

    def begin(
        self, point: Point | None, parts: frozenset[str], errand: Errand | None = None, *, later: bool = False
    ) -> Life:
        settings = self.settings.model_copy(update={"http_port": processes.free_port()})
        ahead = LEASES if later else timedelta()
        begins = Begins(parts, errand, ahead=ahead, business=self.business, batch=CHUNK, armed=True)
        return begin(settings, point, begins)

    async def dies(self, point: Point, parts: frozenset[str], errand: Errand | None = None) -> None:
        """A life that ends at the point; what holds after any death holds after this one."""
        dying = self.begin(point, parts, errand)
        await until(dying.has_died, within=PATIENCE_SECONDS, what=f"death {point}")
        await dying.bury()
        assert await self.broken() == [], point

    async def broken(self) -> list[Violation]:
        return [each for each in await self.core.invariants.check() if each.code in ("I9", "I10")]

    async def is_over(self) -> bool:
        """No broadcast goes on, who is low has an alert, and no notice is on its way."""
        states = {row.state for row in await rows(self.core, broadcast)}
        found = await rows(self.core, notice)
        told = {row.address for row in found if row.template == "alert"} == {str(each) for each in self.low}
        left = {row.state for row in found} & {NoticeState.DUE, NoticeState.TAKEN}
        return states <= {BroadcastState.DONE} and told and not left

    async def heard(self, person: int, text: str) -> int:
        return sum(text in each["text"] for each in await self.phones.bot_messages(person))

    async def prove(self, number: int) -> int:
        """Who is marked sent got it once, who may have it at most once; how many of those there are."""
        of = await self.core.broadcasts.get(number, by=ANNA)
        found = await rows(self.core, notice, broadcast_id=of.id)
        assert sorted(int(row.address) for row in found) == sorted(self.people)
        for row in found:
            heard = await self.heard(int(row.address), self.texts[number])
            assert heard == 1 if row.state == NoticeState.SENT else heard <= 1, (heard, row)
        progress = await self.core.broadcast_reports.progress(number, by=ANNA)
        assert progress.sent + progress.uncertain == progress.total == of.total == len(self.people)
        return progress.uncertain

    async def prove_resent(self, number: int, uncertain: int) -> None:
        """Staff said so: who may have had it has it now, some of them twice, and nobody else."""
        of = await self.core.broadcasts.get(number, by=ANNA)
        found = await rows(self.core, notice, broadcast_id=of.id)
        assert {row.state for row in found} == {NoticeState.SENT}
        assert sum(row.repeat for row in found) == uncertain
        for row in found:
            heard = await self.heard(int(row.address), self.texts[number])
            assert heard == 1 or (heard == 2 and row.repeat), (heard, row)


@asynccontextmanager
async def chat(opened: Outside, url: str) -> AsyncIterator[Chat]:
    settings = Settings.model_validate(
        {
            "env": "test",
            "database_url": url,
            "telegram_api": opened.url,
            "telegram_token": TOKEN,
            "telegram_webhook_url": "http://127.0.0.1:9/telegram",  # nobody writes to this bot
            "telegram_webhook_secret": "secret",
        }
    )
    business = BY_DAY.replace(tzinfo=operator_profile.load().zone) - SystemClock().now()
    people = list(itertools.islice(_chats, PEOPLE))
    async with Phones.at(opened.url) as phones, open_core(settings, clock=AheadClock(business)) as core:
        await hire(core)
        for person in people:
            await phones.unblock(person)
            await live_at(core, str(person), chats=(str(person),))
        yield Chat(core, phones, settings, business, people)

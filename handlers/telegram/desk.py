"""Between a press of staff and the screens of broadcasts; who is no staff is not told that there are any."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message

from core.clock import Clock
from core.errors import StaleScreen
from core.notice_states import BroadcastState
from core.profile import Profile
from core.staff_errors import WrongState
from core.use_cases.audiences import Reached
from core.use_cases.broadcast_drafts import BroadcastDrafts, Draft
from core.use_cases.broadcast_orders import BroadcastOrders
from core.use_cases.broadcast_reports import BroadcastReports
from core.use_cases.broadcast_rows import UNBEGUN, Broadcast
from core.use_cases.broadcasts import Broadcasts
from core.use_cases.staff import Member, Staff
from handlers.telegram import narrowing, texts_desk, texts_desk_refusals
from handlers.telegram.buttons_desk import Condition
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen
from handlers.telegram.watches import RESTS, Watches

NEWEST = 10


class StaffOnly(Filter):
    """Everybody else's message or press goes on, to be answered as what nobody understands."""

    async def __call__(
        self, event: Message | CallbackQuery, staff: Staff, watches: Watches
    ) -> bool | dict[str, Any]:
        assert event.from_user is not None
        member = await staff.of_telegram(event.from_user.id)
        if member is None:
            return False
        if isinstance(event, CallbackQuery) and event.message is not None:
            watches.leave((event.message.chat.id, event.message.message_id))
        return {"member": member}


class Desk:
    """The use cases of broadcasts, and the screens that show what came of them."""

    def __init__(
        self,
        broadcasts: Broadcasts,
        drafts: BroadcastDrafts,
        orders: BroadcastOrders,
        reports: BroadcastReports,
        profile: Profile,
        clock: Clock,
        watches: Watches,
    ) -> None:
        self.broadcasts = broadcasts
        self.drafts = drafts
        self.orders = orders
        self.reports = reports
        self.clock = clock
        self.watches = watches
        self._profile = profile
        self._tariffs = {tariff.code: tariff.name for tariff in profile.tariffs}

    async def all(self, words: Html, member: Member) -> Screen:
        newest = await self.broadcasts.newest(by=member.name, limit=NEWEST)
        return texts_desk.desk(words, newest, member)

    async def card(self, words: Html, member: Member, number: int) -> Screen:
        return await self.shown(words, member, await self.broadcasts.get(number, by=member.name))

    async def shown(self, words: Html, member: Member, one: Broadcast, *, toast: str = "") -> Screen:
        progress = None
        if one.state not in UNBEGUN and one.started_at is not None:
            progress = await self.reports.progress(one.number, by=member.name)
            one = progress.broadcast
        return texts_desk.card(
            words,
            one,
            progress,
            member,
            locales=self._profile.locales,
            tariffs=self._tariffs,
            toast=toast,
        )

    async def after(
        self, command: Awaitable[object], words: Html, member: Member, number: int, query: CallbackQuery
    ) -> Screen:
        """The card after a command; where it came too late, the card as it is, and a word about it."""
        try:
            await command
        except WrongState as late:
            shown = await self.followed(words, member, number, query)
            return replace(shown, toast=texts_desk_refusals.told(words, late), alert=True)
        return await self.followed(words, member, number, query)

    async def followed(self, words: Html, member: Member, number: int, query: CallbackQuery) -> Screen:
        """The card, which goes on by itself while the broadcast does."""

        async def look() -> tuple[Screen, BroadcastState]:
            now = await self.broadcasts.get(number, by=member.name)
            return await self.shown(words, member, now), now.state

        screen, state = await look()
        if query.message is not None and state not in RESTS:
            self.watches.follow((query.message.chat.id, query.message.message_id), look)
        return screen

    async def changed(
        self, member: Member, number: int, version: int, change: Callable[[Draft], Draft]
    ) -> Broadcast:
        """The draft that was looked at, with a change; the same twice is one. Raises VersionChanged."""
        one = await self.broadcasts.get(number, by=member.name)
        draft = change(Draft.of(one))
        return await self.drafts.change(number, draft, by=member.name, version=version)

    def audience(self, words: Html, one: Broadcast, reached: Reached | None = None) -> Screen:
        return texts_desk.audience(words, one, self._tariffs, reached)

    async def picker(self, words: Html, member: Member, one: Broadcast, of: Condition) -> Screen:
        return texts_desk.picker(words, one, of, await self._offered(member, one, of), self._tariffs)

    async def narrowed(
        self, member: Member, number: int, version: int, of: Condition, mark: str, *, on: bool
    ) -> Broadcast:
        one = await self.broadcasts.get(number, by=member.name)
        value = narrowing.by_mark(await self._offered(member, one, of), mark)
        if value is None:
            raise StaleScreen

        def change(draft: Draft) -> Draft:
            return replace(draft, audience=narrowing.narrowed(draft.audience, of, value, on=on))

        return await self.changed(member, number, version, change)

    async def ready(self, words: Html, member: Member, number: int, at: datetime | None = None) -> Screen:
        one = await self.broadcasts.get(number, by=member.name)
        if one.state not in UNBEGUN:
            return await self.card(words, member, number)
        reached = await self.drafts.count(number, by=member.name)
        waits = self._profile.notices.needs_approval(reached.total, approved_for=one.approved_for)
        return texts_desk.ready(words, one, reached, at, waits=waits)

    async def _offered(self, member: Member, one: Broadcast, of: Condition) -> list[Any]:
        """What was typed is among them, to be taken off."""
        cities = await self.drafts.cities(by=member.name) if of == Condition.CITIES else []
        values = list(narrowing.offered(of, self._profile, cities))
        return values + [value for value in narrowing.chosen(one.audience, of) if value not in values]

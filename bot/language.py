"""Before a handler: who writes (a stored subscriber), in which language, and the dialogue they leave."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, TelegramObject, User

from core.ids import Payer
from core.profile import Profile
from core.storage.batch import Batch
from core.use_cases.subscribers import Subscribers
from core.use_cases.visits import Visit, Visits
from handlers.locale import Catalogues
from handlers.telegram.html import Html

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Language(BaseMiddleware):
    """Gives handlers `who`, `visit` and `words`; the phone's language counts until one is chosen."""

    def __init__(
        self, subscribers: Subscribers, visits: Visits, catalogues: Catalogues, profile: Profile
    ) -> None:
        self._subscribers = subscribers
        self._looks: Batch[Payer, Visit | None] = Batch(visits.look)
        self._catalogues = catalogues
        self._profile = profile

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        user: User = data["event_from_user"]
        visit = await self._visit(user)
        who = visit.who
        if not who.reachable:
            await self._subscribers.set_reachable(who.payer, reachable=True)
        data["who"] = who
        data["visit"] = visit
        data["words"] = Html(self._catalogues.words("telegram", who.locale))
        return await handler(event, data)

    async def _visit(self, user: User) -> Visit:
        payer = Payer.telegram(user.id)
        visit = await self._looks.put(payer)
        if visit is not None:
            return visit
        who = await self._subscribers.get(payer, locale=self._locale(user))
        return Visit(who, [], {})

    def _locale(self, user: User) -> str:
        code = (user.language_code or "").partition("-")[0]
        return code if code in self._profile.locales else self._profile.default_locale


class Dialogue(BaseMiddleware):
    """A command or a button leaves the dialogue that waits for typed text."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if data["raw_state"] is not None and _leaves(event):
            state: FSMContext = data["state"]
            await state.clear()
            data["raw_state"] = None
        return await handler(event, data)


def _leaves(event: TelegramObject) -> bool:
    if isinstance(event, Message):
        return (event.text or "").startswith("/")
    return isinstance(event, CallbackQuery)

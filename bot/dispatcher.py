"""From the inbox to a handler: middlewares and routers in the order they see an update."""

from aiogram import Dispatcher, Router
from aiogram.fsm.storage.base import BaseStorage
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.fsm.storage.redis import RedisStorage
from redis.asyncio import Redis

from bot.language import Dialogue, Language
from core.wiring import Core
from handlers.locale import Catalogues
from handlers.telegram import (
    accounts,
    balance,
    cancel,
    cards,
    history,
    privacy,
    reach,
    settings,
    start,
    top_up,
)
from handlers.telegram import help as help_screen
from handlers.telegram.errors import Answering

DIALOGUE_SECONDS = 24 * 3600  # a question left open for a day is forgotten

# Cards first, so that no handler reads such a text; balance next, it is asked for most.
ROUTERS = (cards, balance, top_up, history, accounts, settings, start, help_screen, privacy, cancel, reach)


def dispatcher(core: Core, catalogues: Catalogues, redis: Redis | None) -> Dispatcher:
    """The handlers' arguments are named here: aiogram hands them over by name."""
    built = Dispatcher(
        storage=_storage(redis),
        profile=core.profile,
        subscribers=core.subscribers,
        accounts=core.accounts,
        links=core.links,
        top_ups=core.top_ups,
        visits=core.visits,
        catalogues=catalogues,
    )
    language = Language(core.subscribers, core.visits, catalogues, core.profile)
    for observer in (built.message, built.callback_query):
        observer.outer_middleware(language)
        observer.outer_middleware(Dialogue())
        observer.outer_middleware(Answering(core.subscribers))
    for router in (*(module.router for module in ROUTERS), start.last_router):
        _take_over(built, router)
    return built


def _take_over(built: Dispatcher, router: Router) -> None:
    """The handlers themselves: a router can be included once a process, and each costs every update a hop."""
    for name, observer in router.observers.items():
        built.observers[name].handlers.extend(observer.handlers)


def _storage(redis: Redis | None) -> BaseStorage:
    if redis is None:
        return MemoryStorage()
    return RedisStorage(redis, state_ttl=DIALOGUE_SECONDS, data_ttl=DIALOGUE_SECONDS)

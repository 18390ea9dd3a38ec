"""From the inbox to a handler: middlewares and routers in the order they see an update."""

from aiogram import Dispatcher
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
        catalogues=catalogues,
    )
    language = Language(core.subscribers, catalogues, core.profile)
    for observer in (built.message, built.callback_query):
        observer.outer_middleware(language)
        observer.outer_middleware(Dialogue())
        observer.outer_middleware(Answering(core.subscribers))
    for module in ROUTERS:
        built.include_router(module.router)
    built.include_router(start.last_router)
    return built


def _storage(redis: Redis | None) -> BaseStorage:
    if redis is None:
        return MemoryStorage()
    return RedisStorage(redis, state_ttl=DIALOGUE_SECONDS, data_ttl=DIALOGUE_SECONDS)

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
    advertising,
    alerts,
    autopay,
    autopay_terms,
    balance,
    broadcasts,
    broadcasts_audience,
    broadcasts_files,
    broadcasts_typed,
    cancel,
    card_numbers,
    cards,
    history,
    link_by_sms,
    privacy,
    reach,
    settings,
    start,
    top_up,
    unlink,
)
from handlers.telegram import help as help_screen
from handlers.telegram.autopay_screens import AutopayScreens
from handlers.telegram.buttons_autopay import KOPECKS_MOST
from handlers.telegram.desk import Desk
from handlers.telegram.errors import Answering
from handlers.telegram.offered import Offered
from handlers.telegram.report_files import ReportFiles
from handlers.telegram.watches import Watches
from handlers.telegram.ways import Ways

DIALOGUE_SECONDS = 24 * 3600  # a question left open for a day is forgotten

# Card numbers first, so that no handler reads such a text; balance next, it is asked for most.
ROUTERS = (
    card_numbers, balance, top_up, history, autopay, autopay_terms, cards, alerts, accounts,
    link_by_sms, unlink, settings, advertising, start, help_screen, privacy, cancel, reach,
    broadcasts, broadcasts_audience, broadcasts_files, broadcasts_typed,
)  # fmt: skip


def dispatcher(
    core: Core, catalogues: Catalogues, redis: Redis | None, watches: Watches, report_files: ReportFiles
) -> Dispatcher:
    """The handlers' arguments are named here: aiogram hands them over by name."""
    if core.profile.autopay.most.kopecks > KOPECKS_MOST:
        raise ValueError(f"autopay.most of the profile: a button carries {KOPECKS_MOST} kopecks at most")
    built = Dispatcher(
        storage=_storage(redis),
        profile=core.profile,
        subscribers=core.subscribers,
        accounts=core.accounts,
        alert_settings=core.alert_settings,
        links=core.links,
        top_ups=core.top_ups,
        visits=core.visits,
        links_by_sms=core.links_by_sms,
        cards=core.cards,
        autopay=core.autopay,
        provider_mandates=core.provider_mandates,
        ways=Ways(core.payments, core.cards, core.profile),
        autopay_screens=AutopayScreens(
            core.accounts, core.autopay, core.cards, core.provider_mandates, core.profile
        ),
        offered=offered(core),
        catalogues=catalogues,
        consents=core.consents,
        staff=core.staff,
        watches=watches,
        report_files=report_files,
        desk=_desk(core, watches),
    )
    language = Language(core.subscribers, core.visits, catalogues, core.profile)
    for observer in (built.message, built.callback_query):
        observer.outer_middleware(language)
        observer.outer_middleware(Dialogue())
        observer.outer_middleware(Answering(core.subscribers))
    for router in (*(module.router for module in ROUTERS), start.last_router):
        _take_over(built, router)
    return built


def _desk(core: Core, watches: Watches) -> Desk:
    uses = (core.broadcasts, core.broadcast_drafts, core.broadcast_orders, core.broadcast_reports)
    return Desk(*uses, core.profile, core.clock, watches)


def offered(core: Core) -> Offered:
    return Offered(cards=core.cards.enabled, sms_codes=bool(core.settings.card_keys))


def _take_over(built: Dispatcher, router: Router) -> None:
    """The handlers themselves: a router can be included once a process, and each costs every update a hop."""
    for name, observer in router.observers.items():
        built.observers[name].handlers.extend(observer.handlers)


def _storage(redis: Redis | None) -> BaseStorage:
    if redis is None:
        return MemoryStorage()
    return RedisStorage(redis, state_ttl=DIALOGUE_SECONDS, data_ttl=DIALOGUE_SECONDS)

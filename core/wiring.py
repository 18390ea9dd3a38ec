"""Wiring: the one place that names concrete classes and joins them to a core."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from core import profile as profiles
from core.clock import Clock, SystemClock
from core.jobs import Job, Jobs
from core.ledger import book
from core.ledger.transfer import COMMISSION, OPENING, REVENUE, SUSPENSE, clearing
from core.messages.wakeups import LocalWakeups, RedisWakeups, Wakeups
from core.payments.provider import Provider
from core.profile import Profile
from core.settings import Settings
from core.storage.database import Database
from core.use_cases.accounts import Accounts
from core.use_cases.callbacks import Callbacks
from core.use_cases.fees import Fees
from core.use_cases.imports import Imports
from core.use_cases.invariants import Invariants
from core.use_cases.limits import LimitsKeeper
from core.use_cases.links import Links
from core.use_cases.payments import Payments
from core.use_cases.queues import Queues
from core.use_cases.receiving import Receiving
from core.use_cases.reconciliations import Reconciliations
from core.use_cases.sending import Sending
from core.use_cases.settling import Settling
from core.use_cases.statements import Statements
from core.use_cases.subscribers import Subscribers
from core.use_cases.top_ups import TopUps
from core.use_cases.visits import Visits

POLL_SECONDS = 1.0  # how late a lost wake-up can make a job
BATCH = 50


@dataclass(frozen=True, slots=True)
class Core:
    """The service: its use cases, and the few tools that doors need beside them."""

    settings: Settings
    profile: Profile
    clock: Clock
    wall: Clock
    database: Database
    wakeups: Wakeups
    subscribers: Subscribers
    accounts: Accounts
    links: Links
    top_ups: TopUps
    visits: Visits
    payments: Payments
    callbacks: Callbacks
    fees: Fees
    statements: Statements
    receiving: Receiving
    sending: Sending
    imports: Imports
    invariants: Invariants
    queues: Queues
    reconciliations: Reconciliations
    jobs: Jobs


@asynccontextmanager
async def open_core(
    settings: Settings,
    *,
    clock: Clock | None = None,
    wall: Clock | None = None,
    providers: Sequence[Provider] | None = None,
) -> AsyncIterator[Core]:
    """Open the database (which must stand at the schema's head) and join the house.

    `clock` is business time, `wall` the time of leases and retries; both the system's by default.
    """
    profile = profiles.load(settings.operator_profile)
    database = Database(settings.database_url)
    wakeups = RedisWakeups(settings.redis_url) if settings.redis_url else LocalWakeups()
    database.on_commit = wakeups.notify
    if providers is None:
        providers = _configured(settings, profile)
    try:
        await _open_books(database, providers)
        yield _join(
            settings, profile, database, wakeups, providers, clock or SystemClock(), wall or SystemClock()
        )
    finally:
        for provider in providers:
            await provider.close()
        await database.close()


def _configured(settings: Settings, profile: Profile) -> list[Provider]:
    if settings.payment_provider != "sandbox":
        return []
    from core.payments.sandbox import Sandbox  # aiohttp is paid for by who charges

    return [
        Sandbox(
            url=settings.sandbox_url,
            key=settings.sandbox_key.get_secret_value(),
            merchant=profile.demo_merchant,
            public_url=settings.public_url,
        )
    ]


async def _open_books(database: Database, providers: Sequence[Provider]) -> None:
    async with database.transaction() as tx:
        for system in (REVENUE, COMMISSION, SUSPENSE, OPENING, *(clearing(each.name) for each in providers)):
            await book.open_system_account(tx, system)


def _join(
    settings: Settings,
    profile: Profile,
    database: Database,
    wakeups: Wakeups,
    providers: Sequence[Provider],
    clock: Clock,
    wall: Clock,
) -> Core:
    settling = Settling(profile)
    payments = Payments(database, settling, providers, clock, wall)
    callbacks = Callbacks(database, settling, providers, clock, wall)
    top_ups = TopUps(database, profile, clock, wall, payments)
    receiving = Receiving(database, wall)
    fees = Fees(database, profile, clock)
    jobs = _jobs(payments, callbacks, top_ups, fees, receiving, LimitsKeeper(database, clock))
    return Core(
        settings=settings,
        profile=profile,
        clock=clock,
        wall=wall,
        database=database,
        wakeups=wakeups,
        subscribers=Subscribers(database, profile, wall),
        accounts=Accounts(database, profile, clock),
        links=Links(database, profile, clock, public_url=settings.public_url),
        top_ups=top_ups,
        visits=Visits(database, profile, clock),
        payments=payments,
        callbacks=callbacks,
        fees=fees,
        statements=Statements(database, profile, clock),
        receiving=receiving,
        sending=Sending(database, wall),
        imports=Imports(database, profile, clock),
        invariants=Invariants(database, clock, wall),
        queues=Queues(database, wall),
        reconciliations=Reconciliations(database),
        jobs=Jobs(jobs, wakeups),
    )


def _jobs(
    payments: Payments,
    callbacks: Callbacks,
    top_ups: TopUps,
    fees: Fees,
    receiving: Receiving,
    limits: LimitsKeeper,
) -> list[Job]:
    return [
        Job("collect payments", partial(payments.collect_once, BATCH), POLL_SECONDS, "payments"),
        Job("ask after payments", partial(payments.ask_once, BATCH), POLL_SECONDS, "payments.ask"),
        Job("apply callbacks", partial(callbacks.events_once, BATCH), POLL_SECONDS, "callbacks"),
        Job("expire quotes", partial(top_ups.expire_once, BATCH), 5.0, "quotes"),
        Job("post fees", partial(fees.post_once, BATCH), 5.0, "fees"),
        Job("forget old parts", receiving.forget_parts, 3600.0, "parts"),
        Job("forget old limits", limits.forget_once, 3600.0, "limits"),
    ]

"""Wiring: the one place that names concrete classes and joins them to a core."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from core import profile as profiles
from core.clock import Clock, SystemClock
from core.jobs import Job, Jobs
from core.ledger import book
from core.ledger.transfer import COMMISSION, OPENING, REVENUE, SUSPENSE, clearing
from core.messages.wakeups import LocalWakeups, RedisWakeups, Wakeups
from core.payments.choice import Providers
from core.payments.configured import configured
from core.payments.provider import Provider
from core.profile import Profile
from core.settings import Settings
from core.storage.database import Database
from core.use_cases.accounts import Accounts
from core.use_cases.agreements import Agreements
from core.use_cases.autopay import Autopay
from core.use_cases.autopay_by_sms import AutopayBySms
from core.use_cases.autopay_charging import AutopayCharging
from core.use_cases.autopay_ending import AutopayEnding
from core.use_cases.autopay_outcomes import AutopayOutcomes
from core.use_cases.callbacks import Callbacks
from core.use_cases.card_keeping import CardKeeping
from core.use_cases.cards import Cards
from core.use_cases.checkouts import Checkouts
from core.use_cases.codes import Codes
from core.use_cases.fees import Fees
from core.use_cases.imports import Imports
from core.use_cases.invariants import Invariants
from core.use_cases.limits import LimitsKeeper
from core.use_cases.links import Links
from core.use_cases.links_by_sms import LinksBySms
from core.use_cases.payments import Payments
from core.use_cases.provider_mandates import ProviderMandates
from core.use_cases.queues import Queues
from core.use_cases.receipts import Receipts
from core.use_cases.receiving import Receiving
from core.use_cases.reconciliations import Reconciliations
from core.use_cases.refunds import Refunds
from core.use_cases.sending import Sending
from core.use_cases.settling import Settling
from core.use_cases.statements import Statements
from core.use_cases.subscribers import Subscribers
from core.use_cases.top_ups import TopUps
from core.use_cases.visits import Visits

if TYPE_CHECKING:
    from core.payments.seal import Seal

POLL_SECONDS = 1.0  # how late a lost wake-up can make a job
BATCH = 50
MANDATES = 200  # a round's intents: more would wait for the providers anyway


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
    links_by_sms: LinksBySms
    top_ups: TopUps
    visits: Visits
    payments: Payments
    callbacks: Callbacks
    checkouts: Checkouts
    refunds: Refunds
    cards: Cards
    autopay: Autopay
    autopay_by_sms: AutopayBySms
    provider_mandates: ProviderMandates
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
    named = configured(settings, profile) if providers is None else Providers(providers)
    try:
        await _open_books(database, named)
        yield _join(
            settings, profile, database, wakeups, named, clock or SystemClock(), wall or SystemClock()
        )
    finally:
        for provider in named.values():
            await provider.close()
        await database.close()


async def _open_books(database: Database, providers: Providers) -> None:
    async with database.transaction() as tx:
        for system in (REVENUE, COMMISSION, SUSPENSE, OPENING, *(clearing(name) for name in providers)):
            await book.open_system_account(tx, system)


def _seal(settings: Settings) -> "Seal | None":
    if not settings.card_keys:
        return None
    from core.payments.seal import Seal  # its import is paid for by who keeps cards

    return Seal(settings.card_keys)


def _join(
    settings: Settings,
    profile: Profile,
    database: Database,
    wakeups: Wakeups,
    named: Providers,
    clock: Clock,
    wall: Clock,
) -> Core:
    seal, receipts, providers = _seal(settings), Receipts(settings), list(named.values())
    cards = Cards(database, profile, providers, clock, wall, seal)
    refunds = Refunds(database, profile, providers, clock, wall)
    outcomes = AutopayOutcomes(profile, refunds, clock)
    settling = Settling(profile, cards, outcomes)
    payments = Payments(database, settling, cards, outcomes, receipts, named, clock, wall)
    callbacks = Callbacks(database, settling, refunds, named, receipts, profile, clock, wall)
    top_ups = TopUps(database, profile, clock, wall, payments, cards)
    agreements, ending = Agreements(profile, cards, clock, wall), AutopayEnding(profile, clock, wall)
    codes = Codes(database, clock, seal)
    receiving, fees = Receiving(database, wall), Fees(database, profile, clock)
    charging = AutopayCharging(database, profile, providers, clock, wall)
    keeping = CardKeeping(database, profile, cards, providers, clock, wall)
    provider_mandates = ProviderMandates(database, providers, clock, wall)
    jobs = [
        *_autopay_jobs(refunds, charging, keeping, provider_mandates),
        *_jobs(payments, callbacks, top_ups, fees, receiving, LimitsKeeper(database, clock)),
    ]
    return Core(
        settings=settings,
        profile=profile,
        clock=clock,
        wall=wall,
        database=database,
        wakeups=wakeups,
        subscribers=Subscribers(database, profile, wall),
        accounts=Accounts(database, profile, clock, wall),
        links=Links(database, profile, clock, public_url=settings.public_url),
        links_by_sms=LinksBySms(database, profile, clock, wall, codes),
        top_ups=top_ups,
        visits=Visits(database, profile, clock),
        payments=payments,
        callbacks=callbacks,
        checkouts=Checkouts(database, named, payments),
        refunds=refunds,
        cards=cards,
        autopay=Autopay(database, profile, clock, cards, agreements, ending),
        autopay_by_sms=AutopayBySms(
            database, profile, clock, wall, cards, codes, agreements, ending, payments
        ),
        provider_mandates=provider_mandates,
        fees=fees,
        statements=Statements(database, profile, clock),
        receiving=receiving,
        sending=Sending(database, wall, seal),
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


def _autopay_jobs(
    refunds: Refunds, charging: AutopayCharging, keeping: CardKeeping, provider_mandates: ProviderMandates
) -> list[Job]:
    return [
        Job("charge by mandate", partial(charging.due_once, MANDATES), 5.0, "autopay"),
        Job("give back", partial(refunds.refund_once, BATCH), POLL_SECONDS, "refunds"),
        Job("watch mandates", partial(charging.watch_once, BATCH), 60.0, "autopay.watch"),
        Job("forget cards", partial(keeping.revoke_once, BATCH), 5.0, "cards"),
        Job("tell of ending cards", partial(keeping.expiring_once, BATCH), 3600.0, "cards.expiring"),
        Job("end provider mandates", partial(provider_mandates.delete_once, BATCH), 5.0, "provider_mandates"),
        Job("mirror provider mandates", provider_mandates.mirror_once, 3600.0, "provider_mandates.mirror"),
    ]

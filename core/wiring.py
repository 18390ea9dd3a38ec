"""Wiring: the one place that names concrete classes and joins them to a core."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict

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
from core.use_cases.alert_settings import AlertSettings
from core.use_cases.alerts import Alerts
from core.use_cases.autopay import Autopay
from core.use_cases.autopay_by_sms import AutopayBySms
from core.use_cases.autopay_charging import AutopayCharging
from core.use_cases.autopay_ending import AutopayEnding
from core.use_cases.autopay_outcomes import AutopayOutcomes
from core.use_cases.broadcast_drafts import BroadcastDrafts
from core.use_cases.broadcast_orders import BroadcastOrders
from core.use_cases.broadcast_reports import BroadcastReports
from core.use_cases.broadcast_work import BroadcastWork
from core.use_cases.broadcasts import Broadcasts
from core.use_cases.callbacks import Callbacks
from core.use_cases.card_keeping import CardKeeping
from core.use_cases.cards import Cards
from core.use_cases.checkouts import Checkouts
from core.use_cases.claims import Claims
from core.use_cases.codes import Codes
from core.use_cases.consents import Consents
from core.use_cases.differences import Differences
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
from core.use_cases.refund_orders import RefundOrders
from core.use_cases.refunds import Refunds
from core.use_cases.sending import Sending
from core.use_cases.settling import Settling
from core.use_cases.staff import Staff
from core.use_cases.statements import Statements
from core.use_cases.subscribers import Subscribers
from core.use_cases.suspense import Suspense
from core.use_cases.top_ups import TopUps
from core.use_cases.visits import Visits

if TYPE_CHECKING:
    from core.payments.seal import Seal

POLL_SECONDS = 1.0  # how late a lost wake-up can make a job
BATCH = 50
ALERTS = 200  # a round's accounts, locked together: a payment to one of them waits that long
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
    refund_orders: RefundOrders
    claims: Claims
    suspense: Suspense
    cards: Cards
    autopay: Autopay
    autopay_by_sms: AutopayBySms
    provider_mandates: ProviderMandates
    fees: Fees
    alerts: Alerts
    alert_settings: AlertSettings
    statements: Statements
    receiving: Receiving
    sending: Sending
    imports: Imports
    invariants: Invariants
    queues: Queues
    reconciliations: Reconciliations
    differences: Differences
    staff: Staff
    consents: Consents
    broadcasts: Broadcasts
    broadcast_drafts: BroadcastDrafts
    broadcast_orders: BroadcastOrders
    broadcast_reports: BroadcastReports
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
            _Tools(settings, profile, database, wakeups, named, clock or SystemClock(), wall or SystemClock())
        )
    finally:
        for provider in named.values():
            await provider.close()
        await database.close()


async def _open_books(database: Database, providers: Providers) -> None:
    async with database.transaction() as tx:
        for system in (REVENUE, COMMISSION, SUSPENSE, OPENING, *(clearing(name) for name in providers)):
            await book.open_system_account(tx, system)


@dataclass(frozen=True, slots=True)
class _Tools:
    settings: Settings
    profile: Profile
    database: Database
    wakeups: Wakeups
    named: Providers
    clock: Clock
    wall: Clock

    @property
    def providers(self) -> list[Provider]:
        return list(self.named.values())


def _seal(settings: Settings) -> "Seal | None":
    if not settings.card_keys:
        return None
    from core.payments.seal import Seal  # its import is paid for by who keeps cards

    return Seal(settings.card_keys)


@dataclass(frozen=True, slots=True)
class _Collecting:
    """What takes money at the providers, and gives it back."""

    payments: Payments
    callbacks: Callbacks
    checkouts: Checkouts
    refunds: Refunds
    orders: RefundOrders
    reconciliations: Reconciliations

    def jobs(self) -> list[Job]:
        return [
            Job("collect payments", partial(self.payments.collect_once, BATCH), POLL_SECONDS, "payments"),
            Job("ask after payments", partial(self.payments.ask_once, BATCH), POLL_SECONDS, "payments.ask"),
            Job("apply callbacks", partial(self.callbacks.events_once, BATCH), POLL_SECONDS, "callbacks"),
            Job("give back", partial(self.refunds.refund_once, BATCH), POLL_SECONDS, "refunds"),
            Job("reconcile", self.reconciliations.due_once, 300.0, "reconciliations"),
        ]


def _collecting(of: _Tools, cards: Cards) -> _Collecting:
    receipts = Receipts(of.settings)
    refunds = Refunds(of.database, of.profile, of.providers, of.clock, of.wall)
    outcomes = AutopayOutcomes(of.profile, refunds, of.clock)
    settling = Settling(of.profile, cards, outcomes)
    payments = Payments(of.database, settling, cards, outcomes, receipts, of.named, of.clock, of.wall)
    callbacks = Callbacks(of.database, settling, refunds, of.named, receipts, of.profile, of.clock, of.wall)
    return _Collecting(
        payments=payments,
        callbacks=callbacks,
        checkouts=Checkouts(of.database, of.named, payments),
        refunds=refunds,
        orders=RefundOrders(of.database, refunds, of.wall),
        reconciliations=Reconciliations(
            of.database, of.profile, of.named, payments, callbacks, of.clock, of.wall
        ),
    )


@dataclass(frozen=True, slots=True)
class _Mandates:
    """What is agreed to once and charged by the clock."""

    autopay: Autopay
    by_sms: AutopayBySms
    by_provider: ProviderMandates
    charging: AutopayCharging
    keeping: CardKeeping

    def jobs(self) -> list[Job]:
        ended, mirrored = partial(self.by_provider.delete_once, BATCH), self.by_provider.mirror_once
        return [
            Job("charge by mandate", partial(self.charging.due_once, MANDATES), 5.0, "autopay"),
            Job("watch mandates", partial(self.charging.watch_once, BATCH), 60.0, "autopay.watch"),
            Job("forget cards", partial(self.keeping.revoke_once, BATCH), 5.0, "cards"),
            Job("tell of ending cards", partial(self.keeping.expiring_once, BATCH), 3600.0, "cards.expiring"),
            Job("end provider mandates", ended, 5.0, "provider_mandates"),
            Job("mirror provider mandates", mirrored, 3600.0, "provider_mandates.mirror"),
        ]


def _mandates(of: _Tools, cards: Cards, codes: Codes, payments: Payments) -> _Mandates:
    agreements = Agreements(of.profile, cards, of.clock, of.wall)
    ending = AutopayEnding(of.profile, of.clock, of.wall)
    return _Mandates(
        autopay=Autopay(of.database, of.profile, of.clock, cards, agreements, ending),
        by_sms=AutopayBySms(
            of.database, of.profile, of.clock, of.wall, cards, codes, agreements, ending, payments
        ),
        by_provider=ProviderMandates(of.database, of.providers, of.clock, of.wall),
        charging=AutopayCharging(of.database, of.profile, of.providers, of.clock, of.wall),
        keeping=CardKeeping(of.database, of.profile, cards, of.providers, of.clock, of.wall),
    )


class _Desk(TypedDict):
    """What staff send to many, and who they are."""

    staff: Staff
    consents: Consents
    broadcasts: Broadcasts
    broadcast_drafts: BroadcastDrafts
    broadcast_orders: BroadcastOrders
    broadcast_reports: BroadcastReports


def _desk(of: _Tools) -> _Desk:
    return _Desk(
        staff=Staff(of.database, of.wall),
        consents=Consents(of.database, of.wall),
        broadcasts=Broadcasts(of.database, of.profile, of.clock, of.wall),
        broadcast_drafts=BroadcastDrafts(of.database, of.profile, of.clock, of.wall),
        broadcast_orders=BroadcastOrders(of.database, of.profile, of.wall),
        broadcast_reports=BroadcastReports(of.database, of.wall),
    )


def _broadcasting(of: _Tools) -> Job:
    work = BroadcastWork(of.database, of.profile, of.clock, of.wall)
    return Job("work off broadcasts", work.work_once, POLL_SECONDS, "broadcasts")


def _join(of: _Tools) -> Core:
    database, profile, clock, wall, seal = of.database, of.profile, of.clock, of.wall, _seal(of.settings)
    cards, codes = Cards(database, profile, of.providers, clock, wall, seal), Codes(database, clock, seal)
    money = _collecting(of, cards)
    mandates = _mandates(of, cards, codes, money.payments)
    top_ups = TopUps(database, profile, clock, wall, money.payments, cards)
    receiving, fees = Receiving(database, wall), Fees(database, profile, clock)
    alerts = Alerts(database, profile, clock, wall)
    others = _jobs(top_ups, fees, receiving, LimitsKeeper(database, clock), alerts)
    return Core(
        settings=of.settings,
        profile=profile,
        clock=clock,
        wall=wall,
        database=database,
        wakeups=of.wakeups,
        subscribers=Subscribers(database, profile, wall),
        accounts=Accounts(database, profile, clock),
        links=Links(database, profile, clock, public_url=of.settings.public_url),
        links_by_sms=LinksBySms(database, profile, clock, wall, codes),
        top_ups=top_ups,
        visits=Visits(database, profile, clock),
        payments=money.payments,
        callbacks=money.callbacks,
        checkouts=money.checkouts,
        refunds=money.refunds,
        refund_orders=money.orders,
        claims=Claims(database, profile, clock, wall),
        suspense=Suspense(database, profile, money.orders, clock, wall),
        cards=cards,
        autopay=mandates.autopay,
        autopay_by_sms=mandates.by_sms,
        provider_mandates=mandates.by_provider,
        fees=fees,
        alerts=alerts,
        alert_settings=AlertSettings(database, profile, clock, wall),
        statements=Statements(database, profile, clock),
        receiving=receiving,
        sending=Sending(database, profile, clock, wall, seal),
        imports=Imports(database, profile, clock),
        invariants=Invariants(database, clock, wall),
        queues=Queues(database, profile, clock, wall),
        reconciliations=money.reconciliations,
        differences=Differences(database, wall),
        **_desk(of),
        jobs=Jobs([*mandates.jobs(), *money.jobs(), *others, _broadcasting(of)], of.wakeups),
    )


def _jobs(
    top_ups: TopUps, fees: Fees, receiving: Receiving, limits: LimitsKeeper, alerts: Alerts
) -> list[Job]:
    return [
        Job("expire quotes", partial(top_ups.expire_once, BATCH), 5.0, "quotes"),
        Job("post fees", partial(fees.post_once, BATCH), 5.0, "fees"),
        Job("tell of low balances", partial(alerts.due_once, ALERTS), 5.0, "alerts"),
        Job("forget old parts", receiving.forget_parts, 3600.0, "parts"),
        Job("forget old limits", limits.forget_once, 3600.0, "limits"),
    ]

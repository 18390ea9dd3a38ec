"""Wiring: the one place that names concrete classes and joins them to a core."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core import profile as profiles
from core.clock import Clock, SystemClock
from core.jobs import Jobs
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
from core.use_cases.advertising_by_sms import AdvertisingBySms
from core.use_cases.alert_settings import AlertSettings
from core.use_cases.alerts import Alerts
from core.use_cases.autopay import Autopay
from core.use_cases.autopay_by_sms import AutopayBySms
from core.use_cases.broadcast_drafts import BroadcastDrafts
from core.use_cases.broadcast_orders import BroadcastOrders
from core.use_cases.broadcast_reports import BroadcastReports
from core.use_cases.broadcasts import Broadcasts
from core.use_cases.callbacks import Callbacks
from core.use_cases.cards import Cards
from core.use_cases.checkouts import Checkouts
from core.use_cases.claims import Claims
from core.use_cases.codes import Codes
from core.use_cases.consents import Consents
from core.use_cases.def_imports import DefImports
from core.use_cases.differences import Differences
from core.use_cases.fees import Fees
from core.use_cases.history_by_sms import HistoryBySms
from core.use_cases.imports import Imports
from core.use_cases.invariants import Invariants
from core.use_cases.limits import LimitsKeeper
from core.use_cases.links import Links
from core.use_cases.links_by_sms import LinksBySms
from core.use_cases.mobile_operators import MobileOperators
from core.use_cases.payment_records import PaymentRecords
from core.use_cases.payment_settling import PaymentSettling
from core.use_cases.payments import Payments
from core.use_cases.provider_mandates import ProviderMandates
from core.use_cases.queues import Queues
from core.use_cases.receiving import Receiving
from core.use_cases.reconciliations import Reconciliations
from core.use_cases.refund_orders import RefundOrders
from core.use_cases.refunds import Refunds
from core.use_cases.sending import Sending
from core.use_cases.sms_records import SmsRecords
from core.use_cases.sms_resending import SmsResending
from core.use_cases.sms_sending import SmsSending
from core.use_cases.sms_settling import SmsSettling
from core.use_cases.staff import Staff
from core.use_cases.statements import Statements
from core.use_cases.subscribers import Subscribers
from core.use_cases.suspense import Suspense
from core.use_cases.top_ups import TopUps
from core.use_cases.visits import Visits
from core.wiring_parts import (
    Tools,
    broadcasting,
    collecting,
    keeping_jobs,
    looking_of,
    mandates_of,
    phones_of,
    seal_of,
    telling_of,
)


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
    history_by_sms: HistoryBySms
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
    sms_sending: SmsSending
    imports: Imports
    mobile_operators: MobileOperators
    def_imports: DefImports
    invariants: Invariants
    queues: Queues
    reconciliations: Reconciliations
    differences: Differences
    staff: Staff
    consents: Consents
    advertising_by_sms: AdvertisingBySms
    broadcasts: Broadcasts
    broadcast_drafts: BroadcastDrafts
    broadcast_orders: BroadcastOrders
    broadcast_reports: BroadcastReports
    sms_records: SmsRecords
    payment_records: PaymentRecords
    payment_settling: PaymentSettling
    sms_resending: SmsResending
    sms_settling: SmsSettling
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
            Tools(settings, profile, database, wakeups, named, clock or SystemClock(), wall or SystemClock())
        )
    finally:
        for provider in named.values():
            await provider.close()
        await database.close()


async def _open_books(database: Database, providers: Providers) -> None:
    async with database.transaction() as tx:
        for system in (REVENUE, COMMISSION, SUSPENSE, OPENING, *(clearing(name) for name in providers)):
            await book.open_system_account(tx, system)


def _join(of: Tools) -> Core:
    database, profile, clock, wall, seal = of.database, of.profile, of.clock, of.wall, seal_of(of.settings)
    cards, codes = Cards(database, profile, of.providers, clock, wall, seal), Codes(database, clock, seal)
    money = collecting(of, cards)
    mandates = mandates_of(of, cards, codes, money.payments)
    phones, telling = phones_of(of), telling_of(of)
    top_ups = TopUps(database, profile, clock, wall, money.payments, cards, phones["mobile_operators"])
    receiving, fees = Receiving(database, wall), Fees(database, profile, clock)
    others = keeping_jobs(top_ups, fees, receiving, LimitsKeeper(database, clock), telling)
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
        receiving=receiving,
        sending=Sending(database, profile, clock, wall, seal),
        imports=Imports(database, profile, clock),
        reconciliations=money.reconciliations,
        differences=Differences(database, wall),
        payment_settling=money.settling,
        **phones,
        **looking_of(of),
        **telling,
        jobs=Jobs([*mandates.jobs(), *money.jobs(), *others, broadcasting(of)], of.wakeups),
    )

"""The parts that wiring joins: what collects, what is charged by mandate, what staff send, and their jobs."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from core.clock import Clock
from core.jobs import Job
from core.messages.wakeups import Wakeups
from core.payments.choice import Providers
from core.payments.provider import Provider
from core.profile import Profile
from core.settings import Settings
from core.storage.database import Database
from core.use_cases.advertising_by_sms import AdvertisingBySms
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
from core.use_cases.codes import Codes
from core.use_cases.consents import Consents
from core.use_cases.def_imports import DefImports
from core.use_cases.fees import Fees
from core.use_cases.history_by_sms import HistoryBySms
from core.use_cases.invariants import Invariants
from core.use_cases.limits import LimitsKeeper
from core.use_cases.mobile_operators import MobileOperators
from core.use_cases.payment_records import PaymentRecords
from core.use_cases.payment_settling import PaymentSettling
from core.use_cases.payments import Payments
from core.use_cases.provider_mandates import ProviderMandates
from core.use_cases.queues import Queues
from core.use_cases.receipts import Receipts
from core.use_cases.receiving import Receiving
from core.use_cases.reconciliations import Reconciliations
from core.use_cases.refund_orders import RefundOrders
from core.use_cases.refunds import Refunds
from core.use_cases.settling import Settling
from core.use_cases.sms_records import SmsRecords
from core.use_cases.sms_resending import SmsResending
from core.use_cases.sms_sending import SmsSending
from core.use_cases.sms_settling import SmsSettling
from core.use_cases.staff import Staff
from core.use_cases.statements import Statements
from core.use_cases.top_ups import TopUps

if TYPE_CHECKING:
    from core.payments.seal import Seal

CHUNK = 5000  # a broadcast's accounts or recipients a transaction: a second's work, no cancel waits longer
POLL_SECONDS = 1.0  # how late a lost wake-up can make a job
BATCH = 50
ALERTS = 200  # a round's accounts, locked together: a payment to one of them waits that long
MANDATES = 200  # a round's intents: more would wait for the providers anyway


@dataclass(frozen=True, slots=True)
class Tools:
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


def seal_of(settings: Settings) -> "Seal | None":
    if not settings.card_keys:
        return None
    from core.payments.seal import Seal  # its import is paid for by who keeps cards

    return Seal(settings.card_keys)


@dataclass(frozen=True, slots=True)
class Collecting:
    """What takes money at the providers, and gives it back."""

    payments: Payments
    callbacks: Callbacks
    checkouts: Checkouts
    refunds: Refunds
    orders: RefundOrders
    reconciliations: Reconciliations
    settling: PaymentSettling

    def jobs(self) -> list[Job]:
        return [
            Job("collect payments", partial(self.payments.collect_once, BATCH), POLL_SECONDS, "payments"),
            Job("ask after payments", partial(self.payments.ask_once, BATCH), POLL_SECONDS, "payments.ask"),
            Job("apply callbacks", partial(self.callbacks.events_once, BATCH), POLL_SECONDS, "callbacks"),
            Job("give back", partial(self.refunds.refund_once, BATCH), POLL_SECONDS, "refunds"),
            Job("reconcile", self.reconciliations.due_once, 300.0, "reconciliations"),
        ]


def collecting(of: Tools, cards: Cards) -> Collecting:
    receipts = Receipts(of.settings)
    refunds = Refunds(of.database, of.profile, of.providers, of.clock, of.wall)
    outcomes = AutopayOutcomes(of.profile, refunds, of.clock)
    settling = Settling(of.profile, cards, outcomes)
    payments = Payments(of.database, settling, cards, outcomes, receipts, of.named, of.clock, of.wall)
    callbacks = Callbacks(of.database, settling, refunds, of.named, receipts, of.profile, of.clock, of.wall)
    reconciliations = Reconciliations(
        of.database, of.profile, of.named, payments, callbacks, of.clock, of.wall
    )
    return Collecting(
        payments=payments,
        callbacks=callbacks,
        checkouts=Checkouts(of.database, of.named, payments),
        refunds=refunds,
        orders=RefundOrders(of.database, refunds, of.wall),
        reconciliations=reconciliations,
        settling=PaymentSettling(of.database, settling, reconciliations, of.clock, of.wall),
    )


@dataclass(frozen=True, slots=True)
class Mandates:
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


def mandates_of(of: Tools, cards: Cards, codes: Codes, payments: Payments) -> Mandates:
    agreements = Agreements(of.profile, cards, of.clock, of.wall)
    ending = AutopayEnding(of.profile, of.clock, of.wall)
    return Mandates(
        autopay=Autopay(of.database, of.profile, of.clock, cards, agreements, ending),
        by_sms=AutopayBySms(
            of.database, of.profile, of.clock, of.wall, cards, codes, agreements, ending, payments
        ),
        by_provider=ProviderMandates(of.database, of.providers, of.clock, of.wall),
        charging=AutopayCharging(of.database, of.profile, of.providers, of.clock, of.wall),
        keeping=CardKeeping(of.database, of.profile, cards, of.providers, of.clock, of.wall),
    )


class Phones(TypedDict):
    """Whose phones are."""

    mobile_operators: MobileOperators
    def_imports: DefImports


def phones_of(of: Tools) -> Phones:
    operators = MobileOperators(of.database, of.profile, of.clock, of.wall)
    return Phones(mobile_operators=operators, def_imports=DefImports(of.database, operators, of.wall))


class Looking(TypedDict):
    """What only reads the records, for pages, doctors and staff."""

    statements: Statements
    invariants: Invariants
    queues: Queues
    sms_records: SmsRecords
    payment_records: PaymentRecords
    history_by_sms: HistoryBySms


def looking_of(of: Tools) -> Looking:
    return Looking(
        statements=Statements(of.database, of.profile, of.clock),
        invariants=Invariants(of.database, of.clock, of.wall),
        queues=Queues(of.database, of.profile, of.clock, of.wall),
        sms_records=SmsRecords(of.database, of.wall),
        payment_records=PaymentRecords(of.database, of.named, of.wall),
        history_by_sms=HistoryBySms(of.database, of.profile),
    )


class Telling(TypedDict):
    """What people are told unasked, by the clock or by staff, and what they chose."""

    alerts: Alerts
    alert_settings: AlertSettings
    staff: Staff
    consents: Consents
    advertising_by_sms: AdvertisingBySms
    broadcasts: Broadcasts
    broadcast_drafts: BroadcastDrafts
    broadcast_orders: BroadcastOrders
    broadcast_reports: BroadcastReports
    sms_sending: SmsSending
    sms_resending: SmsResending
    sms_settling: SmsSettling


def telling_of(of: Tools) -> Telling:
    return Telling(
        alerts=Alerts(of.database, of.profile, of.clock, of.wall),
        alert_settings=AlertSettings(of.database, of.profile, of.clock, of.wall),
        staff=Staff(of.database, of.wall),
        consents=Consents(of.database, of.wall),
        advertising_by_sms=AdvertisingBySms(of.database, of.wall),
        broadcasts=Broadcasts(of.database, of.profile, of.clock, of.wall),
        broadcast_drafts=BroadcastDrafts(
            of.database,
            of.profile,
            of.clock,
            of.wall,
            telegram_per_second=of.settings.telegram_messages_per_second,
        ),
        broadcast_orders=BroadcastOrders(of.database, of.profile, of.wall),
        broadcast_reports=BroadcastReports(of.database, of.wall),
        sms_sending=SmsSending(of.database, of.wall),
        sms_resending=SmsResending(of.database, of.clock, of.wall),
        sms_settling=SmsSettling(of.database, of.wall),
    )


def broadcasting(of: Tools) -> Job:
    work = BroadcastWork(of.database, of.profile, of.clock, of.wall)
    return Job("work off broadcasts", partial(work.work_once, CHUNK), POLL_SECONDS, "broadcasts")


def keeping_jobs(
    top_ups: TopUps, fees: Fees, receiving: Receiving, limits: LimitsKeeper, telling: Telling
) -> list[Job]:
    receipts = telling["sms_sending"].receipts
    return [
        Job("expire quotes", partial(top_ups.expire_once, BATCH), 5.0, "quotes"),
        Job("post fees", partial(fees.post_once, BATCH), 5.0, "fees"),
        Job("tell of low balances", partial(telling["alerts"].due_once, ALERTS), 5.0, "alerts"),
        Job("forget old parts", receiving.parts.forget_once, 60.0, "parts"),
        Job("match receipts", receipts.match_once, 30.0, "receipts"),
        Job("forget old receipts", receipts.forget_once, 3600.0, "receipts.forget"),
        Job("forget old limits", limits.forget_once, 3600.0, "limits"),
    ]

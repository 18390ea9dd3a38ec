"""The states of everything that has one, each with its table of moves."""

from enum import StrEnum


class Channel(StrEnum):
    TELEGRAM = "telegram"
    SMS = "sms"


class Method(StrEnum):
    CARD = "card"
    SBP = "sbp"  # the fast payment system: a transfer that the payer's bank app confirms
    MOBILE = "mobile"


# The payer pays on a page, and it costs him no commission.
ON_A_PAGE = frozenset({Method.CARD, Method.SBP})


class ServiceState(StrEnum):
    """What is stored of an account; a negative balance is seen from the ledger."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    VOLUNTARILY_BLOCKED = "voluntarily_blocked"


class Access(StrEnum):
    FULL = "full"
    READ = "read"


class TransferKind(StrEnum):
    OPENING = "opening"
    TOP_UP = "top_up"
    COMMISSION = "commission"
    SUSPENSE = "suspense"
    FEE = "fee"
    CORRECTION = "correction"
    REVERSAL = "reversal"
    REFUND = "refund"


class LedgerAccountKind(StrEnum):
    SUBSCRIBER = "subscriber"
    CLEARING = "clearing"
    REVENUE = "revenue"
    COMMISSION = "commission"
    SUSPENSE = "suspense"
    OPENING = "opening"


class TopUpState(StrEnum):
    QUOTED = "quoted"
    CONFIRMED = "confirmed"
    PAID = "paid"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


# Money that comes late is credited, so a declined top-up may still become paid.
TOP_UP_MOVES = {
    TopUpState.QUOTED: {TopUpState.CONFIRMED, TopUpState.EXPIRED, TopUpState.CANCELLED},
    TopUpState.CONFIRMED: {TopUpState.PAID, TopUpState.DECLINED, TopUpState.UNKNOWN},
    TopUpState.UNKNOWN: {TopUpState.PAID, TopUpState.DECLINED},
    TopUpState.DECLINED: {TopUpState.PAID},
    TopUpState.PAID: set[TopUpState](),
    TopUpState.EXPIRED: set[TopUpState](),
    TopUpState.CANCELLED: set[TopUpState](),
}


class PaymentState(StrEnum):
    """One attempt to collect money. `sending` is committed before the provider is called."""

    INTENT = "intent"
    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    HELD = "held"  # a success that does not fit our intent: its money is in suspense
    DECLINED = "declined"


PAYMENT_MOVES = {
    # Back from `sending`, an intent may still hear what came of the call before.
    PaymentState.INTENT: {
        PaymentState.SENDING,
        PaymentState.PENDING,
        PaymentState.UNKNOWN,
        PaymentState.SUCCEEDED,
        PaymentState.HELD,
        PaymentState.DECLINED,
    },
    PaymentState.SENDING: {
        PaymentState.INTENT,
        PaymentState.PENDING,
        PaymentState.UNKNOWN,
        PaymentState.SUCCEEDED,
        PaymentState.HELD,
        PaymentState.DECLINED,
    },
    PaymentState.PENDING: {
        PaymentState.SUCCEEDED,
        PaymentState.HELD,
        PaymentState.DECLINED,
        PaymentState.UNKNOWN,
    },
    PaymentState.UNKNOWN: {
        PaymentState.SUCCEEDED,
        PaymentState.HELD,
        PaymentState.DECLINED,
        PaymentState.PENDING,
    },
    PaymentState.DECLINED: {PaymentState.SUCCEEDED, PaymentState.HELD},
    PaymentState.HELD: set[PaymentState](),
    PaymentState.SUCCEEDED: set[PaymentState](),
}


class IncomingState(StrEnum):
    NEW = "new"
    DONE = "done"
    FAILED = "failed"


class IncomingOutcome(StrEnum):
    """What became of an incoming message: each that is closed has exactly one."""

    REPLY = "reply"  # a notice answers it, and has its own state
    ANSWERED = "answered"  # in a chat, at once
    FAILED = "failed"  # given up: `reason` names the incident in the log
    # No answer, by rule (docs/sms-commands.md, "Silence").
    NOT_A_PHONE = "silent: not_a_phone"
    OWN_NUMBER = "silent: own_number"
    NO_TEXT = "silent: no_text"
    OWN_TEXT = "silent: own_text"
    NOT_OURS = "silent: not_ours"
    UNKNOWN_PHONE = "silent: unknown_phone"
    NOTHING_OPEN = "silent: nothing_open"
    TOO_MANY_UNKNOWN_ACCOUNTS = "silent: too_many_unknown_accounts"
    LOOP_GUARD = "silent: loop_guard"
    DAILY_CAP = "silent: daily_cap"
    INCOMPLETE = "silent: incomplete"  # parts of a text whose others never came


class EventState(StrEnum):
    """What became of a provider's callback after it was stored."""

    NEW = "new"
    APPLIED = "applied"
    REFUSED = "refused"  # genuine, yet impossible to book: staff look at it
    WAITING = "waiting"  # a refund: told before its payment, or until one of ours under way is settled


class NoticeState(StrEnum):
    DUE = "due"
    TAKEN = "taken"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"
    CANCELLED = "cancelled"  # before it was sent: paid meanwhile, opted out, or by staff


class Lane(StrEnum):
    PEOPLE = "people"
    BULK = "bulk"


class MandateState(StrEnum):
    """`requested`: agreed to, and without a card as yet; the next saved one makes it active."""

    REQUESTED = "requested"
    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"  # by a person
    ENDED = "ended"  # by its own terms


MANDATE_MOVES = {
    MandateState.REQUESTED: {MandateState.ACTIVE, MandateState.DELETED, MandateState.ENDED},
    MandateState.ACTIVE: {MandateState.PAUSED, MandateState.DELETED, MandateState.ENDED},
    MandateState.PAUSED: {MandateState.ACTIVE, MandateState.DELETED, MandateState.ENDED},
    MandateState.DELETED: set[MandateState](),
    MandateState.ENDED: set[MandateState](),
}
LIVE_MANDATE = (MandateState.REQUESTED, MandateState.ACTIVE, MandateState.PAUSED)


class ChargeState(StrEnum):
    """A mandate's attempt to charge for a period: its payment's state, as the unique index needs it."""

    INTENT = "intent"
    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"  # before anything was sent
    HELD = "held"  # a success that is in suspense


CHARGE_OF_PAYMENT = {
    PaymentState.INTENT: ChargeState.INTENT,
    PaymentState.SENDING: ChargeState.SENDING,
    PaymentState.PENDING: ChargeState.PENDING,
    PaymentState.UNKNOWN: ChargeState.UNKNOWN,
    PaymentState.SUCCEEDED: ChargeState.PAID,
    PaymentState.HELD: ChargeState.HELD,
    PaymentState.DECLINED: ChargeState.DECLINED,
}
CHARGE_IN_FLIGHT = (ChargeState.SENDING, ChargeState.PENDING, ChargeState.UNKNOWN)


class RefundState(StrEnum):
    INTENT = "intent"
    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    DONE = "done"
    DECLINED = "declined"


class SubscriptionState(StrEnum):
    """A mandate that a provider keeps and charges by its own calendar."""

    LIVE = "live"
    DELETING = "deleting"
    GONE = "gone"


class Purpose(StrEnum):
    """What a one-time code proves; a code for one is none for another."""

    LINK = "link"
    UNLINK = "unlink"
    AUTOPAY_CONNECT = "autopay_connect"
    AUTOPAY_RAISE = "autopay_raise"


class LineKind(StrEnum):
    """What a line of a provider's register tells of."""

    PAYMENT = "payment"
    REFUND = "refund"


class ReconciliationState(StrEnum):
    """A day's comparison with one provider."""

    RUNNING = "running"
    INCOMPLETE = "incomplete"  # the provider did not tell all: tried again
    DONE = "done"


class DifferenceKind(StrEnum):
    """How the provider's records and ours differ; "here" is with us."""

    MISSING_HERE = "missing_here"  # a success that we did not have
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    ACCOUNT = "account"
    CURRENCY = "currency"
    MERCHANT = "merchant"
    UNKNOWN_PAYMENT = "unknown_payment"  # nobody asked for it: in suspense
    SECOND_SUCCESS = "second_success"  # of one top-up: in suspense
    HELD = "held"  # in suspense for another reason
    REFUND_MISSING_HERE = "refund_missing_here"
    REFUND_MISSING_THERE = "refund_missing_there"
    REFUND_AMOUNT = "refund_amount"


class DifferenceState(StrEnum):
    OPEN = "open"
    GONE = "gone"  # solved by itself
    SOLVED = "solved"  # by a member of staff, who says why

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


class RefundState(StrEnum):
    """Money given back. What a provider tells by itself is done, waits for its payment, or is held."""

    INTENT = "intent"
    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    WAITING = "waiting"  # told before its payment was: booked with it
    DONE = "done"
    DECLINED = "declined"
    HELD = "held"  # given back at the provider, and more than the payment has left: for staff


class IncomingState(StrEnum):
    NEW = "new"
    DONE = "done"
    FAILED = "failed"


class EventState(StrEnum):
    """What became of a provider's callback after it was stored."""

    NEW = "new"
    APPLIED = "applied"
    REFUSED = "refused"  # genuine, yet impossible to book: staff look at it


class NoticeState(StrEnum):
    DUE = "due"
    TAKEN = "taken"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"


class Lane(StrEnum):
    PEOPLE = "people"
    BULK = "bulk"

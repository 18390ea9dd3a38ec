"""The states of broadcasts and their staff, and how alerts reach people."""

from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may do; each may do what those before it may."""

    VIEWER = "viewer"
    SENDER = "sender"  # draft, preview, start, pause
    APPROVER = "approver"  # and approve what others drafted
    ADMIN = "admin"  # and name staff


class BroadcastKind(StrEnum):
    SERVICE = "service"
    ADVERTISING = "advertising"  # to who consented alone


class Reach(StrEnum):
    """By which channel a broadcast comes to a person."""

    TELEGRAM = "telegram"
    SMS = "sms"
    TELEGRAM_ELSE_SMS = "telegram_else_sms"


class BroadcastState(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"  # for a second person
    SCHEDULED = "scheduled"
    FREEZING = "freezing"  # its audience is written, one row a recipient
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"  # nothing goes out any more; the rows that are left are closed
    CANCELLED = "cancelled"
    DONE = "done"


BROADCAST_MOVES = {
    BroadcastState.DRAFT: {BroadcastState.WAITING, BroadcastState.SCHEDULED, BroadcastState.CANCELLED},
    BroadcastState.WAITING: {BroadcastState.DRAFT, BroadcastState.SCHEDULED, BroadcastState.CANCELLED},
    # Back to waiting where its audience has grown past what one person may decide.
    BroadcastState.SCHEDULED: {
        BroadcastState.DRAFT,
        BroadcastState.WAITING,
        BroadcastState.FREEZING,
        BroadcastState.CANCELLED,
    },
    # Paused where the audience has grown, until it was frozen, past what was agreed to.
    BroadcastState.FREEZING: {BroadcastState.RUNNING, BroadcastState.PAUSED, BroadcastState.CANCELLING},
    # Cancelled again where an order was carried out for one that had been cancelled.
    BroadcastState.RUNNING: {
        BroadcastState.PAUSED,
        BroadcastState.CANCELLING,
        BroadcastState.CANCELLED,
        BroadcastState.DONE,
    },
    BroadcastState.PAUSED: {BroadcastState.RUNNING, BroadcastState.CANCELLING},
    BroadcastState.CANCELLING: {BroadcastState.CANCELLED},
    # The failed ones are tried again, or what was sent is edited or recalled.
    BroadcastState.DONE: {BroadcastState.RUNNING},
    BroadcastState.CANCELLED: {BroadcastState.RUNNING},
}


class OrderKind(StrEnum):
    """What is done with recipients of a broadcast that has ended."""

    RETRY = "retry"
    EDIT = "edit"
    RECALL = "recall"


class AlertBySms(StrEnum):
    NEVER = "never"
    WITHOUT_TELEGRAM = "without_telegram"  # where nobody of the account can be reached there
    ALWAYS = "always"

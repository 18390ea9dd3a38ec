"""The states of an outgoing text as staff and SMSCs know it, beside those of its notice."""

from enum import StrEnum

from core.states import NoticeState


class SmsState(StrEnum):
    """What became of an outgoing text: of each part that an SMSC was given, and of the whole."""

    QUEUED = "queued"
    SENT = "sent"  # the SMSC has it
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # perhaps sent: settled by a late answer, a receipt, query_sm or staff


SMS_MOVES = {
    SmsState.QUEUED: {SmsState.SENT, SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN},
    SmsState.SENT: {SmsState.DELIVERED, SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN},
    SmsState.UNKNOWN: {SmsState.SENT, SmsState.DELIVERED, SmsState.FAILED, SmsState.EXPIRED},
    SmsState.DELIVERED: set[SmsState](),
    SmsState.FAILED: set[SmsState](),
    SmsState.EXPIRED: set[SmsState](),
}
# The whole text is a notice, whose states serve all channels.
SMS_STATE_OF_NOTICE = {
    NoticeState.DUE: SmsState.QUEUED,
    NoticeState.TAKEN: SmsState.QUEUED,
    NoticeState.SENT: SmsState.SENT,
    NoticeState.DELIVERED: SmsState.DELIVERED,
    NoticeState.FAILED: SmsState.FAILED,
    NoticeState.CANCELLED: SmsState.FAILED,
    NoticeState.EXPIRED: SmsState.EXPIRED,
    NoticeState.UNCERTAIN: SmsState.UNKNOWN,
}

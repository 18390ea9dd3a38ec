"""Notices of saved cards and autopay. A period is {"days": 30} or {"day": 31}; dates are ISO 8601."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from core.messages.notices import Notice
from core.money import Money
from core.states import Lane

PeriodFacts = dict[str, int]


@dataclass(frozen=True)
class AutopayOffer(Notice):
    """After a payment by card: the same sum again, every so many days."""

    template = "autopay_offer"
    lives = timedelta(days=1)
    repeats = False
    number: str
    amount: Money
    days: int
    next_on: date


@dataclass(frozen=True)
class _Agreed(Notice):
    """`mask` is none while no card is known; `by_other`: not the reader did it."""

    number: str
    amount: Money
    period: PeriodFacts
    next_on: date | None
    mask: str | None = None
    until: date | None = None
    by_other: bool = False


@dataclass(frozen=True)
class AutopayConnected(_Agreed):
    template = "autopay_connected"


@dataclass(frozen=True)
class AutopayRequested(_Agreed):
    """Agreed to, and active with the next card that is saved for this account."""

    template = "autopay_requested"


@dataclass(frozen=True)
class AutopayChanged(_Agreed):
    template = "autopay_changed"


@dataclass(frozen=True)
class AutopayResumed(_Agreed):
    template = "autopay_resumed"


@dataclass(frozen=True)
class AutopayState(_Agreed):
    """SMS: how it stands; `state` and `reason` as the core names them."""

    template = "autopay_state"
    lives = timedelta(hours=1)
    repeats = False
    state: str = ""
    reason: str | None = None
    retry_on: date | None = None


@dataclass(frozen=True)
class AutopayNone(Notice):
    """SMS: there is none on the account; this is how to connect it."""

    template = "autopay_none"
    lives = timedelta(hours=1)
    repeats = False
    number: str


@dataclass(frozen=True)
class AutopayWarning(Notice):
    """A day ahead: what will be charged `on`, and a way to skip it by its scheduled date, `period`."""

    template = "autopay_warning"
    lane = Lane.BULK
    quiet = True
    falls_back = True
    mandate_id: str
    number: str
    amount: Money
    on: date
    period: date
    mask: str | None


@dataclass(frozen=True)
class AutopaySkipped(Notice):
    template = "autopay_skipped"
    number: str
    on: date
    next_on: date | None
    by_other: bool = False


@dataclass(frozen=True)
class AutopayDeclined(Notice):
    """Not now: tried again on `retry_on`; without it, this cycle is given up and the next is `next_on`."""

    template = "autopay_declined"
    lane = Lane.BULK
    quiet = True
    falls_back = True
    number: str
    amount: Money
    mask: str | None
    reason: str
    retry_on: date | None
    next_on: date | None


@dataclass(frozen=True)
class AutopayCardNeeded(Notice):
    """This card will not be charged any more: paused until there is another."""

    template = "autopay_card_needed"
    lane = Lane.BULK
    quiet = True
    falls_back = True
    number: str
    amount: Money
    mask: str | None
    reason: str


@dataclass(frozen=True)
class AutopayPaused(Notice):
    """`reason`: by_subscriber, or failed (three cycles one after another)."""

    template = "autopay_paused"
    number: str
    reason: str
    by_other: bool = False


@dataclass(frozen=True)
class AutopayDeleted(Notice):
    """`in_flight`: a charge under way finishes, and is given back by itself."""

    template = "autopay_deleted"
    number: str
    in_flight: bool
    by_other: bool = False


@dataclass(frozen=True)
class AutopayEnded(Notice):
    """`reason`: until (its end date has come), or no_card (agreed to, and no card was saved in a day)."""

    template = "autopay_ended"
    lane = Lane.BULK
    quiet = True
    falls_back = True
    number: str
    reason: str


@dataclass(frozen=True)
class CardSaved(Notice):
    template = "card_saved"
    mask: str


@dataclass(frozen=True)
class CardExpiring(Notice):
    """Within a month, told once a card; `numbers`: the accounts whose autopay charges it."""

    template = "card_expiring"
    lane = Lane.BULK
    quiet = True
    falls_back = True
    mask: str
    expires: date
    numbers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CardUnlinked(Notice):
    """`numbers`: the accounts whose autopay is paused by it; `in_flight`: as at AutopayDeleted."""

    template = "card_unlinked"
    mask: str
    numbers: list[str]
    in_flight: bool


@dataclass(frozen=True)
class Refunded(Notice):
    """Money went back to the card; `reason` is a word of ours."""

    template = "refunded"
    number: str
    amount: Money
    reason: str


@dataclass(frozen=True)
class SmsCode(Notice):
    """A one-time code on its way to a registered phone, stored sealed; a delivery sees `code`."""

    template = "sms_code"
    lives = timedelta(minutes=5)
    repeats = False
    sealed: str
    purpose: str
    number: str
    amount: Money | None = None

"""Notices: everything that we start saying, and every SMS reply, as typed values without words."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from core.ids import Payer
from core.money import Money
from core.states import Lane


@dataclass(frozen=True)
class Notice:
    """A text to come: its template names the words, its fields are the facts in them."""

    template: ClassVar[str]
    lane: ClassVar[Lane] = Lane.PEOPLE
    lives: ClassVar[timedelta | None] = timedelta(days=3)
    # Tells of money: sent again, visibly marked, where the first sending is uncertain.
    repeats: ClassVar[bool] = True
    quiet: ClassVar[bool] = False  # can wait until the morning
    falls_back: ClassVar[bool] = False  # by SMS to who blocked the bot, within a budget
    kinds: ClassVar[dict[str, type["Notice"]]] = {}

    def __init_subclass__(cls) -> None:
        if "template" in vars(cls):
            Notice.kinds[cls.template] = cls

    def params(self) -> dict[str, Any]:
        """The facts as JSON: Money as kopecks, moments as ISO 8601."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a moment too
        return value.isoformat()
    if isinstance(value, dict):
        # asdict() has turned Money into {"kopecks": n}.
        return value["kopecks"] if value.keys() == {"kopecks"} else {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True)
class Quoted(Notice):
    """SMS: the payment's details, which a reply confirms."""

    template = "quoted"
    number: str
    amount: Money
    commission: Money
    total: Money
    commission_from: bool  # the provider takes the commission: the text says "from"
    code: str | None = None  # what the reply must hold, where the profile says so
    needs_sum: bool = False  # something else was written meanwhile: the reply must name the sum
    replaces: bool = False  # an earlier quote is cancelled by it


@dataclass(frozen=True)
class Paid(Notice):
    """The receipt: the money is on the account."""

    template = "paid"
    falls_back = True
    number: str
    amount: Money
    commission: Money
    total: Money
    method: str
    card_mask: str | None = None
    transaction: str | None = None
    at: datetime | None = None
    late: bool = False  # after we had said that it failed


@dataclass(frozen=True)
class Declined(Notice):
    """The provider refused: nothing was charged."""

    template = "declined"
    number: str
    amount: Money
    reason: str


@dataclass(frozen=True)
class Pending(Notice):
    """The provider has not said yet; the receipt will follow."""

    template = "pending"
    number: str
    amount: Money


@dataclass(frozen=True)
class Held(Notice):
    """Money came that does not fit what was asked: staff look at it."""

    template = "held"
    number: str
    amount: Money


@dataclass(frozen=True)
class CheckoutReady(Notice):
    """Telegram: the card page was not to be had at once and is now."""

    template = "checkout_ready"
    lives = timedelta(hours=1)
    number: str
    amount: Money
    url: str


@dataclass(frozen=True)
class Cancelled(Notice):
    """SMS: the open quote was cancelled by its payer."""

    template = "cancelled"
    number: str
    amount: Money


@dataclass(frozen=True)
class BalanceLine:
    number: str
    balance: Money
    days_until_block: int | None
    recommended: Money | None


@dataclass(frozen=True)
class Balance(Notice):
    """SMS: the balances of the phone's accounts, three at most."""

    template = "balance"
    lives = timedelta(hours=1)
    repeats = False
    lines: list[BalanceLine] = field(default_factory=list)
    more: int = 0  # accounts beyond the lines


@dataclass(frozen=True)
class Help(Notice):
    template = "help"
    lives = timedelta(hours=1)
    repeats = False


@dataclass(frozen=True)
class Stopped(Notice):
    """SMS: we shall not write first any more."""

    template = "stopped"


@dataclass(frozen=True)
class Started(Notice):
    template = "started"


@dataclass(frozen=True)
class LanguageChosen(Notice):
    """SMS: the language that this is worded in is the person's from now on."""

    template = "language_chosen"


@dataclass(frozen=True)
class Advertising(Notice):
    """SMS: whether the phone wants advertising. `stopped`: it wants nothing that it did not ask for."""

    template = "advertising"
    wanted: bool
    stopped: bool


@dataclass(frozen=True)
class HistoryLine:
    """A payment, a refund or a correction: negative where it took money."""

    on: date  # local
    amount: Money


@dataclass(frozen=True)
class History(Notice):
    """SMS: what came to an account, the newest first."""

    template = "history"
    lives = timedelta(hours=1)
    repeats = False
    number: str
    lines: list[HistoryLine] = field(default_factory=list)


@dataclass(frozen=True)
class NoCards(Notice):
    """The text held a card number, which we neither kept nor want."""

    template = "no_cards"
    repeats = False


@dataclass(frozen=True)
class Refused(Notice):
    """SMS: an expected no. `problem` names the refusal or the grammar's problem; the rest are its facts."""

    template = "refused"
    repeats = False
    problem: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Linked(Notice):
    """Telegram: told to every other person linked to the account, and to who linked it."""

    template = "linked"
    number: str
    access: str
    by_other: bool = False


@dataclass(frozen=True)
class Unlinked(Notice):
    template = "unlinked"
    number: str


def addressed(payer: Payer, key: str) -> str:
    """A dedupe key that is the person's own."""
    return f"{payer.channel}:{payer.address}:{key}"

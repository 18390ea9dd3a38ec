"""What a text turned out to ask for, on its way from the grammar to a feature."""

from dataclasses import dataclass
from enum import StrEnum

from core.money import Money
from handlers.sms.amounts import Problem


class CommandKind(StrEnum):
    TOP_UP = "top_up"
    ADVERTISING_STATE = "advertising_state"
    ADVERTISING_ON = "advertising_on"
    ADVERTISING_OFF = "advertising_off"
    BALANCE = "balance"
    HISTORY = "history"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    HELP = "help"
    STOP = "stop"
    START = "start"
    LANGUAGE = "language"
    AUTOPAY_STATE = "autopay_state"
    AUTOPAY_STOP = "autopay_stop"
    AUTOPAY_AMOUNT = "autopay_amount"
    ALERTS_STATE = "alerts_state"
    ALERTS_ON = "alerts_on"
    ALERTS_OFF = "alerts_off"
    ALERTS_THRESHOLD = "alerts_threshold"
    ALERTS_DAYS = "alerts_days"
    CODE = "code"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Command:
    """What a text asks for; `account` and `amount` only where they are certain."""

    kind: CommandKind
    account: str | None = None
    amount: Money | None = None
    problem: Problem | None = None
    code: str | None = None
    with_keyword: bool = False
    days: tuple[int, ...] = ()  # left, for alerts
    language: str | None = None  # to answer in from now on


NOT_UNDERSTOOD = Command(CommandKind.UNKNOWN, problem=Problem.NOT_UNDERSTOOD)

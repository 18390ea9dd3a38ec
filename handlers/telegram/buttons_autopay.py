"""What the buttons of saved cards and autopay carry: the terms of a draft, which no restart loses so."""

from datetime import date
from hashlib import sha256
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

from core.ids import CardId
from core.money import Money
from core.use_cases.agreements import Terms
from core.use_cases.schedules import EveryDays, Monthly
from core.use_cases.schedules import Period as AgreedPeriod
from handlers.telegram.buttons import Button, Id, Number

MARK_LETTERS = 4
KOPECKS_MOST = 10**8 - 1  # what a button has room for, and a hundred times what anybody agrees to


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _period(value: object) -> object:
    if not isinstance(value, str):
        return value
    kind, count = value[:1], value[1:]
    if kind not in ("d", "m") or not count.isdecimal():
        raise ValueError(value)
    return EveryDays(int(count)) if kind == "d" else Monthly(int(count))


Day = Annotated[date, BeforeValidator(_day)]
Period = Annotated[AgreedPeriod, BeforeValidator(_period)]


class ToCards(Button, prefix="cards"):
    pass


class ToCard(Button, prefix="card"):
    card: Id


class DefaultCard(Button, prefix="default"):
    card: Id


class UnlinkCard(Button, prefix="forget"):
    card: Id


class ToAutopay(Button, prefix="auto"):
    number: Number | None = None  # None: the account chosen last


class ToAutopays(Button, prefix="autos"):
    """The picker of accounts."""


class PauseAutopay(Button, prefix="pause"):
    number: Number


class ResumeAutopay(Button, prefix="resume"):
    number: Number


class SkipCharge(Button, prefix="skip"):
    mandate: Id
    on: Day


class AskDelete(Button, prefix="delete"):
    number: Number


class DeleteAutopay(Button, prefix="deleted"):
    number: Number


class AskEnd(Button, prefix="end"):
    """A mandate that the provider keeps."""

    number: Number
    mandate: Id


class EndAtProvider(Button, prefix="ended"):
    number: Number
    mandate: Id


class Draft(Button, prefix="draft"):
    """Terms that are not agreed to yet, on an account."""

    number: Number
    kopecks: Annotated[int, Field(gt=0, le=KOPECKS_MOST)]
    period: Period
    until: Day | None = None
    card: Id | None = None

    @property
    def terms(self) -> Terms:
        card = None if self.card is None else CardId(self.card)
        return Terms(Money(self.kopecks), self.period, self.until, card)


D = TypeVar("D", bound=Draft)


class ToDraft(Draft, prefix="a"):
    pass


class DraftAmount(Draft, prefix="aa"):
    pass


class DraftDays(Draft, prefix="ad"):
    pass


class DraftDayOfMonth(Draft, prefix="am"):
    pass


class DraftUntil(Draft, prefix="au"):
    pass


class DraftCard(Draft, prefix="ac"):
    pass


class Connect(Draft, prefix="ay"):
    """Agree to the text whose version `mark` stands for."""

    mark: Annotated[str, Field(pattern=r"^[0-9a-f]{4}$")]


class Change(Draft, prefix="ax"):
    mark: Annotated[str, Field(pattern=r"^[0-9a-f]{4}$")]


def draft(number: str, terms: Terms) -> ToDraft:
    return ToDraft(
        number=number,
        kopecks=terms.amount.kopecks,
        period=terms.period,
        until=terms.until,
        card=terms.card_id,
    )


def to(kind: type[D], of: Draft, **changes: object) -> D:
    """The same terms, or changed ones, behind another button."""
    fields = {name: value for name, value in vars(of).items() if name in Draft.model_fields}
    return kind(**(fields | changes))


def mark_of(consent: str) -> str:
    """A version of the text in a few letters: a button has no room for all of it."""
    return sha256(consent.encode()).hexdigest()[:MARK_LETTERS]

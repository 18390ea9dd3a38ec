"""What staff are refused of broadcasts and of each other: facts alone; their words live with each door."""

from dataclasses import dataclass

from core.errors import StaffRefusal
from core.notice_states import BroadcastState, Role
from core.states import Channel, NoticeState, PaymentState


@dataclass
class NotStaff(StaffRefusal):
    """Nobody of this name works here."""

    name: str


@dataclass
class NotAllowed(StaffRefusal):
    """The member's role is below what this needs."""

    name: str
    needs: Role


class FirstIsAdmin(StaffRefusal):
    """There are no staff yet: the first one can only be an admin."""


@dataclass
class StaffExists(StaffRefusal):
    name: str


@dataclass
class TelegramTaken(StaffRefusal):
    """Another member of staff has this Telegram user."""

    name: str


class LastAdmin(StaffRefusal):
    """Nobody would be left to name staff."""


@dataclass
class UnknownBroadcast(StaffRefusal):
    number: int


@dataclass
class WrongState(StaffRefusal):
    """The broadcast is where this cannot be done, or not any more."""

    number: int
    state: BroadcastState


@dataclass
class VersionChanged(StaffRefusal):
    """It was changed since it was looked at: its version now."""

    version: int


class OwnBroadcast(StaffRefusal):
    """A second person approves, never who wrote it."""


class NothingToApprove(StaffRefusal):
    """This version waits for nobody."""


class NobodyToTell(StaffRefusal):
    """The audience is empty."""


class StartInPast(StaffRefusal):
    """The time named has passed."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a broadcast's text, or with its other facts where it has no language.

    `what`: title, no_text, language, missing, tag, link, field, brace, too_long, too_many_segments, lives,
    urgent.
    """

    what: str
    locale: str = ""
    channel: Channel | None = None
    said: str = ""


@dataclass
class TextsRefused(StaffRefusal):
    faults: list[Fault]


@dataclass
class AudienceRefused(StaffRefusal):
    """A condition that nothing fits: `what` is city, street, house, tariff, language or range."""

    what: str
    said: str


@dataclass
class UnknownAccounts(StaffRefusal):
    """Numbers of a list that are no accounts of ours: the first of them, and how many."""

    numbers: list[str]
    count: int


@dataclass
class ListRefused(StaffRefusal):
    """Lines of a list of accounts that begin with no number: the first of them, and how many."""

    lines: list[tuple[int, str]]
    count: int


@dataclass
class ListUnreadable(StaffRefusal):
    """A list of accounts that cannot be read; `why`: no_text, empty, too_large, too_long or not_fetched."""

    why: str


class NeedsApproval(StaffRefusal):
    """No second person has agreed to send this text to so many: it may have grown, or been changed since."""


class NoAddress(StaffRefusal):
    """It is not known where this member of staff gets a preview."""


class NothingToDo(StaffRefusal):
    """No recipient is in such a state."""


@dataclass
class UnknownMessage(StaffRefusal):
    """No SMS has this id."""

    id: str


@dataclass
class NotResendable(StaffRefusal):
    """It is not to be sent again: `why` is state, broadcast, code or quote."""

    why: str
    state: NoticeState


@dataclass
class NotUncertain(StaffRefusal):
    """What became of it is known, or it is still on its way."""

    state: NoticeState


class PerhapsTwice(StaffRefusal):
    """It may have arrived: whoever sends it again has to say that he knows."""


@dataclass
class AlreadyResent(StaffRefusal):
    """It was sent again before: as which notice."""

    id: str


class PhoneStopped(StaffRefusal):
    """Its owner wants nothing that he did not ask for."""


@dataclass
class PaymentNotOpen(StaffRefusal):
    """What became of the payment is known, or it was not sent yet."""

    state: PaymentState


class PaymentInHand(StaffRefusal):
    """A process is asking the provider after it at this moment."""


@dataclass
class ReferenceMalformed(StaffRefusal):
    """No provider names a payment so."""

    reference: str


@dataclass
class ReferenceTaken(StaffRefusal):
    """Another payment of ours, of this id, has the reference."""

    id: str


@dataclass
class SettledOtherwise(StaffRefusal):
    """Staff settled it before: as paid under this reference, or as not paid."""

    paid: str | None

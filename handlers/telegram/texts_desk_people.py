"""What became of a broadcast at one account: who of its people got it, and when."""

from collections.abc import Sequence
from datetime import datetime

from core.messages.masking import mask_phone
from core.states import Channel, NoticeState
from core.use_cases.broadcast_lines import ReportLine
from handlers.telegram import keyboards_desk
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen


def found(words: Html, broadcast: int, number: str, lines: Sequence[ReportLine]) -> Screen:
    """The question stays open: another number may follow."""
    head = words("Broadcast {broadcast}, account {number}:", broadcast=broadcast, number=number)
    told = [_line(words, line) for line in lines] or [words("Nobody of this account is a recipient.")]
    return Screen("\n".join([head, *told]), keyboards_desk.only_back(words, broadcast))


def _line(words: Html, line: ReportLine) -> str:
    to, what = (
        _address(words, line.channel, line.address),
        _state(words, line.state, line.reason, line.sent_at),
    )
    said = words("{address}: {what}", address=to, what=what)
    if line.resent:
        said += " " + words("(sent again by staff)")
    if line.instead is not None:
        by_sms = _address(words, Channel.SMS, line.instead_to or "")
        instead = words("{address}: {what}", address=by_sms, what=_state(words, line.instead, None, None))
        said += f"\n↳ {instead}"
    return said


def _address(words: Html, channel: Channel, address: str) -> str:
    if channel == Channel.SMS:
        return words("SMS to {phone}", phone=mask_phone(address))
    return words("Telegram {id}", id=address)


def _state(words: Html, state: NoticeState, reason: str | None, at: datetime | None) -> str:
    match state:
        case NoticeState.SENT:
            said = words("sent")
        case NoticeState.DELIVERED:
            said = words("delivered")
        case NoticeState.UNCERTAIN:
            said = words("uncertain, perhaps arrived")
        case NoticeState.EXPIRED:
            said = words("too late, not sent")
        case NoticeState.FAILED:
            said = words("failed")
        case NoticeState.CANCELLED:
            said = words("not sent, cancelled")
        case _:
            said = words("not sent yet")
    if reason:
        said += f" ({reason})"
    return said if at is None else f"{said}, {words.moment(at)}"

"""What `aliance sms …` says of the records: a line a message, a story of one, refusals in words."""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from commands import broadcast_words, looks
from core import staff_errors as no
from core.errors import Refusal
from core.messages import segments
from core.states import IncomingOutcome
from core.use_cases.limits import REPLIES_A_DAY, REPLIES_AN_HOUR
from core.use_cases.sms_records import Received, Sent, Story
from core.use_cases.sms_stories import Resend, Submission
from core.use_cases.top_up_stories import TopUpStory
from handlers.sms.texts import Texts

FORGOTTEN = "(not kept: a one-time code may stand in it)"
OF_STAFF = "(words of a broadcast: see `aliance broadcast show`)"

# What staff are told of each outcome; docs/sms-commands.md says the same at length.
WHY = {
    IncomingOutcome.REPLY: "it has its one reply, below",
    IncomingOutcome.ANSWERED: "it was answered in the chat, at once",
    IncomingOutcome.FAILED: "given up: the incident is in the log",
    IncomingOutcome.NOT_A_PHONE: "the sender is a name or a service's number",
    IncomingOutcome.OWN_NUMBER: "the sender is our own short code",
    IncomingOutcome.NO_TEXT: "there is nothing in it that could be read",
    IncomingOutcome.OWN_TEXT: "it is one of our texts, come back",
    IncomingOutcome.NOT_OURS: "another merchant's keyword, or no command, from somebody unknown",
    IncomingOutcome.UNKNOWN_PHONE: "others on the shared number use this word too, and we never wrote there",
    IncomingOutcome.NOTHING_OPEN: "yes or no, without an open quote and a day or more after our last reply",
    IncomingOutcome.TOO_MANY_UNKNOWN_ACCOUNTS: "the phone asked for too many accounts that do not exist",
    IncomingOutcome.LOOP_GUARD: f"the phone had {REPLIES_AN_HOUR} replies within an hour",
    IncomingOutcome.DAILY_CAP: f"the phone had {REPLIES_A_DAY} replies within a day",
    IncomingOutcome.INCOMPLETE: "the other parts of a long text did not come in time",
}


class Teller:
    """Messages in words, in the operator's local time."""

    def __init__(self, texts: Texts, zone: ZoneInfo) -> None:
        self._texts = texts
        self._zone = zone

    def line(self, each: Received | Sent) -> str:
        head = f"{self._time(each.at)}  {_way(each)}  {each.id}  {_who(each):<12}  {_state(each):<9}"
        return _printable(f"{head}  {_came(each) if isinstance(each, Received) else _went(each)}")

    def story(self, story: Story) -> Iterator[str]:
        yield from map(_printable, self._story(story))

    def _story(self, story: Story) -> Iterator[str]:
        if story.received is not None:
            yield from self._received(story.received)
        for top_up in story.top_ups:
            yield from self._top_up(top_up)
        for sent in story.sent:
            yield from self._sent(sent)
        for resend in story.resends:
            yield self._resend(resend)

    def as_json(self, each: Received | Sent) -> str:
        facts = _received_facts(each) if isinstance(each, Received) else self._sent_facts(each)
        return _printable(json.dumps(facts, ensure_ascii=False, default=str))

    def story_as_json(self, story: Story) -> str:
        facts = {
            "received": None if story.received is None else _received_facts(story.received),
            "top_ups": [_top_up_facts(each) for each in story.top_ups],
            "sent": [self._sent_facts(each) for each in story.sent],
            "resends": [{name: getattr(each, name) for name in each.__slots__} for each in story.resends],
        }
        return _printable(json.dumps(facts, ensure_ascii=False, default=str))

    def text(self, sent: Sent) -> str | None:
        """The words as they went, or go, out; None where they are kept elsewhere."""
        return None if sent.due.broadcast_id is not None else self._texts.render(sent.due)

    def _received(self, each: Received) -> Iterator[str]:
        yield f"in   {each.id}  {self._time(each.at)}"
        yield f"  from {each.sender}, by {each.source}"
        yield f"  text: {each.text if each.text or each.told else FORGOTTEN}"
        yield f"  read as: {_read_as(each) or 'nothing'}"
        told = {name: value for name, value in each.told.items() if name not in ("to", "smsc")}
        if told:
            yield f"  stored with it: {', '.join(f'{name} {value}' for name, value in told.items())}"
        yield f"  {each.state}: {_outcome(each)}, handled {_times(each.attempt)}"
        if each.outcome is not None:
            yield f"  why: {WHY[each.outcome]}"

    def _sent(self, each: Sent) -> Iterator[str]:
        text = self.text(each)
        yield f"out  {each.id}  {self._time(each.at)}"
        yield f"  to {each.address}, {_stands_for(each)}{each.template} in {each.due.locale}"
        yield f"  {each.status}: {_why(each)}"
        submitted = "never submitted" if each.sent_at is None else f"submitted {self._time(each.sent_at)}"
        known = f" as {each.message_id}" if each.message_id else ""
        parts = "" if text is None else f", {segments.count(text)} parts"
        yield f"  {_times(each.attempt)} tried, {submitted}{known}{parts}"
        for part in each.submissions:
            yield f"  {self._time(part.at)}  {_submission(part)}"
        yield f"  text: {OF_STAFF if text is None else text}"

    def _top_up(self, each: TopUpStory) -> Iterator[str]:
        yield from looks.top_up(each, self._time)
        for payment in each.payments:
            reason = f" ({payment.reason})" if payment.reason else ""
            reference = f" {payment.reference}" if payment.reference else ""
            yield f"  payment {payment.id}: {payment.provider}{reference}, {payment.state}{reason}"

    def _resend(self, each: Resend) -> str:
        return f"{self._time(each.at)}  {each.by} sent {each.of} again as {each.resent_as}: {each.why}"

    def _sent_facts(self, each: Sent) -> dict[str, Any]:
        text = self.text(each)
        return {
            "way": "out", "id": each.id, "at": each.at.isoformat(), "phone": each.address,
            "status": each.status, "state": each.state, "reason": each.reason, "template": each.template,
            "language": each.due.locale, "attempts": each.attempt, "repeat": each.due.repeat,
            "submitted_at": None if each.sent_at is None else each.sent_at.isoformat(),
            "message_id": each.message_id, "parts": None if text is None else segments.count(text),
            "text": text, "answers": each.due.incoming_id, "stands_for": each.due.parent_id,
            "submissions": [_submission_facts(part) for part in each.submissions],
        }  # fmt: skip

    def _time(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")


def _printable(line: str) -> str:
    """What a terminal obeys or turns round, as its escape (in JSON too): anybody may send such a text."""
    if line.isprintable():
        return line
    return "".join(json.dumps(char)[1:-1] if _commands(char) else char for char in line)


def _commands(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")


def _received_facts(each: Received) -> dict[str, Any]:
    return {
        "way": "in", "id": each.id, "at": each.at.isoformat(), "phone": each.sender, "source": each.source,
        "state": each.state, "outcome": each.outcome, "because": each.because, "attempts": each.attempt,
        "text": each.text, "read_as": dict(each.read_as), "told": each.told, "reply": each.reply,
        "reply_template": each.reply_template, "reply_state": each.reply_state,
    }  # fmt: skip


def _top_up_facts(each: TopUpStory) -> dict[str, Any]:
    return {
        "id": each.id, "account": each.number, "amount_kopecks": each.amount.kopecks,
        "commission_kopecks": each.commission.kopecks, "total_kopecks": each.total.kopecks,
        "operator": each.operator, "state": each.state,
        "moves": [{"at": move.at.isoformat(), "state": move.state, "why": move.why} for move in each.moves],
        "payments": [{name: getattr(paid, name) for name in paid.__slots__} for paid in each.payments],
    }  # fmt: skip


def _submission_facts(each: Submission) -> dict[str, Any]:
    return {
        "at": each.at.isoformat(), "part": each.part, "parts": each.parts, "bind": each.bind,
        "message_id": each.message_id, "status": each.state, "reason": each.reason,
        "settled_at": None if each.settled_at is None else each.settled_at.isoformat(),
    }  # fmt: skip


def _way(each: Received | Sent) -> str:
    return "in " if isinstance(each, Received) else "out"


def _who(each: Received | Sent) -> str:
    return each.sender if isinstance(each, Received) else each.address


def _state(each: Received | Sent) -> str:
    return each.state if isinstance(each, Received) else each.status


def _submission(each: Submission) -> str:
    known = f" as {each.message_id}" if each.message_id else ""
    said = f" ({each.reason})" if each.reason else ""
    return f"part {each.part} of {each.parts} by {each.bind}{known}: {each.state}{said}"


def _came(each: Received) -> str:
    return f"{_read_as(each) or 'nothing'} -> {_outcome(each)}"


def _outcome(each: Received) -> str:
    if each.outcome is None:
        return "not handled yet"
    reply = None if each.reply is None else f"{each.reply_template}, {each.reply_state}"
    facts = reply or each.because
    return f"{each.outcome} ({facts})" if facts else each.outcome


def _went(each: Sent) -> str:
    tried = f", {_times(each.attempt)} tried" if each.attempt > 1 else ""
    return f"{_stands_for(each)}{each.template}{tried}: {_why(each)}"


def _why(each: Sent) -> str:
    known = {
        "due": "waits",
        "taken": "on its way",
        "sent": "the SMSC has it",
        "cancelled": "cancelled before it went",
        "uncertain": "perhaps sent",
    }
    return each.reason or known.get(each.state, "")


def _stands_for(each: Sent) -> str:
    return "" if each.due.parent_id is None else f"in the place of {each.due.parent_id}, "


def _read_as(each: Received) -> str:
    said: Mapping[str, Any] = each.read_as
    return ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def refusal(no_: Refusal) -> str:
    match no_:
        case no.UnknownMessage(name):
            return f"there is no SMS {name}"
        case no.AlreadyResent(name):
            return f"it was sent again before, as {name}"
        case no.PhoneStopped():
            return "this phone wants nothing that it did not ask for (STOP)"
        case no.PerhapsTwice():
            return "it may have arrived: --perhaps-twice sends it all the same"
        case no.NotUncertain(state):
            return f"it is {state}: what is uncertain can be settled"
        case no.NotResendable("broadcast", _):
            return "it is a broadcast's: `aliance broadcast retry`"
        case no.NotResendable("code", _):
            return "a one-time code is not sent twice"
        case no.NotResendable("quote", _):
            return "its quote can be confirmed no more"
        case no.NotResendable(_, state):
            return f"it is {state}: what failed, expired or is uncertain can be sent again"
    return broadcast_words.said(no_)

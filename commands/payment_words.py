"""What `aliance payment …` says: a line a payment, a story of one, what was settled, refusals in words."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from commands import broadcast_words, looks
from core import staff_errors as no
from core.errors import Refusal
from core.sms_states import SMS_STATE_OF_NOTICE
from core.states import Channel, PaymentState
from core.use_cases.payment_names import SAID_PAID
from core.use_cases.payment_records import Record
from core.use_cases.payment_settling import SettledPayment
from core.use_cases.payment_stories import Deed, GivenBack, Story, Told
from core.use_cases.top_up_stories import TopUpStory


class Teller:
    """Payments in words, in the operator's local time."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def line(self, each: Record) -> str:
        where = each.number or "-"
        if each.moved_to is not None:
            where = f"{where} -> {each.moved_to}"
        head = f"{self._time(each.at)}  {each.id}  {_payer(each):<16}  {where:<10}  {_sums(each)}"
        return f"{head}  {each.method} {each.provider} {each.reference or '-'}  {_state(each)}"

    def story(self, found: Record, story: Story) -> Iterator[str]:
        yield from self._payment(found)
        if story.top_up is not None:
            yield from self._top_up(story.top_up)
        for said in story.callbacks:
            reason = f" ({said.reason})" if said.reason else ""
            yield f"callback {self._time(said.at)}: {said.kind} {said.reference or '-'}, {said.state}{reason}"
        for refund in story.refunds:
            yield self._refund(refund)
        if story.moved is not None:
            source = "suspense" if story.moved.from_number is None else f"account {story.moved.from_number}"
            what = f"{story.moved.amount} from {source} to account {story.moved.to_number}"
            yield f"moved    {self._time(story.moved.at)}: {what}"
        for leg in story.legs:
            yield f"transfer {self._time(leg.at)}: {leg.amount} {leg.debit} -> {leg.credit}, {leg.kind}"
        for notice in story.notices:
            yield self._notice(notice)
        for deed in story.deeds:
            yield self._deed(deed)

    def as_json(self, each: Record) -> str:
        return json.dumps(_plain(asdict(each)), ensure_ascii=False, default=str)

    def story_as_json(self, found: Record, story: Story) -> str:
        facts = {"payment": asdict(found), **asdict(story)}
        return json.dumps(_plain(facts), ensure_ascii=False, default=str)

    def _payment(self, each: Record) -> Iterator[str]:
        yield f"payment {each.id}  {self._time(each.at)}"
        yield f"  by {_payer(each)}, {each.method} at {each.provider}, {_sums(each)}"
        account = "no account" if each.number is None else f"account {each.number}"
        card = f", card {each.card_mask}" if each.card_mask else ""
        yield f"  for {account}, reference {each.reference or 'not known'}{card}"
        yield f"  {_state(each)}"
        if each.in_hand_until is not None:
            yield f"  in the hands of a process until {self._time(each.in_hand_until)}"
        elif each.next_at is not None:
            yield f"  called or asked {each.asked} times, next {self._time(each.next_at)}"

    def _top_up(self, each: TopUpStory) -> Iterator[str]:
        yield from looks.top_up(each, self._time)
        for paid in each.payments:
            yield f"  payment {paid.id}: {paid.reference or '-'}, {paid.state}"

    def _refund(self, each: GivenBack) -> str:
        known = f" as {each.reference}" if each.reference else ""
        declined = f" ({each.reason})" if each.reason else ""
        what = f"{each.amount}{known}, {each.state}{declined}, by {each.by}: {each.why}"
        return f"refund   {self._time(each.at)}: {what}"

    def _notice(self, each: Told) -> str:
        tried = "once" if each.attempt == 1 else f"{each.attempt} times"
        reason = f" ({each.reason})" if each.reason else ""
        what = f"{each.template} by {each.channel} to {each.address}, {_status(each)}{reason}, tried {tried}"
        return f"notice   {self._time(each.at)}: {what}"

    def _deed(self, each: Deed) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in each.facts.items() if value is not None)
        what = f"{each.by} did {each.action}: {each.why}"
        return f"staff    {self._time(each.at)}: {what}" + (f" ({facts})" if facts else "")

    def _time(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")


def settled(done: SettledPayment, *, dry_run: bool) -> Iterator[str]:
    did = "was before" if done.repeated else ("would be" if dry_run else "is")
    what = f"payment {done.id}, {done.total} at {done.provider}"
    match done.state:
        case PaymentState.SUCCEEDED:
            yield f"{what}, {did} paid as {done.reference}: {done.amount} to account {done.number}."
        case PaymentState.HELD:
            yield f"{what}, {did} in suspense as {done.reference}: see `aliance suspense list`."
        case _:
            yield f"{what}, {did} {done.state}. What comes late is credited all the same."
    if done.compared is not None and not dry_run:
        yield f"Its day, {done.compared}, is compared with the provider's records after this."


def refusal(no_: Refusal) -> str:
    match no_:
        case no.PaymentNotOpen(state):
            return f"it is {state}: what is pending or unknown can be settled"
        case no.PaymentInHand():
            return "a process is asking the provider after it: try again in a minute"
        case no.ReferenceMalformed(reference):
            return f"no provider's reference looks like {reference}"
        case no.ReferenceTaken(name):
            return f"payment {name} has this reference"
        case no.SettledOtherwise(None):
            return "staff settled it before as not paid"
        case no.SettledOtherwise(reference):
            return f"staff settled it before as paid under {reference}"
    return broadcast_words.said(no_)


def _payer(each: Record) -> str:
    if each.payer is None:
        return "nobody known"
    return each.payer if each.channel == Channel.SMS else f"{each.channel} {each.payer}"


def _sums(each: Record) -> str:
    if each.amount is None:
        return f"{each.total}"
    return f"{each.amount} + {each.commission} = {each.total}"


def _state(each: Record) -> str:
    if each.reason is None:
        return each.state
    # A success leaves the reason of the state before it where it was.
    before = each.state == PaymentState.SUCCEEDED and each.reason != SAID_PAID
    return f"{each.state} ({'before: ' if before else ''}{each.reason})"


def _status(each: Told) -> str:
    return SMS_STATE_OF_NOTICE[each.state] if each.channel == Channel.SMS else each.state


def _plain(facts: Any) -> Any:
    """Money as kopecks, under a name that says so; moments as ISO 8601."""
    if isinstance(facts, dict):
        return dict(_named(name, value) for name, value in facts.items())
    if isinstance(facts, list | tuple):
        return [_plain(each) for each in facts]
    return facts.isoformat() if isinstance(facts, datetime) else facts


def _named(name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, dict) and value.keys() == {"kopecks"}:
        return f"{name}_kopecks", value["kopecks"]
    return name, _plain(value)

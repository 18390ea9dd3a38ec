"""What `aliance broadcast` and `aliance staff` say: refusals, counts, progress, in words and lines."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from commands import staff
from commands.staff import TROUBLE, opened
from core import staff_errors as no
from core.errors import Refusal
from core.notice_states import BroadcastState
from core.settings import Settings
from core.use_cases.audiences import Reached
from core.use_cases.broadcast_reports import Progress
from core.use_cases.broadcast_rows import Broadcast
from core.wiring import Core

BAR_LETTERS = 24


async def answer(settings: Settings, work: Callable[[Core], Awaitable[int]]) -> int:
    """Run a staff command; its exit code, with a refusal in words."""
    async with opened(settings) as core:
        try:
            return await work(core)
        except Refusal as refusal:
            return staff.refused(said(refusal))


def said(refusal: Refusal) -> str:
    match refusal:
        case no.NotStaff(name):
            return f"{name} is not one of the staff: see `aliance staff list`"
        case no.NotAllowed(name, needs):
            return f"{name} is no {needs}"
        case no.StaffExists(name):
            return f"{name} is there already: `aliance staff role` changes what they may"
        case no.TelegramTaken(name):
            return f"{name} has this Telegram user"
        case no.UnknownBroadcast(number):
            return f"there is no broadcast {number}"
        case no.WrongState(number, state):
            return f"broadcast {number} is {state}"
        case no.VersionChanged(version):
            return f"it was changed meanwhile: read version {version}"
        case no.AudienceRefused(what, value):
            return (
                f"no account fits {what} {value!r}"
                if what != "list"
                else "an audience by list needs its list"
            )
        case no.UnknownAccounts(numbers, count):
            more = f" and {count - len(numbers)} more" if count > len(numbers) else ""
            return f"no accounts of ours: {', '.join(numbers)}{more}; nothing was stored"
        case no.ListRefused(lines, count):
            told = "".join(f"\n  line {line}: {text!r}" for line, text in lines)
            return f"{count} line(s) of the list begin with no account number; nothing was stored:{told}"
        case no.ListUnreadable(why):
            return _NO_LIST[why]
        case no.TextsRefused(faults):
            return "; ".join(_fault(fault) for fault in faults)
    return _WORDS.get(type(refusal)) or staff.said(refusal)


_WORDS: dict[type[Refusal], str] = {
    no.FirstIsAdmin: "there are no staff yet: the first one must be an admin",
    no.LastAdmin: "nobody would be left to name staff",
    no.OwnBroadcast: "a second person approves, not who wrote it",
    no.NothingToApprove: "nothing waits for approval",
    no.NobodyToTell: "nobody would get it",
    no.StartInPast: "this time has passed",
    no.NeedsApproval: "its audience has grown: a second person has to approve it",
    no.NeverApproved: "nobody approved these words for so many: write a new broadcast",
    no.NoAddress: "there is no text for this channel, or you have no Telegram user: "
    "see --to and `aliance staff role`",
    no.NothingToDo: "no recipient is in such a state",
}
_NO_LIST = {
    "no_text": "the list is no text: save the table as CSV",
    "empty": "there is no account number in the list",
    "too_long": "a list has 1,000,000 lines at most",
}
_FAULTS = {
    "urgent": "advertising is never urgent: at night nobody gets it",
    "title": "the title has 1 to {said} letters",
    "lives": "it lives an hour to {said} days",
    "no_text": "there is no text",
    "language": "the texts' languages do not fit: {locale}",
    "missing": "{where} has no text",
    "tag": "{where}: the tag {said} is not allowed here, or not closed",
    "link": "{where}: no link that Telegram takes: {said}",
    "field": "{where}: there is no field {{{said}}}",
    "brace": "{where}: a brace that belongs to no field",
    "too_long": "{where} has {said} letters, 4096 at most",
    "too_many_segments": "{where} takes {said} segments, 10 at most",
}


def _fault(fault: no.Fault) -> str:
    where = f"{fault.locale} by {fault.channel}"
    return _FAULTS[fault.what].format(where=where, said=fault.said, locale=fault.locale)


def reached(found: Reached) -> str:
    told = f"{found.accounts} accounts: {found.telegram} by Telegram, {found.sms} by SMS"
    if found.segments:
        told += f"; {found.segments} segments an SMS at most, {found.cost} roubles in all"
    return told


def headline(of: Broadcast, zone: ZoneInfo) -> str:
    told = f"broadcast {of.number}, {of.state}: {of.title} (version {of.version}, {of.kind}, {of.reach})"
    if of.state in (BroadcastState.WAITING, BroadcastState.SCHEDULED) and of.start_at is not None:
        told += f", from {of.start_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return told


def bar(now: Progress) -> str:
    """One line: how much is settled, by outcome, at what rate, until when."""
    done, total = now.total - now.left, now.broadcast.total
    filled = BAR_LETTERS * done // total if total else 0
    told = f"[{'#' * filled}{'.' * (BAR_LETTERS - filled)}] {done}/{total} {now.broadcast.state}"
    told += "".join(f", {n} {what}" for what, n in outcomes(now) if n)
    if now.left and now.per_second:
        told += f"; {now.per_second:.1f}/s, {_duration(now.eta or timedelta())} left"
    return told


def outcomes(now: Progress) -> Iterator[tuple[str, int]]:
    """Every recipient in one of these: they add up to the audience."""
    yield "sent", now.sent
    yield "delivered", now.delivered
    yield "blocked", now.blocked
    yield "opted out", now.opted_out
    yield "uncertain", now.uncertain
    yield "expired", now.expired
    for reason, n in sorted(now.failed.items()):
        yield f"failed ({reason})" if reason else "failed", n
    for reason, n in sorted(now.cancelled.items()):
        yield f"cancelled ({reason})" if reason else "cancelled", n
    yield "left", now.left


def later(now: Progress) -> Iterator[str]:
    """What was made of recipients afterwards, and what staff ordered."""
    for (template, state), n in sorted(now.later.items()):
        what = {"broadcast": "SMS instead of Telegram", "broadcast_edit": "edits"}.get(template, "recalls")
        yield f"{what}: {n} {state}"
    for order in now.orders:
        stage = "done" if order.finished else "under way" if order.begun else "waits for approval"
        told = f"{order.kind} of the {order.picks} by {order.by}: {stage}, {order.made} made"
        told += f", {order.left_out} too old" if order.left_out else ""
        yield told if order.begun else f"{told} (version {order.version})"


def _duration(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"


__all__ = ["TROUBLE", "answer", "bar", "headline", "later", "outcomes", "reached", "said"]

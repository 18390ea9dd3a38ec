"""The buttons under staff's screens: what the state lets and the role may. The use case asks again."""

from collections.abc import Iterable, Sequence
from typing import Any

from aiogram.types import InlineKeyboardMarkup

from core.notice_states import BroadcastKind, BroadcastState, OrderKind, Reach, Role
from core.use_cases.audiences import Audience
from core.use_cases.broadcast_orders import BY_STAFF
from core.use_cases.broadcast_reports import Progress
from core.use_cases.broadcast_rows import ENDED, UNBEGUN, Broadcast
from core.use_cases.staff import Member
from handlers.telegram import buttons_desk as to
from handlers.telegram import narrowing
from handlers.telegram import texts_desk_words as said
from handlers.telegram.buttons_desk import Action, Condition, Option, Written
from handlers.telegram.html import Html
from handlers.telegram.keyboards import Row, button, rows

LISTED_REASONS = 4  # buttons for the commonest of them
LIVES_HOURS = (3, 24, 72)
TITLE_LETTERS = 30  # of a title on a button


def desk(words: Html, newest: Iterable[Broadcast], member: Member) -> InlineKeyboardMarkup:
    new = [button(words("New broadcast"), to.NewBroadcast())] if member.may(Role.SENDER) else []
    lines = [
        [button(_line(words, each), to.ToBroadcast(broadcast=each.number))]
        for each in newest
    ]  # fmt: skip
    return rows(new, *lines, [button(words("Refresh"), to.ToDesk())])


def _line(words: Html, one: Broadcast) -> str:
    return f"{one.number}. {one.title[:TITLE_LETTERS]} · {said.state(words, one.state)}"


def card(
    words: Html, one: Broadcast, progress: Progress | None, member: Member, locales: Sequence[str]
) -> InlineKeyboardMarkup:
    lines: list[Row] = [_approving(words, one, progress, member)]
    if member.may(Role.SENDER):
        if one.state in UNBEGUN:
            lines += _draft(words, one, locales)
        elif one.state in ENDED:
            lines += _ended(words, one, progress)
        else:
            lines.append(_running(words, one))
    if progress is not None:
        who = to.Write(broadcast=one.number, version=one.version, what=Written.WHO)
        report = to.ToReport(broadcast=one.number)
        lines.append([button(words("Did they get it?"), who), button(words("Report (CSV)"), report)])
    again = button(words("Refresh"), to.ToBroadcast(broadcast=one.number))
    return rows(*lines, [again, button(words("All broadcasts"), to.ToDesk())])


def _approving(words: Html, one: Broadcast, progress: Progress | None, member: Member) -> Row:
    waits = one.state == BroadcastState.WAITING or one.asked_for is not None
    version = one.version
    for order in progress.orders if progress is not None else ():
        if order.kind is OrderKind.EDIT and not (order.begun or order.finished):
            waits, version = True, order.version
    if not waits or not member.may(Role.APPROVER):
        return []
    return [
        button(words("Look at it"), _act(one, Action.PREVIEW)),
        button(words("Approve"), to.Act(broadcast=one.number, version=version, what=Action.APPROVE)),
    ]


def waits(words: Html, number: int, version: int, *, own: bool) -> InlineKeyboardMarkup:
    """Under the notice of what waits: for who may approve it also the word for this version."""
    line = [button(words("Open"), to.ToBroadcast(broadcast=number))]
    if not own:
        approve = to.Act(broadcast=number, version=version, what=Action.APPROVE)
        line.append(button(words("Approve"), approve))
    return rows(line)


def _draft(words: Html, one: Broadcast, locales: Sequence[str]) -> list[Row]:
    def write(text: str, what: Written, code: str = "") -> Any:
        return button(text, to.Write(broadcast=one.number, version=one.version, what=what, code=code))

    lines: list[Row] = []
    for code in locales:
        language = said.language(code)
        if code not in one.texts:
            lines.append([write(words("Add: {language}", language=language), Written.TELEGRAM, code)])
            continue
        line = [write(words("Text: {language}", language=language), Written.TELEGRAM, code)]
        if one.reach != Reach.TELEGRAM:
            line.append(write(words("SMS: {language}", language=language), Written.SMS, code))
        lines.append(line)
    return [
        *lines,
        _kind_and_reach(words, one),
        [
            choice(words, one, Option.URGENT, "0" if one.urgent else "1"),
            choice(words, one, Option.LIVES, str(_next_hours(one))),
        ],
        [
            write(words("Title"), Written.TITLE),
            button(words("Audience"), to.ToAudience(broadcast=one.number)),
        ],
        [
            button(words("Look at it"), _act(one, Action.PREVIEW)),
            button(words("Count and send"), to.ToStart(broadcast=one.number)),
        ],
        [button(words("Cancel the broadcast"), to.Ask(broadcast=one.number, what=Action.CANCEL))],
    ]


def _kind_and_reach(words: Html, one: Broadcast) -> Row:
    other = BroadcastKind.ADVERTISING if one.kind == BroadcastKind.SERVICE else BroadcastKind.SERVICE
    ways = list(Reach)
    way = ways[(ways.index(one.reach) + 1) % len(ways)]
    return [choice(words, one, Option.KIND, other), choice(words, one, Option.REACH, way)]


def choice(words: Html, one: Broadcast, what: Option, value: str) -> Any:
    """A button that says how it is, and changes it to the next."""
    text = {
        Option.KIND: said.kind(words, one.kind),
        Option.REACH: said.reach(words, one.reach),
        Option.URGENT: words("At night too") if one.urgent else words("By day only"),
        Option.LIVES: words("Worth {time}", time=said.hours(words, lives_hours(one))),
    }[what]
    pressed = to.Choose(broadcast=one.number, version=one.version, what=what, to=value)
    return button("⟳ " + text, pressed)


def lives_hours(one: Broadcast) -> int:
    return max(1, int(one.lives.total_seconds()) // 3600)


def _next_hours(one: Broadcast) -> int:
    return next((hours for hours in LIVES_HOURS if hours > lives_hours(one)), LIVES_HOURS[0])


def _running(words: Html, one: Broadcast) -> Row:
    line = []
    if one.state == BroadcastState.RUNNING:
        line.append(button(words("Pause"), _act(one, Action.PAUSE)))
    if one.state == BroadcastState.PAUSED and one.asked_for is None:
        line.append(button(words("Resume"), _act(one, Action.RESUME)))
    if one.state != BroadcastState.CANCELLING:
        ask = to.Ask(broadcast=one.number, what=Action.CANCEL)
        line.append(button(words("Cancel the broadcast"), ask))
    return line


def _ended(words: Html, one: Broadcast, progress: Progress | None) -> list[Row]:
    if progress is None or not progress.total:
        return []
    lines: list[Row] = []
    reasons = sorted(progress.failed.items(), key=lambda each: -each[1])
    if progress.blocked:
        reasons = [("blocked", progress.blocked), *reasons]
    for reason, n in reasons[:LISTED_REASONS]:
        text = words("Again: {reason} ({n})", reason=reason, n=n)
        lines.append([button(text, to.Retry(broadcast=one.number, mark=to.mark_of(reason)))])
    if len(reasons) > 1:
        lines.append([button(words("Again: all that failed"), _act(one, Action.FAILED))])
    if progress.cancelled.get(BY_STAFF):
        lines.append([button(words("Send to who was left out by the cancel"), _act(one, Action.LEFT))])
    if progress.uncertain:
        ask = to.Ask(broadcast=one.number, what=Action.UNCERTAIN)
        lines.append([button(words("Again: who may have it"), ask)])
    if one.reach != Reach.SMS and progress.sent:
        recall = to.Ask(broadcast=one.number, what=Action.RECALL)
        codes = list(one.texts)
        edits = [button(_edit(words, code, codes), _edit_of(one, code)) for code in codes]
        lines += [edits, [button(words("Delete at everybody's"), recall)]]
    return lines


def _edit(words: Html, code: str, codes: Sequence[str]) -> str:
    text = words("Change the sent text")
    return text if len(codes) == 1 else f"{text}: {said.language(code)}"


def _edit_of(one: Broadcast, code: str) -> to.Write:
    return to.Write(broadcast=one.number, version=one.version, what=Written.EDIT, code=code)


def _act(one: Broadcast, what: Action) -> to.Act:
    return to.Act(broadcast=one.number, version=one.version, what=what)


def back(words: Html, number: int) -> Row:
    return [button(words("Back"), to.ToBroadcast(broadcast=number))]


def only_back(words: Html, number: int) -> InlineKeyboardMarkup:
    return rows(back(words, number))


def asked(words: Html, one: Broadcast, what: Action, yes: str) -> InlineKeyboardMarkup:
    return rows([button(yes, _act(one, what))], back(words, one.number))


def sms(words: Html, one: Broadcast, code: str) -> InlineKeyboardMarkup:
    plain = to.Choose(broadcast=one.number, version=one.version, what=Option.PLAIN, to=code)
    return rows([button(words("As above without formatting"), plain)], back(words, one.number))


def text(words: Html, one: Broadcast, code: str) -> InlineKeyboardMarkup:
    """A second language can go; the first one cannot."""
    without = to.Choose(broadcast=one.number, version=one.version, what=Option.WITHOUT, to=code)
    gone = [button(words("Without this language"), without)] if len(one.texts) > 1 else []
    return rows(gone if code in one.texts else [], back(words, one.number))


def audience(words: Html, one: Broadcast) -> InlineKeyboardMarkup:
    def pick(*conditions: Condition) -> Row:
        return [
            button(said.condition(words, each), to.ToAudience(broadcast=one.number, of=each))
            for each in conditions
        ]

    def write(text: str, what: Written) -> Any:
        return button(text, to.Write(broadcast=one.number, version=one.version, what=what))

    everybody = to.Narrow(
        broadcast=one.number, version=one.version, of=Condition.ALL, mark=to.mark_of(""), on=True
    )
    return rows(
        [button(words("Everybody"), everybody)] if one.audience != Audience() else [],
        pick(Condition.CITIES, Condition.TARIFFS),
        [write(words("Street"), Written.STREETS), write(words("House"), Written.HOUSES)],
        pick(Condition.STATES),
        pick(Condition.DAYS, Condition.BALANCE),
        pick(Condition.HAS, Condition.LOCALES),
        [write(words("List of accounts"), Written.ACCOUNTS)],
        [button(words("Count"), _act(one, Action.COUNT))],
        back(words, one.number),
    )


def picker(
    words: Html, one: Broadcast, of: Condition, values: Sequence[Any], tariffs: dict[str, str]
) -> InlineKeyboardMarkup:
    held = narrowing.chosen(one.audience, of)

    def line(value: Any) -> Row:
        on = value in held
        text = ("☑ " if on else "☐ ") + said.value(words, of, value, tariffs)
        pressed = to.Narrow(
            broadcast=one.number, version=one.version, of=of, mark=to.mark_of(value), on=not on
        )
        return [button(text, pressed)]

    typed = {Condition.DAYS: Written.DAYS, Condition.BALANCE: Written.BALANCE}.get(of)
    other = []
    if typed is not None:
        write = to.Write(broadcast=one.number, version=one.version, what=typed)
        other.append(button(words("Another"), write))
    whole = to.ToAudience(broadcast=one.number)
    return rows(*(line(value) for value in values), other, [button(words("Back"), whole)])


def ready(words: Html, one: Broadcast, yes: str, minute: int, *, anybody: bool) -> InlineKeyboardMarkup:
    begin = to.Begin(broadcast=one.number, version=one.version, minute=minute)
    at = to.Write(broadcast=one.number, version=one.version, what=Written.AT)
    return rows(
        [button(yes, begin)] if anybody else [],
        [button(words("At another time"), at)] if anybody else [],
        back(words, one.number),
    )

"""Screens of staff: the list of broadcasts, one of them, its audience, what is asked before it goes."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from core.notice_states import BroadcastState, Reach
from core.use_cases.audiences import Reached
from core.use_cases.broadcast_reports import Progress
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.staff import Member
from handlers.telegram import keyboards_desk, texts_desk_progress
from handlers.telegram import texts_desk_words as said
from handlers.telegram.buttons_desk import Action, Condition
from handlers.telegram.formatting import plain_of
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

EXCERPT = 300  # letters of a text on its card; the whole of it is a preview


def desk(words: Html, newest: Sequence[Broadcast], member: Member) -> Screen:
    text = words("Broadcasts. You are {name}.", name=member.name)
    if not newest:
        text += "\n" + words("There is none yet.")
    return Screen(text, keyboards_desk.desk(words, newest, member))


def card(
    words: Html,
    one: Broadcast,
    progress: Progress | None,
    member: Member,
    *,
    locales: Sequence[str],
    tariffs: dict[str, str],
    toast: str = "",
) -> Screen:
    lines = [
        words("Broadcast {number}: <b>{title}</b>", number=one.number, title=one.title),
        words(
            "{state} · {kind} · {reach}",
            state=said.state(words, one.state),
            kind=said.kind(words, one.kind),
            reach=said.reach(words, one.reach),
        ),
        words("To: {audience}", audience="; ".join(said.audience(words, one.audience, tariffs))),
        _people(words, one),
    ]
    if one.asked_for is not None:
        lines.append(words("A second person is asked about {n} recipients.", n=one.asked_for))
    if one.start_at is not None and one.started_at is None:
        lines.append(words("Begins: {moment}", moment=words.moment(one.start_at)))
    if progress is not None:
        lines += ["", *texts_desk_progress.progress(words, progress)]
    else:
        lines += [line for code in one.texts for line in ("", *_text(words, one, code))]
    keyboard = keyboards_desk.card(words, one, progress, member, locales)
    return Screen("\n".join(lines), keyboard, toast=toast)


def _people(words: Html, one: Broadcast) -> str:
    written = words("Written by {name}", name=one.written_by)
    if one.approved_by is None:
        return written
    approved = words("approved by {name}", name=one.approved_by)
    return f"{written}, {approved}"


def _text(words: Html, one: Broadcast, code: str) -> list[str]:
    parts = one.texts[code]
    lines = [
        f"<b>{escape(said.language(code), quote=False)}</b>",
        _excerpt(plain_of(parts.get("telegram", ""))),
    ]
    if one.reach != Reach.TELEGRAM:
        lines.append(words("SMS: {text}", text=_short(parts.get("sms", ""))))
    return lines


def _excerpt(text: str) -> str:
    return escape(_short(text), quote=False)


def _short(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


def ask_title(words: Html) -> Screen:
    text = words("What is the new broadcast called? Only staff see its title. /cancel leaves.")
    return Screen(text)


def ask_text(words: Html, code: str, title: str = "") -> Screen:
    """The fields are said with braces of their own: a fact is never read as one of ours."""
    lines = [
        words("Send the text for “{title}”.", title=title) if title else words("Send the text."),
        words("Language: {language}.", language=said.language(code)),
        words("Bold, italic, underlined, crossed out, links and code stay as you format them."),
        words("Fields of the account: {fields}.", fields="{name} {account} {balance} {days} {sum} {tariff} "
              "{city} {street}"),
    ]  # fmt: skip
    return Screen("\n".join(lines))


def ask_second_text(words: Html, one: Broadcast, code: str) -> Screen:
    return Screen(ask_text(words, code, one.title).text, keyboards_desk.text(words, one, code))


def ask_sms(words: Html, one: Broadcast, code: str) -> Screen:
    text = words("Send the text of the SMS ({language}), without formatting.", language=said.language(code))
    return Screen(text, keyboards_desk.sms(words, one, code))


def ask_edit(words: Html, one: Broadcast, code: str) -> Screen:
    text = words(
        "Send the new text ({language}). Nothing is changed before you say so once more.",
        language=said.language(code),
    )
    return Screen(text, keyboards_desk.only_back(words, one.number))


def ask_edit_again(words: Html, html: str, recipients: int) -> list[Screen]:
    """The text as people will see it; a typed word, so that no tap does it."""
    question = words.plural(
        "Type YES to put this text into {n} message that was sent.",
        "Type YES to put this text into {n} messages that were sent.",
        recipients,
    )
    return [Screen(html), Screen(question)]


def edit_left(words: Html) -> Screen:
    return Screen(words("Nothing was changed."))


def ask_written(words: Html, one: Broadcast, question: str) -> Screen:
    return Screen(question, keyboards_desk.only_back(words, one.number))


def audience(words: Html, one: Broadcast, tariffs: dict[str, str], reached: Reached | None = None) -> Screen:
    lines = [
        words("Who gets broadcast {number}?", number=one.number),
        *said.audience(words, one.audience, tariffs),
    ]
    if reached is not None:
        lines += ["", words("That is now:"), *said.reached(words, reached)]
    return Screen("\n".join(lines), keyboards_desk.audience(words, one))


def picker(
    words: Html, one: Broadcast, of: Condition, values: Sequence[Any], tariffs: dict[str, str]
) -> Screen:
    text = words("{condition}: who gets it?", condition=said.condition(words, of))
    return Screen(text, keyboards_desk.picker(words, one, of, values, tariffs))


def ready(words: Html, one: Broadcast, reached: Reached, at: datetime | None, *, waits: bool) -> Screen:
    lines = [
        words("Broadcast {number}: <b>{title}</b>", number=one.number, title=one.title),
        *said.reached(words, reached),
    ]
    if at is not None:
        lines.append(words("Begins: {moment}", moment=words.moment(at)))
    if not one.urgent:
        lines.append(words("At night it waits for the morning."))
    if waits:
        lines.append(words("A second person has to approve it."))
    if not reached.total:
        lines.append(words("There is nobody to write to."))
    minute = 0 if at is None else int(at.timestamp()) // 60
    yes = words("Ask for approval") if waits else words("Send") if at is None else words("Schedule")
    keyboard = keyboards_desk.ready(words, one, yes, minute, anybody=reached.total > 0)
    return Screen("\n".join(lines), keyboard)


def asked(words: Html, one: Broadcast, what: Action) -> Screen:
    """What cannot be taken back is asked once more."""
    match what:
        case Action.CANCEL:
            begun = one.state not in (BroadcastState.DRAFT, BroadcastState.WAITING, BroadcastState.SCHEDULED)
            text, yes = words("Cancel broadcast {number}?", number=one.number), words("Yes, cancel it")
            if begun:
                text += " " + words("Who has it keeps it; the others do not get it.")
        case Action.RECALL:
            text = words(
                "Delete the messages of broadcast {number} from the chats? Telegram lets that for 48 hours "
                "after sending; an SMS stays.",
                number=one.number,
            )
            yes = words("Yes, delete them")
        case _:
            text = words(
                "Of these messages we do not know whether they arrived. Sent again, some people get "
                "broadcast {number} twice. The audit trail keeps that you wished so.",
                number=one.number,
            )
            yes = words("Yes, send again")
    return Screen(text, keyboards_desk.asked(words, one, what, yes))

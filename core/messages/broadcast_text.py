"""Texts of broadcasts as staff write them: fields, Telegram's formatting, segments of SMS. Pure."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.messages import segments
from core.messages.notices import Notice
from core.notice_states import BroadcastKind, Reach
from core.staff_errors import Fault
from core.states import Channel

Texts = Mapping[str, Mapping[str, str]]  # by language, then by channel

# Facts of a recipient's account, and the longest that each is expected to be.
FIELDS = {
    "name": "Константинопольская Александра Владимировна",
    "account": "1234567890",
    "balance": "−100 000,00 ₽",
    "days": "100 дней",
    "sum": "10 000,00 ₽",
    "tariff": "Альянс Цифра Максимальный",
    "city": "Владивосток",
    "street": "проспект 100-летия Владивостока",
}
TELEGRAM_UNITS = 4096  # UTF-16 units after entities
SMS_SEGMENTS = 10
TITLE_LETTERS = 80
# What advertising by SMS ends with is the door's to word; room for it is kept here, in the dearest letters.
OPT_OUT_BY_SMS = " Отказ от рекламы: СТОП на 12345678"

_FIELD = re.compile(r"\{([a-z]+)\}")
_TAGS = {"b", "i", "u", "s", "a", "code"}
_TAG = re.compile(r"<(/?)([A-Za-z]+)(\s[^<>]*|)>")
_HREF = re.compile(r"\s+href=([\"'])([^\"']*)\1\s*")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")  # all that Telegram knows
_LINK = re.compile(r"(https?://|tg://)[^\s{}\"'<>]+")
_NEEDS = {
    Reach.TELEGRAM: (Channel.TELEGRAM,),
    Reach.SMS: (Channel.SMS,),
    Reach.TELEGRAM_ELSE_SMS: (Channel.TELEGRAM, Channel.SMS),
}


@dataclass(frozen=True)
class BroadcastPreview(Notice):
    """A broadcast as one recipient would get it, in people's lane and counted nowhere."""

    template = "broadcast"
    lives = timedelta(hours=1)
    repeats = False
    channel: str
    text: str  # with its fields
    facts: dict[str, Any]
    opt_out: bool

    def params(self) -> dict[str, Any]:
        return {self.channel: self.text, "facts": self.facts, "opt_out": self.opt_out}


def channels_of(reach: Reach) -> tuple[Channel, ...]:
    return _NEEDS[reach]


def fields_in(texts: Texts) -> frozenset[str]:
    """The fields that any of the texts holds: with one, each account has a message of its own."""
    said = (text for parts in texts.values() for text in parts.values())
    return frozenset(name for text in said for name in _FIELD.findall(text) if name in FIELDS)


def language_of(texts: Texts, locale: str, default: str) -> str:
    """The language that a person is written to in: theirs, else the default, else the first."""
    return next((name for name in (locale, default) if name in texts), next(iter(texts)))


def faults_of(texts: Texts, reach: Reach, kind: BroadcastKind, locales: Iterable[str]) -> list[Fault]:
    """What keeps the texts from being sent; none: they can be."""
    if not texts:
        return [Fault("no_text")]
    found = [Fault("language", locale) for locale in texts if locale not in set(locales)]
    for locale, parts in texts.items():
        for channel in channels_of(reach):
            text = parts.get(channel.value, "")
            faults = _faults(text, channel, kind) if text.strip() else iter([("missing", "")])
            found += [Fault(what, locale, channel, said) for what, said in faults]
    return found


def most_segments(texts: Texts, kind: BroadcastKind) -> int:
    """The segments of one SMS in the longest language, its fields at their longest."""
    by_sms = [parts[Channel.SMS.value] for parts in texts.values() if Channel.SMS.value in parts]
    return max((_segments(text, kind) for text in by_sms), default=0)


def _faults(text: str, channel: Channel, kind: BroadcastKind) -> Iterator[tuple[str, str]]:
    yield from _field_faults(text)
    if channel is Channel.TELEGRAM:
        reading = _Reading(text)
        yield from reading.faults
        units = len(_longest(reading.shown).encode("utf-16-le", "replace")) // 2
        if units > TELEGRAM_UNITS:
            yield "too_long", str(units)
    elif (count := _segments(text, kind)) > SMS_SEGMENTS:
        yield "too_many_segments", str(count)


def _field_faults(text: str) -> Iterator[tuple[str, str]]:
    for name in _FIELD.findall(text):
        if name not in FIELDS:
            yield "field", name
    if any(brace in _FIELD.sub("", text) for brace in "{}"):
        yield "brace", ""


def _segments(text: str, kind: BroadcastKind) -> int:
    ending = OPT_OUT_BY_SMS if kind is BroadcastKind.ADVERTISING else ""
    return segments.count(_longest(text) + ending)


def _longest(text: str) -> str:
    return _FIELD.sub(lambda field: FIELDS.get(field[1], field[0]), text)


class _Reading:
    """Telegram's HTML: few tags, each closed in its order, nothing within code; the text that is shown."""

    def __init__(self, text: str) -> None:
        self.faults: list[tuple[str, str]] = []
        self.shown = ""
        self._open: list[str] = []
        at = 0
        for tag in _TAG.finditer(text):
            self._text(text[at : tag.start()])
            self._tag(closes=bool(tag[1]), name=tag[2].lower(), rest=tag[3])
            at = tag.end()
        self._text(text[at:])
        self.faults += [("tag", name) for name in self._open]

    def _text(self, text: str) -> None:
        if "<" in text:  # it begins no tag, and Telegram takes it for one
            self.faults.append(("tag", "<"))
        self.shown += _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)

    def _tag(self, *, closes: bool, name: str, rest: str) -> None:
        if closes:
            if self._open[-1:] != [name] or rest.strip():
                self.faults.append(("tag", f"/{name}"))
            else:
                self._open.pop()
            return
        if name not in _TAGS or name in self._open or "code" in self._open:
            self.faults.append(("tag", name))
        elif name == "a":
            link = _HREF.fullmatch(rest)
            if link is None or not _LINK.fullmatch(html.unescape(link[2])):
                self.faults.append(("link", rest.strip()))
        elif rest.strip():
            self.faults.append(("tag", name))
        self._open.append(name)

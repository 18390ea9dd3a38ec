"""Between a handler and the reader's eye: catalogues, money and dates in the subscriber's language."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import NumberPattern, parse_pattern
from babel.support import Translations

from core.errors import AmountMalformed
from core.money import KOPECKS, Money

Channel = Literal["sms", "telegram", "web"]

LOCALES = Path(__file__).parent.parent / "locales"
DEFAULT_LOCALE = "ru"  # the only catalogue that is always complete

# Parsed once: babel's format_decimal() would parse pattern and locale anew for every amount.
WITH_KOPECKS = parse_pattern("#,##0.00")
WHOLE = parse_pattern("#,##0")
PLAIN_WITH_KOPECKS = parse_pattern("0.00")
PLAIN_WHOLE = parse_pattern("0")
NBSP = "\N{NO-BREAK SPACE}"
REMEMBERED = 4096  # of each kind: fees, sums and moments of a day are the same on many screens

AMOUNT_LARGEST_DIGITS = 9  # a billion roubles is a slip of the finger, whatever the limits of a method
AMOUNT_TEXT_LARGEST = 40  # the longest honest amount with its word is half of that

_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，", "0123456789.,")
_SPACE = r"[ \N{NO-BREAK SPACE}\N{FIGURE SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}]"
_AMOUNT = re.compile(
    rf"(?P<whole>0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:{_SPACE}[0-9]{{3}})+)"
    rf"(?:[.,](?P<part>[0-9]{{1,2}}))?"
    rf"{_SPACE}*(?:₽|рубл(?:ь|я|ей)\.?|руб\.?|р\.?|rubles?|roubles?|rub\.?|rur\.?)?",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})[./ -](?P<month>[0-9]{1,2})[./ -](?P<year>[0-9]{4})")
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})")


class Words:
    """One language of one channel: `words("You pay {total}.", total=words.money(total))`."""

    def __init__(self, code: str, catalogue: Translations, zone: ZoneInfo) -> None:
        self.code = code
        self._catalogue = catalogue
        self._zone = zone
        self._locale = Locale.parse(code)
        self._number = lru_cache(REMEMBERED)(self._format_number)
        self._minute = lru_cache(REMEMBERED)(self._format_minute)

    def __call__(self, source: str, /, **facts: object) -> str:
        return self._catalogue.gettext(source).format(**facts)

    def plural(self, one: str, many: str, n: int, /, **facts: object) -> str:
        return self._catalogue.ngettext(one, many, n).format(n=n, **facts)

    def money(self, amount: Money) -> str:
        return self._number(amount, WITH_KOPECKS) + NBSP + "₽"

    def money_short(self, amount: Money) -> str:
        """Without kopecks where there are none."""
        return self._number(amount, WHOLE if _is_whole(amount) else WITH_KOPECKS) + NBSP + "₽"

    def plain_money(self, amount: Money) -> str:
        """For SMS: no character that would cost a segment, and none that a phone does not have."""
        return f"{self.plain_amount(amount)} {'р.' if self.code == 'ru' else 'RUB'}"

    def plain_amount(self, amount: Money) -> str:
        """The bare number a person can type back: 113 or, in Russian, 113,50."""
        return self._number(amount, PLAIN_WHOLE if _is_whole(amount) else PLAIN_WITH_KOPECKS)

    def short_date(self, on: date) -> str:
        """The day in digits, for lists that have to be short."""
        return format_date(on, "dd.MM.yy" if self.code == "ru" else "d MMM yy", locale=self._locale)

    def date(self, at: datetime | date) -> str:
        """The day, in the operator's zone where a moment is given."""
        if isinstance(at, datetime):
            at = at.astimezone(self._zone).date()
        return format_date(at, "d MMMM y", locale=self._locale)

    def moment(self, at: datetime) -> str:
        """Day and minute in the operator's zone."""
        return self._minute(at)

    def _format_minute(self, at: datetime) -> str:
        return format_datetime(at, "d MMMM y, HH:mm", tzinfo=self._zone, locale=self._locale)

    def _format_number(self, amount: Money, pattern: NumberPattern) -> str:
        return str(pattern.apply(Decimal(amount.kopecks) / KOPECKS, self._locale))


class Catalogues:
    """Every language of every channel, read from the .po files when first asked for."""

    def __init__(self, zone: ZoneInfo, folder: Path = LOCALES) -> None:
        self._zone = zone
        self._folder = folder
        self._locales = frozenset(path.parent.name for path in folder.glob("*/LC_MESSAGES"))
        self._loaded: dict[tuple[str, str], Words] = {}

    def words(self, channel: Channel, locale: str) -> Words:
        """The words of a language; an unknown one (a person's phone may say any) gets the default."""
        language = re.split("[-_]", locale, maxsplit=1)[0].lower()
        code = language if language in self._locales else DEFAULT_LOCALE
        if (channel, code) not in self._loaded:
            self._loaded[channel, code] = Words(code, self._read(channel, code), self._zone)
        return self._loaded[channel, code]

    def texts(self, channel: Channel, locale: str) -> list[str]:
        """All that the channel may say in a language, with its facts in braces."""
        with (self._folder / locale / "LC_MESSAGES" / f"{channel}.po").open("rb") as source:
            catalogue = read_po(source, locale=locale, domain=channel)
        return [text for message in catalogue for text in _forms(message.string) or _forms(message.id)]

    def _read(self, channel: Channel, code: str) -> Translations:
        with (self._folder / code / "LC_MESSAGES" / f"{channel}.po").open("rb") as source:
            catalogue = read_po(source, locale=code, domain=channel)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        return Translations(compiled, domain=channel)


def _forms(said: str | Sequence[str] | None) -> list[str]:
    """The forms of a text by number, or its one; none where it is not translated."""
    return [form for form in ([said] if isinstance(said, str) else said or ()) if form]


def read_money(text: str) -> Money:
    """An amount of roubles typed by a person, not checked against limits.

    A thousand may be grouped by spaces; the decimal mark may be a comma or a dot.
    Raises AmountMalformed on whatever could be read in two ways: "1,000", "1.5.0", "-5", "1e3".
    """
    text = text.strip()
    found = _AMOUNT.fullmatch(text.translate(_FULL_WIDTH)) if len(text) <= AMOUNT_TEXT_LARGEST else None
    if found is None:
        raise AmountMalformed
    whole = re.sub(_SPACE, "", found["whole"])
    if len(whole) > AMOUNT_LARGEST_DIGITS:
        raise AmountMalformed
    return Money(int(whole) * KOPECKS + int((found["part"] or "").ljust(2, "0")))


def read_date(text: str) -> date | None:
    """A day typed by a person: 31.12.2027, 31/12/2027 or 2027-12-31; None for whatever else."""
    found = _DAY_FIRST.fullmatch(text.strip()) or _YEAR_FIRST.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _is_whole(amount: Money) -> bool:
    return amount.kopecks % KOPECKS == 0

"""The operator's profile: every fact that belongs to one operator, validated at start."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator

from core import profile_mobile
from core.money import Money
from core.notice_states import AlertBySms
from core.profile_mobile import MobileLimits, MobileOperator
from core.profile_parts import Part, Roubles, Words, only_once

SHIPPED = Path(__file__).parent / "profiles" / "alianstelecom.toml"


class Tariff(Part):
    code: str
    name: str
    monthly: Roubles
    kind: Literal["internet", "package"]
    tv_monthly: Roubles = Money(0)  # what goes on when a package's Internet stops


class MethodLimits(Part):
    """The least and the most that one top-up may credit, in roubles."""

    least: Roubles
    most: Roubles
    most_total: Roubles  # amount and commission together, as the provider takes them

    @model_validator(mode="after")
    def _least_is_below_most(self) -> "MethodLimits":
        if not Money(0) < self.least <= self.most <= self.most_total:
            raise ValueError("limits must rise: 0 < least <= most <= most_total")
        return self


class Sms(Part):
    short_code: str = Field(pattern=r"^\d{3,8}$")
    keyword: str = Field(min_length=2)
    aliases: list[str] = Field(default_factory=list)
    near: list[Annotated[str, Field(min_length=6)]] = Field(default_factory=list)  # one slip is forgiven
    confirm: Literal["word", "code"] = "word"
    first_sms_price: Roubles


class Autopay(Part):
    """What a subscriber may agree to."""

    least: Roubles = Money.roubles(10)
    most: Roubles = Money.roubles(10_000)
    days_least: int = Field(default=7, ge=7)  # a cycle's three retries end before the next begins
    days_most: int = Field(default=90, le=366)
    days: int = 30  # offered
    hour: int = Field(default=10, ge=0, le=23)  # local; warnings and charges run from here on
    consent: str = Field(default="2026-04", max_length=32)  # the version of the terms' text

    @model_validator(mode="after")
    def _limits_rise(self) -> "Autopay":
        if not (Money(0) < self.least <= self.most and self.days_least <= self.days <= self.days_most):
            raise ValueError("limits must rise: least <= most, days_least <= days <= days_most")
        return self


class Alerts(Part):
    """What who chose nothing is told of a low balance, and how; and what may be chosen."""

    days: list[Annotated[int, Field(ge=1, le=30)]] = Field(default_factory=lambda: [3, 1])
    negative: bool = True  # going below zero, and the last day before the block
    telegram: bool = True
    sms: AlertBySms = AlertBySms.WITHOUT_TELEGRAM
    days_most: int = Field(default=14, ge=1, le=30)
    threshold_most: Roubles = Money.roubles(10_000)


class Reconciliation(Part):
    """When the providers' records are compared with ours."""

    hour: int = Field(default=6, ge=0, le=23)  # local; from here on yesterday's are compared
    days: int = Field(default=7, ge=1, le=31)  # for so long a day that is not settled is compared again


class Notices(Part):
    """What we start saying: when, its price, and how much of it one person decides alone."""

    sms_price: Roubles = Money.roubles(5)  # a segment, as the SMSC's contract has it
    approve_above: int = Field(default=1000, ge=0)  # recipients; more need a second person
    approve_growth: int = Field(
        default=10, ge=0, le=1000
    )  # percent more than were approved need another word
    quiet_from: int = Field(default=22, ge=0, le=23)  # local hours; the same twice: never quiet
    quiet_to: int = Field(default=9, ge=0, le=23)
    sms_fallback: int = Field(default=1000, ge=0)  # segments a local day

    def needs_approval(self, recipients: int, *, approved_for: int | None) -> bool:
        """Whether a second person has still to agree; to `approved_for` one did, none: nobody did."""
        if recipients <= self.approve_above:
            return False
        return approved_for is None or recipients * 100 > approved_for * (100 + self.approve_growth)

    def is_quiet(self, hour: int) -> bool:
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= hour < self.quiet_to
        return hour >= self.quiet_from or hour < self.quiet_to


class City(Part):
    name: Words
    information: str
    support: str


class Office(Part):
    city: Words
    address: Words
    hours: Words


class Profile(Part):
    """One operator. Amounts are roubles as text in the file, kopecks here."""

    code: str
    name: Words
    site: str
    cabinet: str
    time_zone: str
    locales: list[str]
    default_locale: str
    demo_merchant: str = "alianstelecom-demo"
    sms: Sms
    autopay: Autopay = Autopay()
    alerts: Alerts = Alerts()
    reconciliation: Reconciliation = Reconciliation()
    notices: Notices = Notices()
    methods: dict[Literal["card", "sbp", "mobile"], MethodLimits]
    mobile_operators: list[MobileOperator]
    mobile_limits: MobileLimits = MobileLimits()
    unknown_operator: str  # a code of mobile_operators, or "refuse"
    information_hours: Words
    support_hours: Words
    cities: list[City]
    offices: list[Office]
    tariffs: list[Tariff]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Profile":
        only_once("tariff", [tariff.code for tariff in self.tariffs])
        profile_mobile.check(self.mobile_operators, self.unknown_operator)
        if self.default_locale not in self.locales:
            raise ValueError(f"default_locale {self.default_locale!r} is none of locales")
        if "ru" not in self.locales:
            raise ValueError("locales must hold ru, the language that every catalogue is complete in")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time_zone {self.time_zone!r} is no zone of the IANA database") from None
        for words in self._words():
            if missing := set(self.locales) - words.keys():
                raise ValueError(f"{words} lacks a text in {', '.join(sorted(missing))}")
        return self

    def _words(self) -> Iterator[Words]:
        yield from (self.name, self.information_hours, self.support_hours)
        yield from (city.name for city in self.cities)
        for office in self.offices:
            yield from (office.city, office.address, office.hours)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @cached_property
    def tariffs_by_code(self) -> dict[str, Tariff]:
        return {tariff.code: tariff for tariff in self.tariffs}

    def has_tariffs(self, *codes: str | None) -> bool:
        """Whether all of an account's are here still."""
        return all(code is None or code in self.tariffs_by_code for code in codes)

    def tariff(self, code: str | None) -> Tariff | None:
        return None if code is None else self.tariffs_by_code[code]

    @cached_property
    def operators_by_told(self) -> Mapping[str, MobileOperator]:
        """By the folded names that SMSCs and aggregators give them."""
        return profile_mobile.by_told(self.mobile_operators)

    @cached_property
    def operators_by_company(self) -> Mapping[str, MobileOperator]:
        """By the folded names of their companies in the register of numbers."""
        return profile_mobile.by_company(self.mobile_operators)

    @property
    def otherwise(self) -> MobileOperator | None:
        """What a phone of an unknown operator pays; None: it is refused."""
        return next((each for each in self.mobile_operators if each.code == self.unknown_operator), None)

    def operator_of(self, msisdn: str) -> MobileOperator | None:
        """The operator assumed for a phone (E.164 digits) by its prefix alone; None: it is refused."""
        return profile_mobile.by_prefix(self.mobile_operators, msisdn) or self.otherwise

    def operator(self, code: str) -> MobileOperator:
        return next(operator for operator in self.mobile_operators if operator.code == code)


def load(path: str | Path = "") -> Profile:
    """Read and validate a profile; the shipped one when no path is given.

    Raises pydantic.ValidationError with the place and the reason of each fault, OSError where
    the file cannot be read, tomllib.TOMLDecodeError where it is no TOML.
    """
    with (Path(path) if str(path) else SHIPPED).open("rb") as file:
        return Profile.model_validate(tomllib.load(file))

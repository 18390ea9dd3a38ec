"""What an operator's CSV file says of accounts, line by line; nothing is looked up here."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import argon2

from core.money import Money
from core.profile import Profile
from core.states import ServiceState

COLUMNS = (
    "number",
    "login",
    "password_hash",
    "holder",
    "city",
    "street",
    "house",
    "flat",
    "email",
    "phones",
    "tariff",
    "tariff_next",
    "state",
    "opening_balance",
)
NEEDED = ("login", "holder", "city", "street", "house")
DELIMITERS = ",;\t"  # a comma by the standard, a semicolon from Russian spreadsheets
LOGIN_LARGEST = 64
TEXT_LARGEST = 200
PHONE_REGION = "RU"  # roubles are the only currency: a phone without a country code is a Russian one
PHONES_LARGEST = 10

_NUMBER = re.compile(r"0*([1-9][0-9]{0,9})", re.ASCII)
_MONEY = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]{1,2})?", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_UNDECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `line` counts from 1, the header; `column` is the file's own."""

    line: int
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Line:
    """One account as the file wants it to be."""

    line: int
    number: str
    login: str
    password_hash: str
    holder: str
    city: str
    street: str
    house: str
    flat: str
    email: str
    phones: frozenset[str]
    tariff: str | None
    tariff_next: str | None
    state: ServiceState
    opening_balance: Money | None  # None: the file does not say


class _Bad(Exception):
    """A field that cannot be read; the text says why."""


def read_lines(path: Path, profile: Profile) -> Iterator[Line | Problem]:
    """Every line of the file, or what is wrong with it; the file is never in memory as a whole.

    UTF-8, with or without its mark; OSError where the file cannot be opened.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        header = file.readline()
        if _UNDECODED.search(header) or "\0" in header:
            yield Problem(1, "", "the file is not UTF-8")
            return
        delimiter = max(DELIMITERS, key=header.count)
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        wrong = list(_wrong_header(names))
        yield from wrong
        if not wrong:
            yield from _Lines(profile, names).read(file, delimiter)


def _wrong_header(names: list[str]) -> Iterator[Problem]:
    for name in COLUMNS:
        if names.count(name) != 1:
            yield Problem(1, name, "the column is missing" if name not in names else "the column comes twice")
    for name in names:
        if name not in COLUMNS:
            yield Problem(1, name, "the column is not known")


class _Lines:
    """The lines under one header, with what must not come twice in one file."""

    def __init__(self, profile: Profile, names: list[str]) -> None:
        self._profile = profile
        self._names = names
        self._numbers: dict[str, int] = {}
        self._logins: dict[str, int] = {}

    def read(self, file: TextIO, delimiter: str) -> Iterator[Line | Problem]:
        rows, before = csv.reader(file, delimiter=delimiter, strict=True), 0
        while True:
            line = before + 2  # the header was read apart, and a record may fill several lines
            try:
                fields = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Problem(line, "", f"no CSV from here on: {error}")
                return
            before = rows.line_num
            if fields:
                yield from self._line(line, fields)

    def _line(self, line: int, fields: list[str]) -> Iterator[Line | Problem]:
        if len(fields) != len(self._names):
            yield Problem(line, "", f"{len(fields)} fields under {len(self._names)} columns")
            return
        row = {
            name: field.replace("\N{NO-BREAK SPACE}", " ").strip()
            for name, field in zip(self._names, fields, strict=True)
        }
        undecoded = [name for name, field in row.items() if _UNDECODED.search(field)]
        if undecoded:
            yield from (Problem(line, name, "not UTF-8") for name in undecoded)
            return
        problems, values = _values(row, self._profile)
        problems += self._twice(row, values, line)
        if problems:
            yield from (Problem(line, column, problem) for column, problem in problems)
        else:
            yield Line(line=line, **values)

    def _twice(self, row: dict[str, str], values: dict[str, Any], line: int) -> list[tuple[str, str]]:
        problems = []
        for column, seen in (("number", self._numbers), ("login", self._logins)):
            value = values.get(column)
            if not isinstance(value, str):
                continue
            first = seen.setdefault(value, line)
            if first != line:
                told = "" if row[column] == value else f", as {row[column]!r} without leading zeros"
                problems.append((column, f"{value} is on line {first} already{told}"))
        return problems


def _values(row: dict[str, str], profile: Profile) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """The fields that could be read, and what is wrong with the others."""
    problems: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    for column in COLUMNS:
        try:
            values[column] = _value(column, row, profile)
        except _Bad as bad:
            problems.append((column, str(bad)))
    login, number = values.get("login"), values.get("number")
    if isinstance(login, str) and login.isdigit() and number is not None and login != number:
        # Who logs in gives a login or an account number: the one must never be another's other.
        problems.append(("login", "a login of digits must be the account's own number"))
    return problems, values


def _value(column: str, row: dict[str, str], profile: Profile) -> object:
    text = row[column]
    if column in NEEDED and not text:
        raise _Bad("empty")
    if len(text) > TEXT_LARGEST and column != "password_hash":
        raise _Bad(f"longer than {TEXT_LARGEST} characters")
    if not text.isprintable():
        raise _Bad("has characters that cannot be seen")
    match column:
        case "number":
            return _number(text)
        case "login":
            return _login(text)
        case "password_hash":
            return _password_hash(text)
        case "email":
            return _email(text)
        case "phones":
            return _phones(text)
        case "tariff" | "tariff_next":
            return _tariff(text, profile)
        case "state":
            return _state(text)
        case "opening_balance":
            return _money(text)
    return text


def _number(text: str) -> str:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise _Bad(f"{text!r} is no account number of 1 to 10 digits")
    return found[1]


def _login(text: str) -> str:
    if len(text) > LOGIN_LARGEST or " " in text:
        raise _Bad(f"a login has at most {LOGIN_LARGEST} characters and no space")
    return text


def _password_hash(text: str) -> str:
    try:
        argon2.extract_parameters(text)
    except argon2.exceptions.InvalidHashError:
        # The field may hold a password: it is not shown.
        raise _Bad("no argon2 hash such as $argon2id$v=19$…") from None
    return text


def _email(text: str) -> str:
    if text and not _EMAIL.fullmatch(text):
        raise _Bad(f"{text!r} is no e-mail address")
    return text


def _phones(text: str) -> frozenset[str]:
    phones = frozenset(_msisdn(phone) for phone in text.replace(";", " ").split())
    if len(phones) > PHONES_LARGEST:
        raise _Bad(f"more than {PHONES_LARGEST} phones")
    return phones


def _msisdn(text: str) -> str:
    import phonenumbers  # six megabytes that no other command of an SMS process needs

    try:
        phone = phonenumbers.parse(text, PHONE_REGION)
    except phonenumbers.NumberParseException:
        raise _Bad(f"{text!r} is no phone number") from None
    if not phonenumbers.is_valid_number(phone):
        raise _Bad(f"{text!r} is no phone number")
    return phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _tariff(text: str, profile: Profile) -> str | None:
    if text and text not in profile.tariffs_by_code:
        raise _Bad(f"the operator profile has no tariff {text!r}")
    return text or None


def _state(text: str) -> ServiceState:
    try:
        return ServiceState(text)
    except ValueError:
        raise _Bad(f"{text!r} is none of {', '.join(ServiceState)}") from None


def _money(text: str) -> Money | None:
    if not text:
        return None
    if not _MONEY.fullmatch(text):
        raise _Bad(f"{text!r} is no amount of roubles such as 198.19")
    return Money.parse(text.replace(",", "."))

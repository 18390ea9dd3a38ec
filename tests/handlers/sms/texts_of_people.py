"""Texts as people send them, each with what it means: tests/golden/sms_texts.csv, and how well they are read.

`person` says whether somebody at the desk who knows the commands would know what is wanted: `yes`, `no`, or
`rule`, where they would and the rule for money asks back all the same (a sum in words, account and sum
swapped). `part` is `held_out` for texts that were labelled before the grammar had seen them, `missed` for
those it is known to miss.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handlers.sms.command import Command, CommandKind
from handlers.sms.short_code import Dialect, parse

TABLE = Path(__file__).parents[2] / "golden" / "sms_texts.csv"


@dataclass(frozen=True)
class Case:
    text: str
    command: str
    account: str | None
    amount_kopecks: int | None
    problem: str | None
    person: str = "yes"
    part: str = "seen"

    def is_(self, command: Command) -> bool:
        return _facts(command) == (self.command, self.account, self.amount_kopecks, self.problem)

    def charges(self, command: Command) -> bool:
        """Whether the text was taken for a payment, and not for this one."""
        taken = command.kind is CommandKind.CONFIRM or (
            command.kind in (CommandKind.TOP_UP, CommandKind.AUTOPAY_AMOUNT) and command.problem is None
        )
        return taken and not self.is_(command)


@dataclass(frozen=True)
class Figures:
    texts: int
    charged_wrongly: list[str]
    understandable: int
    not_understood: list[str]
    asked_back_by_rule: int


@cache
def cases() -> list[Case]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [
            Case(
                # Escapes keep invisible characters visible in the table.
                row["text"].encode("raw_unicode_escape").decode("unicode_escape")
                if "\\" in row["text"]
                else row["text"],
                row["command"],
                row["account"] or None,
                int(row["amount_kopecks"]) if row["amount_kopecks"] else None,
                row["problem"] or None,
                row["person"],
                row["part"],
            )
            for row in csv.DictReader(file)
        ]


def figures_of(some: Iterable[Case], dialect: Dialect) -> Figures:
    read = [(case, parse(case.text, dialect)) for case in some]
    understandable = [(case, command) for case, command in read if case.person == "yes"]
    return Figures(
        len(read),
        [case.text for case, command in read if case.charges(command)],
        len(understandable),
        [
            case.text
            for case, command in understandable
            if command.kind is CommandKind.UNKNOWN or not case.is_(command)
        ],
        sum(case.person == "rule" for case, _ in read),
    )


def _facts(command: Command) -> tuple[str, str | None, int | None, str | None]:
    return (
        command.kind.value,
        command.account,
        None if command.amount is None else command.amount.kopecks,
        None if command.problem is None else command.problem.value,
    )

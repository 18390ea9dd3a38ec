"""A table of texts as people send them, each with what it means: tests/golden/sms_texts.csv."""

import csv
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[2] / "golden" / "sms_texts.csv"


@dataclass(frozen=True)
class Case:
    text: str
    command: str
    account: str | None
    amount_kopecks: int | None
    problem: str | None


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
            )
            for row in csv.DictReader(file)
        ]

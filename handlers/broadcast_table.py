"""A broadcast's report as a table, a line a recipient: on the command line and in staff's chat."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from core.use_cases.broadcast_lines import ReportLine

COLUMNS = (
    "account", "channel", "address", "language", "state", "reason", "frozen_at", "sent_at", "resent",
    "sms_instead", "sms_instead_to",
)  # fmt: skip

FORMULAS = ("=", "+", "-", "@")


class ReportTable:
    """CSV with commas, and a heading."""

    def __init__(self, out: TextIO) -> None:
        self._rows = csv.writer(out, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def write(self, page: Sequence[ReportLine]) -> None:
        self._rows.writerows(_cells(line) for line in page)


class ReportParts:
    """The same as files of a size that can be sent, each with the heading."""

    def __init__(self, folder: Path, name: str, most_bytes: int) -> None:
        self._folder = folder
        self._name = name
        self._most_bytes = most_bytes
        self._parts: list[Path] = []
        self._begin()

    def write(self, page: Sequence[ReportLine]) -> None:
        if self._out.tell() > self._most_bytes:
            self._out.close()
            self._begin()
        self._table.write(page)

    def finish(self) -> Sequence[Path]:
        self.close()
        return self._parts

    def close(self) -> None:
        self._out.close()

    def _begin(self) -> None:
        number = f"-{len(self._parts) + 1}" if self._parts else ""
        self._parts.append(self._folder / f"{self._name}{number}.csv")
        self._out = self._parts[-1].open("w", encoding="utf-8", newline="")
        self._table = ReportTable(self._out)


def _cells(line: ReportLine) -> list[str]:
    said = (
        line.account,
        line.channel,
        line.address,
        line.locale,
        line.state,
        line.reason or "",
        line.frozen_at.isoformat(timespec="seconds"),
        "" if line.sent_at is None else line.sent_at.isoformat(timespec="seconds"),
        "yes" if line.resent else "",
        line.instead or "",
        line.instead_to or "",
    )
    return [_plain(cell) for cell in said]


def _plain(cell: str) -> str:
    """In one line; where a table program would take it for a formula, an apostrophe keeps it text."""
    said = " ".join(cell.split())
    return f"'{said}" if said.startswith(FORMULAS) else said

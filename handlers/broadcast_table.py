"""A broadcast's report as a table, a line a recipient: on the command line and in staff's chat."""

import csv
from collections.abc import Sequence
from typing import TextIO

from core.use_cases.broadcast_reports import ReportLine

COLUMNS = (
    "account", "channel", "address", "language", "state", "reason", "frozen_at", "sent_at", "resent",
    "sms_instead", "sms_instead_to",
)  # fmt: skip


class ReportTable:
    """CSV with commas, and a heading."""

    def __init__(self, out: TextIO) -> None:
        self._rows = csv.writer(out, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def write(self, page: Sequence[ReportLine]) -> None:
        self._rows.writerows(_cells(line) for line in page)


def _cells(line: ReportLine) -> tuple[str, ...]:
    return (
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

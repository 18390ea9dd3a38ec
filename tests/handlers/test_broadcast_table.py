"""A report's cells: nothing that others worded is a formula in a table program."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.states import Channel, NoticeState
from core.use_cases.broadcast_lines import ReportLine
from handlers.broadcast_table import ReportTable

LINE = ReportLine(
    account="100080",
    channel=Channel.SMS,
    address="79140000001",
    locale="ru",
    state=NoticeState.FAILED,
    reason=None,
    frozen_at=datetime(2026, 4, 27, tzinfo=UTC),
    sent_at=None,
    resent=False,
    instead=None,
    instead_to=None,
)


@pytest.mark.parametrize(
    "reason", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=1,2"]
)
def test_a_cell_that_begins_as_a_formula_is_text(reason: str) -> None:
    out = io.StringIO()
    ReportTable(out).write([replace(LINE, reason=reason), LINE])
    _, formula, plain = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert formula[5] == f"'{reason.strip()}"
    assert (plain[0], plain[2], plain[5]) == ("100080", "79140000001", "")

"""ArsenalPay's register file: which lines are read, as what, and what is told of the others."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.money import Money
from core.payments.arsenalpay_register import read
from core.payments.provider import BadLine, Refunded, RegisterLine, Succeeded
from core.states import Method

HEAD = "ID;FUNCTION;RRN;PAYER;AMOUNT;ACCOUNT;DATETIME;MERCH_TYPE;AMOUNT_FULL;CURRENCY;NOTE"
AT = "2026-04-27T10:00:00"


def _read(folder: Path, *lines: str, head: str = HEAD, mark: str = "") -> list[RegisterLine | BadLine]:
    path = folder / "register.csv"
    path.write_text(mark + "\r\n".join([head, *lines]) + "\r\n", encoding="utf-8")
    return list(read(path, merchant="2096"))


def test_payments_and_refunds_are_read_and_other_functions_left_out(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        f"2096;payment;r-1;9140001111;100.50;100080;{AT};;;RUR;x",
        f"2096;hold;r-2;card;7;100080;{AT};;;;",
        f"2096;payment;r-3;card;97;100081;{AT}+10:00;1;100;;",
        f"2096;refund;r-3;card;40;100081;{AT};;;;",
        f"2096;reversal;r-1;card;100.50;100080;{AT};;;;",
        mark="\ufeff",
    )
    moscow, vladivostok = datetime(2026, 4, 27, 7, tzinfo=UTC), datetime(2026, 4, 27, 0, tzinfo=UTC)
    vouched = Succeeded("r-3", "100081", Money(100_00), "RUB", vouched=Money(97_00))
    back, whole = Money(40_00), Money(100_50)
    assert found == [
        RegisterLine(moscow, Succeeded("r-1", "100080", whole, "RUB"), method=Method.MOBILE),
        RegisterLine(vladivostok, vouched, method=Method.CARD),
        RegisterLine(moscow, Refunded("r-3:refund:4000", "r-3", back, "RUB", full=back), method=Method.CARD),
        RegisterLine(moscow, Refunded("r-1:reverse", "r-1", whole, "RUB", full=whole), method=Method.CARD),
    ]


def test_what_is_anothers_or_no_roubles_is_marked(tmp_path: Path) -> None:
    (foreign, dollars) = _read(
        tmp_path,
        f"77;payment;r-1;card;10;1;{AT};;;;",
        f"2096;payment;r-2;card;10;1;{AT};;;USD;",
    )
    assert isinstance(foreign, RegisterLine)
    assert isinstance(dollars, RegisterLine)
    assert (foreign.merchant, dollars.merchant, dollars.money.currency) == ("77", None, "USD")


@pytest.mark.parametrize(
    "line",
    [
        f"2096;payment;;card;10;1;{AT};;;;",
        f"2096;payment;r-1;card;-10;1;{AT};;;;",
        f"2096;payment;r-1;card;1,5;1;{AT};;;;",
        f"2096;payment;r-1;card;;1;{AT};;;;",
        f"2096;payment;{'r' * 41};card;10;1;{AT};;;;",
        "2096;payment;r-1;card;10;1;yesterday;;;;",
        "2096;payment;r-1;card;10;1",
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    good, bad = _read(tmp_path, f"2096;payment;r-0;card;10;1;{AT};;;;", line)
    assert isinstance(good, RegisterLine)
    assert isinstance(bad, BadLine)
    assert bad.line == 3


def test_columns_that_are_missing_are_told(tmp_path: Path) -> None:
    (bad,) = _read(tmp_path, "x,1", head="FUNCTION,RRN,AMOUNT,AMOUNT")
    assert bad == BadLine(1, "columns that are needed once: AMOUNT, ACCOUNT, DATETIME")


def test_lines_that_are_no_csv_are_told(tmp_path: Path) -> None:
    good, bad = _read(tmp_path, f"2096;payment;r-0;card;10;1;{AT};;;;", '2096;"never closed')
    assert isinstance(good, RegisterLine)
    assert isinstance(bad, BadLine)
    assert bad.line == 3

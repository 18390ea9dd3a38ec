"""ArsenalPay's register: a CSV file of a day, its columns named as the fields of the callbacks."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from core.payments.arsenalpay_callbacks import REFUNDS, moment_of, outcome_of
from core.payments.provider import BadLine, Refunded, RegisterLine, Succeeded

NEEDED = ("function", "rrn", "amount", "account", "datetime")
KNOWN = (*NEEDED, "id", "payer", "amount_full", "merch_type", "currency")
DELIMITERS = ",;\t"
ITS_ZONE = timezone(timedelta(hours=3))  # Moscow: times without a zone are its own
ROUBLES = ("", "RUB", "RUR")
CURRENCY_LARGEST = 8
MERCHANT_LARGEST = 64


def read(path: Path, *, merchant: str) -> Iterator[RegisterLine | BadLine]:
    """Its payments and refunds line by line, other functions left out; OSError where it cannot be opened.

    Columns: FUNCTION, RRN, AMOUNT, ACCOUNT, DATETIME; also ID, PAYER, AMOUNT_FULL, MERCH_TYPE, CURRENCY.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        header = file.readline()
        delimiter = max(DELIMITERS, key=header.count)
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        missing = [name.upper() for name in NEEDED if names.count(name) != 1]
        if missing:
            yield BadLine(1, f"columns that are needed once: {', '.join(missing)}")
            return
        rows, line = csv.reader(file, delimiter=delimiter, strict=True), 1
        while True:
            try:
                fields = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadLine(line + 1, f"no CSV from here on: {error}")
                return
            line = rows.line_num + 1  # the header was read apart
            if fields:
                yield from _line(line, names, fields, merchant)


def _line(line: int, names: list[str], fields: list[str], merchant: str) -> Iterator[RegisterLine | BadLine]:
    if len(fields) != len(names):
        yield BadLine(line, f"{len(fields)} fields under {len(names)} columns")
        return
    row = {name.upper(): field.strip() for name, field in zip(names, fields, strict=True) if name in KNOWN}
    if row["FUNCTION"] != "payment" and row["FUNCTION"] not in REFUNDS:
        return
    try:
        yield _read(row, merchant)
    except ValueError as error:
        yield BadLine(line, str(error) or "cannot be read")


def _read(row: Mapping[str, str], merchant: str) -> RegisterLine:
    at = moment_of(row["DATETIME"])
    if at is None:
        raise ValueError("datetime")
    if not row["RRN"]:
        raise ValueError("reference")
    # Its currency is the rouble where the file does not say.
    currency = row.get("CURRENCY", "")
    said = {"ID": "", "PAYER": "", **row}
    outcome, method = outcome_of(said, currency="RUB" if currency in ROUBLES else currency[:CURRENCY_LARGEST])
    assert isinstance(outcome, Succeeded | Refunded)
    foreign = said["ID"][:MERCHANT_LARGEST] if merchant and said["ID"] not in ("", merchant) else None
    return RegisterLine(_aware(at), outcome, method=method, merchant=foreign)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=ITS_ZONE)

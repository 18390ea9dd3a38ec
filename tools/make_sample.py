"""Writes core/profiles/sample_accounts.csv: 1000 made-up accounts that `aliance demo` imports."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from core.use_cases.import_file import COLUMNS

TARGET = Path(__file__).parents[1] / "core" / "profiles" / "sample_accounts.csv"
COUNT = 1000

# argon2id of the made-up password "demo-1000", made once and shared by all rows: it is nobody's secret, and
# a thousand hashes of their own would take minutes to make. An operator's export has one hash an account.
PASSWORD_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$jKLVNUzZiBirLbcSjEwetQ$6FAZWeNzEzxVtXaQxM1u7hu9kqu4DZRuSv+I9HkQoB8"
)

STREETS = {
    "Владивосток": ("ул. Луговая", "пр-т 100 лет Владивостоку", "ул. Светланская", "ул. Русская"),
    "Уссурийск": ("ул. Некрасова", "ул. Ленина", "ул. Советская"),
    "Находка": ("ул. Ленинская", "Находкинский пр-т"),
    "Артём": ("ул. Фрунзе", "ул. Кирова"),
}
TARIFFS = ("moskva", "svoya-moskva", "svoya-moskva", "cifra")

# The handbook's accounts and figures; the phones are those of the demo's page.
NAMED = {
    "100080": {
        "tariff": "svoya-moskva",
        "opening_balance": "198.19",
        "phones": "79140000001 79020000002",
        "city": "Владивосток",
    },
    "166301": {"tariff": "moskva", "opening_balance": "540.00", "phones": "", "city": "Владивосток"},
    # The handbook's second screen: no tariff, and the block has begun.
    "271556": {
        "tariff": "",
        "state": "blocked",
        "opening_balance": "19.26",
        "phones": "",
        "city": "Уссурийск",
    },
}


def rows() -> Iterator[dict[str, str]]:
    for index, (number, given) in enumerate(NAMED.items(), start=1):
        yield _row(index, number) | given | {"street": STREETS[given["city"]][0]}
    for index in range(len(NAMED) + 1, COUNT + 1):
        yield _row(index, str(300_000 + 137 * index))


def _row(index: int, number: str) -> dict[str, str]:
    city = list(STREETS)[index % len(STREETS)]
    streets = STREETS[city]
    negative = index % 23 == 0
    state = "voluntarily_blocked" if index % 61 == 0 else "active"
    return {
        "number": number,
        "login": f"demo{index:04d}",
        "password_hash": PASSWORD_HASH,
        "holder": f"Абонент {index:04d}",
        "city": city,
        "street": streets[index % len(streets)],
        "house": str(index % 90 + 1),
        "flat": str(index % 120 + 1),
        "email": f"demo{index:04d}@example.org" if index % 3 == 0 else "",
        "phones": f"7914{1_000_000 + index}" if index % 2 else f"7902{1_000_000 + index}",
        "tariff": TARIFFS[index % len(TARIFFS)],
        "tariff_next": "moskva" if index % 40 == 0 else "",
        "state": state,
        "opening_balance": f"-{index % 300}.{index % 100:02d}"
        if negative
        else f"{index * 7 % 1500}.{index % 100:02d}",
    }


def main() -> None:
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows())
    sys.stdout.write(f"{TARGET}\n")


if __name__ == "__main__":
    main()

"""Two accounts for the Telegram tests, imported as an operator imports them."""

from pathlib import Path

import argon2

from core.use_cases.imports import Imports

PASSWORD = "wonder.wall-7"
COLUMNS = (
    "number;login;password_hash;holder;city;street;house;flat;email;phones;tariff;tariff_next;"
    "state;opening_balance"
)
_HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


async def import_accounts(imports: Imports, folder: Path, tariff: str) -> None:
    """100080 with a phone and 198.19 roubles, 166301 with the same phone and a debt."""
    lines = [
        COLUMNS,
        f"100080;alpha;{_HASH};A;Vladivostok;S;1;1;;79141234567;{tariff};;active;198.19",
        f"166301;beta;{_HASH};B;Vladivostok;S;1;2;;79141234567;{tariff};;active;-19.26",
    ]
    path = folder / "accounts.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = await imports.run(path, dry_run=False)
    assert not report.problems, report.problems

"""`aliance demo --once`: the scenarios over the sockets, the books compared, an exit code to trust."""

import re
from pathlib import Path
from typing import Any

import pytest

from commands import scenarios
from commands.phones import Phones
from core.wiring import Core
from tests.cli.conftest import start

SECONDS = 300  # of a loaded machine; a quiet one needs thirty
OWNED = "WHERE name = 'subscriber:100080'"
MORE = f"UPDATE ledger_account SET balance = balance + 1 {OWNED}"
LESS = f"UPDATE ledger_account SET balance = balance - 1 {OWNED}"
CHARGE = {"id": "1", "status": "succeeded", "amount": 100_00}


def test_the_scenarios_are_played_and_the_books_agree(tmp_path: Path) -> None:
    process = start(tmp_path, "demo", "--once", "--keep")
    said, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said + told
    assert "> aliance 100080 100\n" in said
    assert re.search(r"< .*113.*ДА", said)
    assert "4276 85 xxxx 7173" in said
    assert re.search(r"< .*Денег на счёте 100080 хватит на [23] дня", said)
    assert re.search(r"< Счёт 100080: .*Пополнить: aliance 100080 \d+ на 3116", said)
    assert "clearing:sandbox -> subscriber:100080" in said
    assert "    (29 days later: " in said
    assert re.search(r"< .* автоплатёж пополнит счёт 100080 на 500,00", said)
    assert said.count("недостаточно денег") == 4
    assert said.count("Повторим ") == 3
    assert "нужна другая карта" in said
    assert "    (nothing was told or charged)\n" in said
    assert "    (of 120 simulated subscribers 120 have it)\n" in said
    assert "Provider's books: 4 charges, 1413.00 in all\n" in said
    assert "Invariants broken: none\n" in said
    assert "All is as it should be.\n" in said
    assert [each.name for each in tmp_path.iterdir()] == [".demo"]
    assert (tmp_path / ".demo/aliance.db").exists()


class Books:
    """Phones that nobody uses, and a provider that says what it is told to."""

    def __init__(self, *charges: dict[str, Any]) -> None:
        self._charges = list(charges)

    async def provider_books(self) -> list[dict[str, Any]]:
        return self._charges


async def _played(core: Core, books: Books) -> int:
    phones: Phones = books  # type: ignore[assignment]  # a fake that has what is asked
    return await scenarios.play(core, phones, sms=False, telegram=False, account="100080", password="")


@pytest.fixture
async def opened(core: Core) -> Core:
    """A core with the sample's accounts."""
    sample = Path(__file__).parents[2] / "core/profiles/sample_accounts.csv"
    await core.imports.run(sample, dry_run=False)
    return core


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOff:
    """Nobody plays, so both books must be empty."""

    async def test_agreeing_books_are_fine(self, opened: Core) -> None:
        assert await _played(opened, Books(CHARGE | {"status": "declined"})) == 0

    async def test_a_balance_that_is_not_its_transfers_is_off(
        self, opened: Core, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async with opened.database.transaction() as tx:
            await tx.connection.exec_driver_sql(MORE)
        assert await _played(opened, Books()) == 1
        assert "OFF: invariants are broken" in capsys.readouterr().out
        async with opened.database.transaction() as tx:
            await tx.connection.exec_driver_sql(LESS)  # the fixture looks at the books, too

    async def test_money_that_only_the_provider_knows_is_off(
        self, opened: Core, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await _played(opened, Books(CHARGE)) == 1
        assert "OFF: the provider collected" in capsys.readouterr().out

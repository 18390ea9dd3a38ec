"""What has to be written down outlasts a database that is away for a moment, and nothing else."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.storage import away
from core.storage.away import outlasting
from core.storage.database import Database

GONE = DBAPIError("COMMIT", None, ConnectionError("connection is closed"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(away, "AGAIN_SECONDS", 0.0)


class Written:
    """Fails with each of these in turn, then writes."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.tries = 0

    @outlasting
    async def write(self, said: str) -> str:
        self.tries += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return said


async def test_a_write_is_made_again_until_the_database_is_back() -> None:
    one = Written(ConnectionRefusedError(), GONE, GONE)
    assert await one.write("sent") == "sent"
    assert one.tries == 4


async def test_what_the_database_refuses_is_not_said_again() -> None:
    one = Written(IntegrityError("INSERT", None, Exception("duplicate")))
    with pytest.raises(IntegrityError):
        await one.write("sent")
    assert one.tries == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_data_that_postgresql_refuses_are_not_said_again(database: Database) -> None:
    tries = 0

    @outlasting
    async def write() -> None:
        nonlocal tries
        tries += 1
        async with database.transaction() as tx:
            await tx.execute(text("SELECT CAST('a word' AS integer)"))

    with pytest.raises(DBAPIError):
        await write()
    assert tries == 1


async def test_who_waits_longer_than_a_lease_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(away, "OUTLAST_SECONDS", -1.0)
    with pytest.raises(DBAPIError):
        await Written(GONE).write("sent")

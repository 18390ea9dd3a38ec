"""The audit trail beside a file that knows how far it went: a trail made whole again after a cut is found."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.usefixtures("quiet")


def _named(run: Run, url: str, *names: str) -> None:
    for name in names:
        assert run("staff", "add", name, "--role", "admin", "--by", "Vera", DATABASE_URL=url)[0] == 0


def _change(url: str, *statements: str) -> None:
    """What only the owner of the database can do, and only on purpose."""
    with sqlite3.connect(url.partition("///")[2]) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_the_doctor_follows_the_trail_from_where_the_file_knew_it(
    run: Run, sqlite_url: str, tmp_path: Path
) -> None:
    doctor, file = ("doctor", "--invariants", "--audit-head", "head"), tmp_path / "head"
    assert "audit trail: 0 entries" in run(*doctor, DATABASE_URL=sqlite_url)[1]
    _named(run, sqlite_url, "Vera", "Anna")
    code, said, _ = run(*doctor)
    assert (code, "audit trail: 2 entries, the first 0 as head knew them" in said) == (0, True)
    _named(run, sqlite_url, "Boris")
    code, said, _ = run(*doctor)
    assert (code, "audit trail: 3 entries, the first 2 as head knew them" in said) == (0, True)
    known = file.read_text()
    assert known.startswith("3 ")
    _change(
        sqlite_url,
        "DROP TRIGGER audit_no_delete",
        "DELETE FROM audit WHERE number = 3",
        "UPDATE audit_head SET number = 2, hash = (SELECT hash FROM audit WHERE number = 2)",
    )
    assert run("doctor", "--invariants")[0] == 0  # nothing in the database tells of it
    _named(run, sqlite_url, "Gleb")  # another third entry
    code, said, _ = run(*doctor)
    assert code == 1
    assert "audit trail: FAILED, entry 3 is not the one that head knows" in said
    assert file.read_text() == known


def test_a_trail_with_a_hole_and_a_file_that_is_none_are_told(
    run: Run, sqlite_url: str, tmp_path: Path
) -> None:
    _named(run, sqlite_url, "Vera", "Anna")
    (tmp_path / "head").write_text("two")
    code, said, _ = run("doctor", "--audit-head", "head")
    assert (code, "audit trail: FAILED, ValueError" in said) == (1, True)
    (tmp_path / "head").unlink()
    _change(sqlite_url, "DROP TRIGGER audit_no_delete", "DELETE FROM audit WHERE number = 2")
    code, said, _ = run("doctor", "--audit-head", "head")
    assert (code, "does not end with entry 1" in said) == (1, True)
    assert not (tmp_path / "head").exists()

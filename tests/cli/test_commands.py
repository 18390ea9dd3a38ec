"""The commands of an operator: what they print, and the exit code that a script looks at."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.storage.database import Database
from core.storage.schema import is_current
from tests.cli.conftest import ROOT, Run

SAMPLE = str(ROOT / "core/profiles/sample_accounts.csv")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'own.db'}"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["run", "--only", "kitchen"],
        ["sms", "try"],
        ["sms", "try", "да", "--from", "Sberbank"],
        ["account"],
        ["migrate", "sideways"],
    ],
)
def test_a_command_that_is_none_is_refused_with_usage(run: Run, arguments: list[str]) -> None:
    code, _, told = run(*arguments)
    assert code == 2
    assert "usage: aliance" in told


HELP = """
import sys, aliance
try:
    aliance.main(["--help"])
finally:
    heavy = ("aiogram", "aiohttp", "babel", "pydantic", "sqlalchemy")
    print([name for name in heavy if name in sys.modules])
"""


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.endswith("[]\n")


def test_migrating_up_down_and_up_again(run: Run, sqlite_url: str, url: str) -> None:
    assert run("migrate", DATABASE_URL=url)[0] == 0
    assert run("doctor", DATABASE_URL=url)[0] == 0
    assert run("migrate", "down", DATABASE_URL=url)[0] == 2
    assert run("migrate", "down", "base", DATABASE_URL=url)[0] == 0
    assert run("doctor", DATABASE_URL=url)[0] == 1
    assert run("migrate", "up", "head", DATABASE_URL=url)[0] == 0
    assert run("doctor", DATABASE_URL=url)[0] == 0


def test_a_revision_that_is_none_is_told(run: Run, sqlite_url: str) -> None:
    code, _, told = run("migrate", "up", "nowhere", DATABASE_URL=sqlite_url)
    assert code == 1
    assert told.startswith("aliance: ")
    assert "nowhere" in told


def test_a_profile_that_is_no_toml_is_told(run: Run, sqlite_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "operator.toml"
    broken.write_text("code = ")
    code, _, told = run("account", "show", "1", DATABASE_URL=sqlite_url, OPERATOR_PROFILE=str(broken))
    assert code == 1
    assert told.startswith("aliance: TOMLDecodeError: ")


def test_importing_reports_and_the_account_is_shown(run: Run, sqlite_url: str) -> None:
    code, said, _ = run("import", SAMPLE, "--dry-run", DATABASE_URL=sqlite_url)
    assert (code, said) == (0, "1000 accounts would be created, 0 updated, 0 unchanged.\n")
    assert run("account", "show", "100080", DATABASE_URL=sqlite_url)[0] == 1
    code, said, _ = run("import", SAMPLE, DATABASE_URL=sqlite_url)
    assert (code, said) == (0, "1000 accounts were created, 0 updated, 0 unchanged.\n")
    code, said, _ = run("account", "show", "00100080", DATABASE_URL=sqlite_url)
    assert code == 0
    assert "posted 198.19" in said
    assert "opening -> subscriber:100080" in said


def test_a_bad_line_is_named_as_editors_name_places(run: Run, sqlite_url: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(Path(SAMPLE).read_text().replace(",moskva,,active,", ",gold,,active,", 1))
    code, said, _ = run("import", str(bad), DATABASE_URL=sqlite_url)
    assert code == 1
    assert f"{bad}:3: tariff: the operator profile has no tariff 'gold'\n" in said
    assert "1 problems: nothing was changed.\n" in said
    assert run("account", "show", "100080", DATABASE_URL=sqlite_url)[0] == 1


def test_a_file_that_is_not_there_is_told_in_a_line(run: Run, sqlite_url: str) -> None:
    code, _, told = run("import", "nowhere.csv", DATABASE_URL=sqlite_url)
    assert code == 1
    assert told.startswith("aliance: FileNotFoundError: ")
    assert told.count("\n") == 1


def test_an_account_that_is_not_there_is_told(run: Run, sqlite_url: str) -> None:
    code, _, told = run("account", "show", "999999", DATABASE_URL=sqlite_url)
    assert (code, told) == (1, "aliance: there is no account 999999\n")


def test_a_database_of_yesterday_is_told_how_to_be_migrated(run: Run, url: str) -> None:
    for command in (["import", SAMPLE], ["account", "show", "100080"]):
        code, _, told = run(*command, DATABASE_URL=url)
        assert code == 1
        assert "aliance migrate" in told


def test_the_doctor_finds_a_healthy_house(run: Run, sqlite_url: str) -> None:
    code, said, _ = run("doctor", "--invariants", DATABASE_URL=sqlite_url)
    assert code == 0
    assert said.endswith("invariants: none\n")
    assert "database: SQLite, schema current" in said


def test_the_doctor_finds_servers(run: Run, pg_url: str, redis_url: str) -> None:
    code, said, _ = run("doctor", "--invariants", DATABASE_URL=pg_url, REDIS_URL=redis_url)
    assert code == 0
    assert "database: PostgreSQL, schema current" in said
    assert "redis: answers" in said


def test_the_doctor_tells_what_is_not_reached(run: Run, tmp_path: Path) -> None:
    code, said, _ = run(
        "doctor",
        "--invariants",
        DATABASE_URL="postgresql+asyncpg://nobody:s3cret-word@127.0.0.1:9/none",
        REDIS_URL="redis://127.0.0.1:9",
        OPERATOR_PROFILE=str(tmp_path / "none.toml"),
    )
    assert code == 1
    for name in ("database", "redis", "profile"):
        assert f"{name}: FAILED, " in said
    assert "invariants" not in said
    assert "s3cret-word" not in said


def test_the_doctor_names_the_place_of_a_fault_in_the_profile(
    run: Run, sqlite_url: str, tmp_path: Path
) -> None:
    faulty = tmp_path / "operator.toml"
    shipped = (ROOT / "core/profiles/alianstelecom.toml").read_text()
    faulty.write_text(shipped.replace('short_code = "3116"', 'short_code = "short"'))
    code, said, _ = run("doctor", DATABASE_URL=sqlite_url, OPERATOR_PROFILE=str(faulty))
    assert code == 1
    assert "profile: FAILED, sms.short_code: " in said
    code, _, told = run("account", "show", "1", DATABASE_URL=sqlite_url)
    assert code == 1
    assert "sms.short_code" in told


async def _break(url: str) -> None:
    database = Database(url)
    async with database.transaction() as tx:
        await tx.connection.exec_driver_sql(
            "UPDATE ledger_account SET balance = balance + 1 WHERE balance > 0"
        )
    await database.close()


def test_the_doctor_tells_each_broken_invariant(run: Run, sqlite_url: str) -> None:
    run("import", SAMPLE, DATABASE_URL=sqlite_url)
    asyncio.run(_break(sqlite_url))
    code, said, _ = run("doctor", "--invariants", DATABASE_URL=sqlite_url)
    assert code == 1
    assert "I1: balance of subscriber:100080 is not the sum of its transfers" in said


@pytest.mark.parametrize(
    "setting, value, told",
    [
        ("ENV", "moon", "ALIANCE_ENV: "),
        ("HTTP_PORT", "70000", "ALIANCE_HTTP_PORT: "),
        ("PAYMENT_PROVIDER", "sandbox", "settings: "),
    ],
)
def test_a_wrong_setting_is_told_by_its_name(run: Run, setting: str, value: str, told: str) -> None:
    code, _, errors = run("doctor", **{setting: value})
    assert code == 2
    assert told in errors


def test_a_wrong_setting_is_told_without_the_secrets_beside_it(run: Run) -> None:
    _, _, told = run("doctor", SANDBOX_KEY="s3cret-word", PAYMENT_PROVIDER="sandbox")
    assert "s3cret-word" not in told


def test_trying_a_text_says_what_it_is_and_would_be_answered(run: Run) -> None:
    code, said, _ = run("sms", "try", "aliance 100080 100", "--from", "+79140000001")
    assert code == 0
    assert said.startswith("command top_up, account 100080, amount_kopecks 10000\n")
    assert "113" in said
    _, said, _ = run("sms", "try", "aliance 100080 100", "--from", "79020000002")
    assert "103" in said


@pytest.mark.parametrize(
    "ways, by, answer",
    [
        ({"SMSC_URL": "smpp://us:x@h?name=mts smpp://us:x@h?name=hub"}, ", by mts\n", "ответьте ДА."),
        ({"SMSC_URL": "smpp://us:x@h?name=hub&direct=no"}, ", by hub\n", "ответьте ДА 000."),
        (
            {"KANNEL_URL": "http://us:x@h?smsc=mts", "KANNEL_TOKEN": "x" * 16},
            ", by kannel:mts\n",
            "ответьте ДА 000.",
        ),
        ({"SMSC_URL": "smpp://us:x@h?windw=3"}, "10000\n", "ответьте ДА."),
    ],
)
def test_a_text_is_tried_by_the_first_way_that_is_configured(
    run: Run, ways: dict[str, str], by: str, answer: str
) -> None:
    code, said, _ = run("sms", "try", "aliance 100080 100", **ways)
    assert (code, by in said, answer in said) == (0, True, True)


def test_trying_many_texts_answers_each_in_its_line() -> None:
    """As a script does: one text a line in, one object a line out, at once."""
    with subprocess.Popen(
        [sys.executable, "aliance.py", "sms", "try", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text, command in (
            (b"aliance 100080 100", "top_up"),
            ("да".encode(), "confirm"),
            ("баланс\r".encode(), "balance"),
            (b"\xff\xfe", "unknown"),
            (b"", "unknown"),
        ):
            process.stdin.write(text + b"\n")
            process.stdin.flush()
            told = json.loads(process.stdout.readline())
            assert told["command"] == command
            assert set(told) == {"command", "account", "amount_kopecks", "problem"}
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize(
    "text, told",
    [
        ("aliance 100080 100,50", ("top_up", "100080", 100_50, None)),
        ("aliance 100080", ("top_up", "100080", None, "amount_missing")),
        ("aliance 100080 100 50", ("top_up", None, None, "ambiguous_numbers")),
        ("proc 100080 100", ("unknown", None, None, "not_ours")),
        ("ДА!!!", ("confirm", None, None, None)),
    ],
)
def test_the_object_of_a_tried_text(run: Run, text: str, told: tuple[object, ...]) -> None:
    _, said, _ = run("sms", "try", text, "--json")
    answer = json.loads(said)
    assert (answer["command"], answer["account"], answer["amount_kopecks"], answer["problem"]) == told


async def test_a_fresh_database_is_not_current(url: str) -> None:
    database = Database(url)
    assert not await is_current(database)
    await database.close()

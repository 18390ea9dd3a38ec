"""Staff's money commands: what they print, what they refuse, and the exit code that a script looks at."""

import asyncio
import json
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.provider import Succeeded
from core.settings import Settings
from core.states import PaymentState
from core.storage.staff_tables import audit
from core.storage.tables import payment
from core.wiring import open_core
from tests.accounts import open_account
from tests.cli.conftest import Run, start
from tests.core.scenes import quote_by_sms, rows, says_yes
from tests.fakes import FakeClock, FakeProvider

pytestmark = pytest.mark.usefixtures("quiet")

WHO = ("--by", "Anna", "--why", "application 12")
ARSENALPAY = {"PAYMENT_PROVIDER": "arsenalpay", "ARSENALPAY_CALLBACK_KEY": "fffff"}
YESTERDAY = SystemClock().now() - timedelta(days=1)


@pytest.fixture(params=["sqlite_url", "pg_url"])
def url(request: pytest.FixtureRequest) -> str:
    """A database with 100 roubles on a wrong account, and 55 in suspense."""
    found: str = request.getfixturevalue(request.param)
    asyncio.run(_fill(found))
    return found


async def _fill(url: str) -> None:
    clock = FakeClock()
    provider = FakeProvider(clock)
    settings = Settings(_env_file=None, env="test", database_url=url)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
        for number in ("100080", "100081"):
            await open_account(core, number, tariff=None)
        await quote_by_sms(core)
        await says_yes(core)
        stray = Succeeded("stray-1", "999", Money.roubles(55), "RUB")
        await core.callbacks.take("fake", body=provider.tells(PaymentId(new_id()), stray), headers={})


async def _look(url: str) -> tuple[list[Money], list[str]]:
    """The balances of both accounts, and the actions of the audit trail."""
    async with open_core(Settings(_env_file=None, env="test", database_url=url), providers=[]) as core:
        owners = [await core.statements.ledger(number) for number in ("100080", "100081")]
        trail = await rows(core, audit)
        assert [each for each in await core.invariants.check() if each.code not in ("I6", "I13")] == []
        return [owner.balance_posted for owner in owners], [row.action for row in trail]


async def _reference(url: str) -> str:
    async with open_core(Settings(_env_file=None, env="test", database_url=url), providers=[]) as core:
        found = await rows(core, payment, state=PaymentState.SUCCEEDED)
        return str(found[0].provider_ref)


def test_a_claim_is_looked_at_made_and_made_once(run: Run, url: str) -> None:
    claim = ("claim", asyncio.run(_reference(url)), "--to", "0100081", *WHO)
    run = partial(run, DATABASE_URL=url)
    code, said, _ = run(*claim, "--dry-run")
    assert (code, said.splitlines()[0]) == (0, "100.00 would be moved from account 100080 to account 100081.")
    assert asyncio.run(_look(url)) == ([Money.roubles(100), Money(0)], [])
    code, said, _ = run(*claim)
    assert (code, said.splitlines()) == (
        0,
        [
            "100.00 was moved from account 100080 to account 100081.",
            "account 100080: posted balance 0.00",
            "account 100081: posted balance 100.00",
        ],
    )
    code, said, _ = run(*claim)
    assert (code, "was before moved" in said) == (0, True)
    assert asyncio.run(_look(url)) == ([Money(0), Money.roubles(100)], ["claim"])


def test_stray_money_is_listed_and_assigned(run: Run, url: str) -> None:
    run = partial(run, DATABASE_URL=url)
    (line,) = [json.loads(line) for line in run("suspense", "list", "--json")[1].splitlines()]
    assert (line["reference"], line["left_kopecks"], line["asked_for"]) == ("stray-1", 55_00, None)
    assert "stray-1" in run("suspense", "list")[1]
    code, said, _ = run("suspense", "assign", line["id"], "--to", "100080", *WHO)
    assert (code, said.splitlines()[0]) == (0, "55.00 was moved from suspense to account 100080.")
    assert run("suspense", "list")[1] == "suspense: nothing waits\n"
    code, _, told = run("suspense", "refund", line["id"], *WHO)
    assert (code, told) == (1, "aliance: refused: the money is not there to be moved\n")
    assert asyncio.run(_look(url)) == ([Money.roubles(155), Money(0)], ["assign"])


def test_a_refund_is_stored_once_and_told_so(run: Run, url: str) -> None:
    name = asyncio.run(_reference(url))
    run = partial(run, DATABASE_URL=url)
    code, said, _ = run("refund", name, "30,50", *WHO, "--dry-run")
    assert (code, said.startswith("30.50 would be given back")) == (0, True)
    code, said, _ = run("refund", name, "30.50", *WHO)
    assert (code, "72.50 of it can still be given back" in said) == (0, True)
    code, said, _ = run("refund", name, "30.50", *WHO)
    assert (code, "was asked for before, intent" in said) == (0, True)
    code, _, told = run("refund", name, "80", *WHO)
    assert (code, told) == (1, "aliance: refused: 72.50 is left of the payment\n")
    code, said, _ = run("suspense", "refund", "stray-1", *WHO)
    assert (code, "55.00" in said) == (0, True)
    assert asyncio.run(_look(url))[1] == ["refund", "refund"]


def test_what_is_refused_says_why_and_changes_nothing(run: Run, url: str) -> None:
    name = asyncio.run(_reference(url))
    run = partial(run, DATABASE_URL=url)
    refusals = [
        (("claim", name, "--to", "77", *WHO), "there is no account 77"),
        (("claim", "none", "--to", "100081", *WHO), "there is no payment with this id or reference"),
        (("claim", name, "--to", "100080", *WHO), "the money is on that account"),
        (("claim", "stray-1", "--to", "100080", *WHO), "the payment system refunds it"),
        (("suspense", "assign", name, "--to", "100081", *WHO), "the money is not there to be moved"),
        (("refund", name, "1000", *WHO), "103.00 is left of the payment"),
        (("refund", name, "1e3", *WHO), "is no amount"),
        (("refund", name, "0", *WHO), "is left of the payment"),
        (("reconcile", "--solve", "none", *WHO), "there is no difference none"),
        (("reconcile", "--provider", "fake"), "fake is not set up"),
    ]
    for arguments, why in refusals:
        code, said, told = run(*arguments)
        assert (code, said) == (1, ""), arguments
        assert why in told
    assert asyncio.run(_look(url)) == ([Money.roubles(100), Money(0)], [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["claim", "x", "--to", "1", "--by", "Anna"],
        ["claim", "x", "--to", "1", "--by", "Anna", "--why", " "],
        ["refund", "x", "--by", "Anna", "--why", "y"],
        ["suspense"],
        ["suspense", "assign", "x", *WHO],
        ["reconcile", "--solve", "x", "--by", "Anna"],
        ["reconcile", "--day", "yesterday"],
        ["reconcile", "--from", "2026-04-27"],
        ["reconcile", "--from", "2026-04-27", "--to", "2026-04-26"],
        ["reconcile", "--day", "2026-04-27", "--from", "2026-04-27", "--to", "2026-04-28"],
        ["reconcile", "--register", "x.csv", "--provider", "arsenalpay"],
    ],
)
def test_who_why_and_what_are_needed(run: Run, arguments: list[str]) -> None:
    code, _, told = run(*arguments)
    assert code == 2
    assert "usage: aliance" in told


def _register(folder: Path, *rows: str) -> str:
    path = folder / "register.csv"
    path.write_text("\n".join(["FUNCTION,RRN,AMOUNT,ACCOUNT,DATETIME", *rows]) + "\n")
    return str(path)


def test_a_register_file_is_compared_and_its_differences_listed_and_solved(
    run: Run, url: str, tmp_path: Path
) -> None:
    run = partial(run, DATABASE_URL=url, **ARSENALPAY)
    at, day = YESTERDAY.isoformat(), YESTERDAY.date().isoformat()
    file = _register(tmp_path, f"payment,rrn-1,55,999,{at}", f"payment,rrn-2,10,100080,{at}")
    reconcile = ("reconcile", "--register", file, "--provider", "arsenalpay", "--day", day)
    code, said, _ = run(*reconcile, "--json")
    assert (code, json.loads(said)) == (
        0,
        {
            "provider": "arsenalpay", "day": day, "lines": 2, "booked": 2, "new": 2, "gone": 0, "open": 2,
            "incomplete": None,
        },
    )  # fmt: skip
    code, said, _ = run(*reconcile)
    assert (code, "0 booked from them, 0 new differences, 0 gone, 2 open" in said) == (0, True)
    found = [json.loads(line) for line in run("reconcile", "--list", "--json")[1].splitlines()]
    assert [(each["kind"], each["reference"]) for each in found] == [
        ("unknown_payment", "rrn-1"),
        ("unknown_payment", "rrn-2"),
    ]
    assert "theirs total 55.00" in run("reconcile", "--list")[1]
    code, said, _ = run("reconcile", "--solve", found[0]["id"], *WHO)
    assert (code, said) == (0, f"difference {found[0]['id']}: solved by Anna.\n")
    assert run("reconcile", "--solve", found[0]["id"], *WHO)[:2] == (0, "It was closed before.\n")
    assert run("suspense", "assign", "rrn-2", "--to", "100080", *WHO)[0] == 0
    assert "1 gone, 0 open" in run(*reconcile)[1]
    assert run("reconcile", "--list")[1] == "differences: none\n"


def test_a_register_that_cannot_be_read_changes_nothing(run: Run, sqlite_url: str, tmp_path: Path) -> None:
    run = partial(run, DATABASE_URL=sqlite_url, **ARSENALPAY)
    at, day = YESTERDAY.isoformat(), YESTERDAY.date().isoformat()
    file = _register(tmp_path, f"payment,rrn-1,55,999,{at}", f"payment,rrn-2,5 5,1,{at}")
    code, said, told = run("reconcile", "--register", file, "--provider", "arsenalpay", "--day", day)
    assert (code, said) == (1, "")
    assert f"{file}:3: " in told
    old = _register(tmp_path, f"payment,rrn-1,55,999,{YESTERDAY - timedelta(days=3)}")
    code, _, told = run("reconcile", "--register", old, "--provider", "arsenalpay", "--day", day)
    assert (code, "another day" in told) == (1, True)
    missing = str(tmp_path / "none.csv")
    code, _, told = run("reconcile", "--register", missing, "--provider", "arsenalpay", "--day", day)
    assert (code, "FileNotFoundError" in told) == (1, True)
    assert run("suspense", "list")[1] == "suspense: nothing waits\n"


def test_what_is_logged_does_not_stand_between_the_answers(sqlite_url: str, tmp_path: Path) -> None:
    at, day = YESTERDAY.isoformat(), YESTERDAY.date().isoformat()
    file = _register(tmp_path, f"payment,rrn-1,55,999,{at}")
    options = ("--register", file, "--provider", "arsenalpay", "--day", day, "--json")
    with start(tmp_path, "reconcile", *options, DATABASE_URL=sqlite_url, **ARSENALPAY) as process:
        said, told = process.communicate()
    assert (process.returncode, json.loads(said)["booked"]) == (0, 1)
    assert "stray money held in suspense" in told

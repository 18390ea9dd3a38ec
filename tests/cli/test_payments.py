"""Staff at the command line: the log and the story of payments, and one that is settled by their word."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest
import structlog

from commands import logs
from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.provider import Succeeded, Unknown
from core.settings import Settings
from core.storage.staff_tables import audit
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.cli.conftest import Run
from tests.core.broadcast_scenes import VERA, hire
from tests.core.scenes import MTS, PHONE, card_page, quote_by_sms, rows, says_yes
from tests.fakes import FakeClock, FakeProvider

Do = Callable[..., tuple[int, str, str]]
WHO = ("--by", "Anna", "--why", "their cabinet")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A logger that a command sets up would outlive its test, and write where nothing listens any more."""
    monkeypatch.setattr(logs, "configure", lambda settings: None)
    with structlog.testing.capture_logs():
        yield


def _at(url: str, act: Callable[[Core, FakeProvider], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        settings = Settings(_env_file=None, env="test", database_url=url)
        clock = FakeClock()
        provider = FakeProvider(clock)
        async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
            return await act(core, provider)

    return asyncio.run(opened())


async def _fill(core: Core, provider: FakeProvider) -> None:
    await open_account(core, tariff=None)
    await hire(core)
    await quote_by_sms(core)
    await says_yes(core)
    await card_page(core, 200)
    provider.will(Unknown("timeout"))
    await quote_by_sms(core, payer=MTS)
    await says_yes(core, MTS)
    stray = Succeeded("stray-1", "999", Money.roubles(55), "RUB")
    await core.callbacks.take("fake", body=provider.tells(PaymentId(new_id()), stray), headers={})


@pytest.fixture
def do(run: Run, sqlite_url: str) -> Do:
    """`aliance …` beside a phone that paid, a card page, a lost answer, and money that nobody asked for."""
    _at(sqlite_url, _fill)
    return partial(run, DATABASE_URL=sqlite_url)


def _lines(do: Do, *arguments: str) -> list[dict[str, Any]]:
    code, said, _ = do("payment", "log", "--json", *arguments)
    assert code == 0
    return [json.loads(line) for line in said.splitlines()]


def test_the_log_is_a_line_a_payment(do: Do) -> None:
    code, said, _ = do("payment", "log")
    stray, lost, page, paid = said.splitlines()
    assert code == 0
    assert stray.endswith("55.00  card fake stray-1  held (unknown payment)")
    assert "nobody known" in stray
    assert "7914…67" in lost
    assert lost.endswith("100080      100.00 + 13.00 = 113.00  mobile fake -  unknown (timeout)")
    assert "telegram …  " in page
    assert page.endswith("200.00 + 0.00 = 200.00  card fake card-2  pending")
    assert paid.endswith("100.00 + 3.00 = 103.00  mobile fake mobile-1  succeeded")
    assert "2026-04-27 15:00:00" in paid


def test_the_log_is_filtered(do: Do) -> None:
    assert [each["total_kopecks"] for each in _lines(do, "--account", "0100080")] == [113_00, 200_00, 103_00]
    assert [each["payer"] for each in _lines(do, "--phone", PHONE.address)] == ["7924…67"]
    assert [each["reason"] for each in _lines(do, "--state", "unknown", "--provider", "fake")] == ["timeout"]
    assert _lines(do, "--until", "2026-01-01T10:00") == []
    assert len(_lines(do, "--since", "2026-01-01T10:00", "--limit", "2")) == 2
    assert do("payment", "log", "--account", "9")[::2] == (1, "aliance: refused: there is no account 9\n")
    assert do("payment", "log", "--state", "lost")[0] == 2


def test_a_payment_tells_its_whole_story(do: Do) -> None:
    said = do("payment", "show", "mobile-1")[1]
    for part in (
        "by 7924…67, mobile at fake, 100.00 + 3.00 = 103.00",
        "for account 100080, reference mobile-1",
        "  succeeded\n",
        "account 100080, 100.00 and commission 3.00: 103.00 by other, paid",
        "  2026-04-27 15:00:00  paid: success",
        "transfer 2026-04-27 15:00:00: 100.00 clearing:fake -> subscriber:100080, top_up",
        "notice   2026-04-27 15:00:00: paid by sms to 7924…67, queued, tried 0 times",
    ):
        assert part in said
    story = json.loads(do("payment", "show", "mobile-1", "--json")[1])
    assert story["payment"]["total_kopecks"] == 103_00
    assert [leg["amount_kopecks"] for leg in story["legs"]] == [100_00, 3_00]
    assert "callback 2026-04-27 15:00:00: " in do("payment", "show", "stray-1")[1]
    assert do("payment", "show", "none")[::2] == (
        1, "aliance: refused: there is no payment with this id or reference\n",
    )  # fmt: skip


def test_whole_numbers_need_a_name_and_a_reason(do: Do, sqlite_url: str) -> None:
    code, _, told = do("payment", "show", "mobile-1", "--full")
    assert (code, "--full needs --by and --why" in told) == (2, True)
    assert do("payment", "show", "mobile-1", "--full", "--by", "Somebody", "--why", "x")[0] == 1
    said = do("payment", "show", "mobile-1", "--full", "--by", VERA, "--why", "call 12")[1]
    assert said.count(PHONE.address) >= 2
    assert f"{VERA} did payment_numbers: call 12" in said
    trail = _at(sqlite_url, lambda core, _: rows(core, audit))
    assert (trail[-1].action, trail[-1].by, trail[-1].why) == ("payment_numbers", VERA, "call 12")


def test_an_undecided_payment_is_settled_by_staff(do: Do) -> None:
    name = _lines(do, "--state", "unknown")[0]["id"]
    settle = ("payment", "settle", name)
    assert do(*settle, *WHO)[0] == 2
    assert do(*settle, "--paid", "a/b", *WHO)[2] == (
        "aliance: refused: no provider's reference looks like a/b\n"
    )
    assert do(*settle, "--paid", "stray-1", *WHO)[0] == 1
    paid = f"payment {name}, 113.00 at fake, {{}} paid as rrn-1: 100.00 to account 100080."
    for more, did in ((["--dry-run"], "would be"), ([], "is"), ([], "was before")):
        code, said, _ = do(*settle, "--paid", "rrn-1", *more, *WHO)
        assert (code, said.splitlines()[0]) == (0, paid.format(did))
    assert do(*settle, "--not-paid", *WHO)[::2] == (
        1, "aliance: refused: staff settled it before as paid under rrn-1\n",
    )  # fmt: skip
    said = do("payment", "show", name)[1]
    assert "succeeded (paid, say staff)" in said
    assert "Anna did payment_settle: their cabinet" in said
    assert do("payment", "settle", "mobile-1", "--not-paid", *WHO)[::2] == (
        1, "aliance: refused: it is succeeded: what is pending or unknown can be settled\n",
    )  # fmt: skip


def test_what_was_not_paid_is_declined(do: Do) -> None:
    name = _lines(do, "--state", "pending")[0]["id"]
    code, said, _ = do("payment", "settle", name, "--not-paid", *WHO)
    assert (code, said) == (
        0,
        f"payment {name}, 200.00 at fake, is declined. What comes late is credited all the same.\n",
    )
    assert _lines(do, "--state", "declined")[0]["reason"] == "not paid, say staff"

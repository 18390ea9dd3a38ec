"""Staff's broadcasts on the command line: from the first admin to the report, in words and exit codes."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from commands.broadcast_told import watching
from core.settings import Settings
from core.states import NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from core.storage.staff_tables import audit
from core.wiring import Core, open_core
from tests.cli.conftest import Run
from tests.core.broadcast_scenes import ANNA, deliver, drafted, hire, live_at, started, work
from tests.core.scenes import rows

BLOCKED = {"20": (NoticeState.FAILED, "blocked")}
TEXT = ("--telegram", "<b>Работы</b> ночью", "--sms", "Работы ночью")


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def do(run: Run, sqlite_url: str) -> Callable[..., tuple[int, str, str]]:
    """`aliance …` on a database with three accounts and no staff."""

    async def fill(core: Core) -> None:
        await live_at(core, "1", chats=("10",), city="Артём")
        await live_at(core, "2", chats=("20",))
        await live_at(core, "3", phones=("79140000003",))

    _at(sqlite_url, fill)
    return partial(run, DATABASE_URL=sqlite_url)


def _at(url: str, act: Callable[[Core], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        async with open_core(Settings(_env_file=None, env="test", database_url=url), providers=[]) as core:
            return await act(core)

    return asyncio.run(opened())


def test_a_broadcast_from_the_first_admin_to_the_report(do: Run, sqlite_url: str, tmp_path: Path) -> None:
    assert do("staff", "add", "Vera", "--role", "sender", "--by", "Vera")[0] == 1
    assert do("staff", "add", "Vera", "--role", "admin", "--by", "Vera")[:2] == (0, "Vera: admin\n")
    assert do("staff", "add", "Anna", "--role", "sender", "--telegram", "500", "--by", "Vera")[0] == 0
    assert do("staff", "role", "Anna", "approver", "--by", "Vera")[1] == "Anna: approver, Telegram 500\n"
    assert do("staff", "list")[1] == "Anna: approver, Telegram 500\nVera: admin\n"
    code, said, _ = do("broadcast", "new", "--title", "Работы", *TEXT, "--by", "Anna")
    assert (code, said.splitlines()) == (
        0,
        [
            "broadcast 1, draft: Работы (version 1, service, telegram_else_sms)",
            "3 accounts: 2 by Telegram, 1 by SMS; 1 segments an SMS at most, 5.00 roubles; "
            "at most 10.00 roubles more for SMS in the place of blocked bots",
        ],
    )
    code, said, _ = do("broadcast", "edit", "1", "--city", "артем", "--urgent", "--by", "Anna")
    assert (code, "version 2" in said, "1 accounts: 1 by Telegram, 0 by SMS" in said) == (0, True, True)
    (tmp_path / "list.csv").write_text("account\n2\n3\n")
    (tmp_path / "text.html").write_text("Работы <i>ночью</i>\n")
    listed = ("--accounts", "list.csv", "--telegram", "ru=@text.html", "--title", "По списку")
    code, said, _ = do("broadcast", "new", *listed, "--reach", "telegram", "--by", "Anna")
    assert (code, "1 by Telegram, 0 by SMS" in said) == (0, True)
    assert do("broadcast", "preview", "2", "--by", "Anna")[1] == "A preview goes to telegram 500.\n"
    assert "1 by Telegram" in do("broadcast", "count", "2", "--by", "Vera")[1]
    faster = {"TELEGRAM_MESSAGES_PER_SECOND": "1000", "TELEGRAM_PAID_BROADCAST": "true"}
    said = do("broadcast", "count", "2", "--by", "Vera", **faster)[1]
    assert said.endswith("; at most 1 Stars for Telegram's paid rate\n")
    code, said, _ = do("broadcast", "approve", "2", "--version", "1", "--by", "Vera")
    assert (code, said.startswith("broadcast 2, draft")) == (0, True)
    assert do("broadcast", "start", "2", "--by", "Anna")[1].startswith("broadcast 2, scheduled")
    _at(sqlite_url, work)
    assert do("broadcast", "pause", "2", "--by", "Anna")[1].startswith("broadcast 2, paused")
    assert do("broadcast", "resume", "2", "--by", "Anna")[1].startswith("broadcast 2, running")

    async def send(core: Core) -> None:
        await deliver(core, (await core.broadcasts.newest(by="Anna"))[0], BLOCKED)
        await work(core)

    _at(sqlite_url, send)
    assert do("broadcast", "watch", "2", "--by", "Vera") == (0, f"[{'#' * 24}] 1/1 done, 1 blocked\n", "")
    (line,) = csv.DictReader(io.StringIO(do("broadcast", "report", "2", "--by", "Vera")[1]))
    assert (line["account"], line["channel"], line["address"]) == ("2", "telegram", "20")
    assert (line["state"], line["reason"]) == ("failed", "blocked")
    one = ("broadcast", "report", "2", "--by", "Vera", "--account")
    assert do(*one, "2")[1].splitlines()[1].startswith("2,telegram,20,")
    assert (do(*one, "1")[1].splitlines()[1:], do(*one, "9")[0]) == ([], 1)
    out = str(tmp_path / "report.csv")
    assert do("broadcast", "report", "2", "--out", out, "--by", "Vera")[1] == f"1 recipients in {out}\n"
    assert do("broadcast", "retry", "2", "--reason", "blocked", "--by", "Anna")[0] == 0
    assert do("broadcast", "cancel", "2", "--why", "enough", "--by", "Anna")[0] == 0
    trail = _at(sqlite_url, lambda core: rows(core, audit))
    assert [row.action for row in trail] == [
        "staff_add", "staff_add", "staff_change", "broadcast_new", "broadcast_change", "broadcast_new",
        "broadcast_preview", "broadcast_approve", "broadcast_start", "broadcast_pause", "broadcast_resume",
        *["broadcast_report"] * 4, "broadcast_retry", "broadcast_cancel",
    ]  # fmt: skip


def test_what_is_looked_at_is_told_in_words_and_as_json(do: Run, sqlite_url: str) -> None:
    async def make(core: Core) -> None:
        await hire(core)
        await started(core)
        await drafted(core, title="Другое")

    _at(sqlite_url, make)
    lines = do("broadcast", "list", "--by", "Vera")[1].splitlines()
    assert [line.split(":")[0] for line in lines] == ["broadcast 2, draft", "broadcast 1, running"]
    (first, _) = [
        json.loads(line) for line in do("broadcast", "list", "--json", "--by", "Vera")[1].splitlines()
    ]
    assert (first["number"], first["state"], first["version"]) == (2, "draft", 1)
    said = do("broadcast", "show", "2", "--by", "Vera")[1]
    assert "drafted by Anna" in said
    assert "--- ru by sms\nРаботы ночью" in said
    assert "3 accounts" in said
    said = do("broadcast", "show", "1", "--by", "Vera")[1]
    assert f"[{'.' * 24}] 0/3 running, 3 left" in said
    facts = json.loads(do("broadcast", "show", "1", "--json", "--by", "Vera")[1])
    assert (facts["total"], facts["counts"]["left"]) == (3, 3)
    assert do("broadcast", "watch", "2", "--by", "Vera")[0] == 1


def test_what_was_sent_is_edited_and_taken_back(do: Run, sqlite_url: str) -> None:
    async def send(core: Core) -> None:
        await hire(core)
        await deliver(core, await started(core))
        await work(core)

    _at(sqlite_url, send)
    code, _, told = do("broadcast", "edit", "1", "--city", "Артём", "--by", "Anna")
    assert (code, told) == (1, "aliance: of what was sent the texts alone can be changed\n")
    code, said, _ = do("broadcast", "edit", "1", "--telegram", "Отбой", "--by", "Anna")
    assert (code, said.startswith("broadcast 1, running")) == (0, True)

    async def settle(core: Core) -> Any:
        await work(core)
        await deliver(core, (await core.broadcasts.newest(by=ANNA))[0])
        await work(core)
        return await rows(core, notice, template="broadcast_edit")

    assert len(_at(sqlite_url, settle)) == 2
    code, said, _ = do("broadcast", "recall", "1", "--why", "a mistake", "--by", "Anna")
    assert code == 0
    _at(sqlite_url, settle)
    said = do("broadcast", "watch", "1", "--by", "Vera")[1]
    assert "edits: 2 sent\nrecalls: 2 sent\n" in said
    assert "recall of the sent by Anna: done, 2 made" in said


def test_what_is_refused_says_why_and_changes_nothing(do: Run, sqlite_url: str, tmp_path: Path) -> None:
    async def make(core: Core) -> None:
        await hire(core)
        await drafted(core)

    _at(sqlite_url, make)
    (tmp_path / "list.csv").write_text("1\n77\n")
    (tmp_path / "bad.csv").write_text("1\nx\n")
    new, by = ("broadcast", "new", "--title", "x", "--by", "Anna"), ("--by", "Anna")
    refusals = [
        ((*new, "--telegram", "<b>x"), "ru by telegram: the tag b is not allowed"),
        ((*new, "--sms", "{who}"), "there is no field {who}"),
        (new, "there is no text"),
        ((*new, "--telegram", "x", "--city", "Москва"), "no account fits city 'Москва'"),
        ((*new, "--telegram", "x", "--accounts", "list.csv"), "no accounts of ours: 77; nothing was stored"),
        ((*new, "--telegram", "x", "--accounts", "bad.csv"), "line 2: "),
        ((*new, "--telegram", "x", "--accounts", "none.csv"), "FileNotFoundError"),
        ((*new, "--telegram", "x", "--lives", "9999"), "it lives an hour to 30 days"),
        (("broadcast", "pause", "1", *by), "broadcast 1 is draft"),
        (("broadcast", "show", "9", *by), "there is no broadcast 9"),
        (("broadcast", "report", "9", "--out", "x.csv", *by), "there is no broadcast 9"),
        (("broadcast", "start", "1", "--at", "2020-01-01T10:00", *by), "this time has passed"),
        (("broadcast", "approve", "1", "--version", "1", *by), "Anna is no approver"),
        (("broadcast", "approve", "1", "--version", "2", "--by", "Boris"), "read version 1"),
        (("broadcast", "list", "--by", "Otto"), "Otto is not one of the staff"),
        (("broadcast", "retry", "1", *by), "broadcast 1 is draft"),
        (("staff", "remove", "Admin", "--by", "Admin"), "nobody would be left"),
        (("staff", "add", "Anna", "--role", "admin", "--by", "Admin"), "Anna is there already"),
        (("staff", "role", "Boris", "--telegram", "500", "--by", "Admin"), "Anna has this Telegram user"),
    ]
    for arguments, why in refusals:
        code, said, told = do(*arguments)
        assert (code, said) == (1, ""), arguments
        assert why in told
    assert not (tmp_path / "x.csv").exists()
    assert len(_at(sqlite_url, lambda core: rows(core, broadcast))) == 1
    assert do("staff", "remove", "Vera", "--by", "Admin")[1] == "Vera may nothing any more.\n"
    assert do("staff", "remove", "Vera", "--by", "Admin")[1] == "Vera had left before.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["broadcast", "new", "--title", "x"],
        ["broadcast", "start", "x", "--by", "Anna"],
        ["broadcast", "start", "1", "--at", "tomorrow", "--by", "Anna"],
        ["broadcast", "start", "1", "--at", "2026-04-27T10:00+10:00", "--by", "Anna"],
        ["broadcast", "approve", "1", "--by", "Anna"],
        ["broadcast", "new", "--title", "x", "--balance-from", "1.005", "--by", "Anna"],
        ["broadcast", "new", "--title", "x", "--lives", "0", "--by", "Anna"],
        ["broadcast", "preview", "1", "--to", "phone", "--by", "Anna"],
        ["staff", "add", "Anna", "--role", "boss", "--by", "Anna"],
        ["staff", "add", "Anna", "--role", "admin", "--telegram", "@anna", "--by", "Anna"],
        ["staff", "add", " ", "--role", "admin", "--by", "Anna"],
    ],
)
def test_arguments_that_make_no_sense_are_refused_before_anything_is_opened(
    run: Run, arguments: list[str]
) -> None:
    code, _, told = run(*arguments)
    assert code == 2
    assert "usage: aliance" in told


@pytest.mark.parametrize("alive", [True, False])
def test_a_watched_broadcast_is_followed_to_its_end(sqlite_url: str, alive: bool) -> None:
    async def follow(core: Core) -> tuple[int, str]:
        await hire(core)
        for n in (1, 2):
            await live_at(core, str(n), chats=(f"{n}0",))
        made, out = await drafted(core), io.StringIO()
        await core.broadcasts.start(made.number, by=ANNA)
        steps: list[Callable[[], Awaitable[Any]]] = [
            lambda: work(core),
            lambda: core.broadcasts.pause(made.number, by=ANNA),
            lambda: core.broadcasts.resume(made.number, by=ANNA),
            lambda: deliver(core, made, BLOCKED),
            lambda: work(core),
        ]

        async def look() -> Any:
            return await core.broadcast_reports.progress(made.number, by=ANNA)

        async def wait() -> None:
            await steps.pop(0)()

        return await watching(look, wait, out, alive=alive), out.getvalue()

    code, said = _at(sqlite_url, follow)
    assert code == 0
    lines = said.replace("\033[K", "").split("\r" if alive else "\n")
    assert [line.strip() for line in lines if line.strip()][:1] == [f"[{'.' * 24}] 0/0 scheduled"]
    assert "0/2 paused, 2 left" in said
    assert f"[{'#' * 24}] 2/2 done, 1 sent, 1 blocked" in said


def test_a_watched_broadcast_that_is_cancelled_ends_with_another_code(sqlite_url: str) -> None:
    async def follow(core: Core) -> int:
        await hire(core)
        await live_at(core, "1", chats=("10",))
        made = await started(core)
        await core.broadcasts.cancel(made.number, by=ANNA)

        async def look() -> Any:
            return await core.broadcast_reports.progress(made.number, by=ANNA)

        return await watching(look, lambda: work(core), io.StringIO(), alive=False)

    assert _at(sqlite_url, follow) == 1

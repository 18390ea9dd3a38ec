"""Staff at the command line: the log and story of SMS, a resend, the register of numbers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from commands.sms_words import WHY
from core.ids import NoticeId
from core.messages.incoming import Arrival
from core.notice_states import Reach
from core.profile import SHIPPED
from core.settings import Settings
from core.sms_states import SmsState
from core.states import Channel, IncomingOutcome, NoticeState
from core.storage.message_tables import notice, sms_submission
from core.storage.staff_tables import audit
from core.wiring import Core, open_core
from handlers.locale import Catalogues
from handlers.sms.dispatch import Dispatch
from tests.accounts import open_account
from tests.cli.conftest import Run
from tests.core.broadcast_scenes import ANNA, VERA, ended, hire, live_at, to_everybody
from tests.core.scenes import rows
from tests.fakes import FakeClock, FakeProvider

pytestmark = pytest.mark.usefixtures("quiet")

Do = Callable[..., tuple[int, str, str]]
SENT = datetime.fromisoformat("2026-04-27T15:00:09+10:00")
PHONE, STRANGER = "79241234567", "79020000009"
WHO = ("--by", ANNA, "--why", "call 12")
HEAD = "АВС/ DEF;От;До;Емкость;Оператор;Регион"
MTS_RANGE = '924;1200000;1299999;100000;ПАО "Мобильные ТелеСистемы";Приморский край'


def _at(url: str, act: Callable[[Core], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        settings = Settings(_env_file=None, env="test", database_url=url)
        async with open_core(settings, providers=[FakeProvider(FakeClock())]) as core:
            return await act(core)

    return asyncio.run(opened())


@pytest.fixture
def do(run: Run, sqlite_url: str) -> Do:
    """`aliance …` on a database where a phone was quoted a top-up and a stranger's text was left alone."""

    async def fill(core: Core) -> None:
        await open_account(core, tariff=None)
        await hire(core)
        dispatch = Dispatch(core, Catalogues(core.profile.zone))
        for sender, text in ((PHONE, "aliance 100080 100"), (STRANGER, "proc 100080 100 89141234567")):
            arrival = Arrival(
                Channel.SMS, "mts-bind", text, sender, {"text": text, "to": "3116", "smsc": "mts-bind"}
            )
            (accepted,) = await core.receiving.accept([arrival])
            await dispatch.handle(accepted)

    _at(sqlite_url, fill)
    return partial(run, DATABASE_URL=sqlite_url)


def _lines(do: Do, *arguments: str) -> list[dict[str, Any]]:
    code, said, _ = do("sms", "log", "--json", *arguments)
    assert code == 0
    return [json.loads(line) for line in said.splitlines()]


def _becomes(url: str, message: str, **values: Any) -> None:
    async def change(core: Core) -> None:
        async with core.database.transaction() as tx:
            done = await tx.execute(
                update(notice).where(notice.c.template == message).values(attempt=3, **values)
            )
            assert done.rowcount

    _at(url, change)


async def _submitted(notice_id: NoticeId, core: Core) -> None:
    """Two parts of it, as an SMSC took them."""
    told = {"notice_id": notice_id, "trial": notice_id, "parts": 2, "smsc": "mts-bind", "bind": "mts-bind#2"}
    ends: list[dict[str, Any]] = [
        {"state": SmsState.UNKNOWN, "reason": "no response", "message_id": None},
        {"state": SmsState.DELIVERED, "reason": "DELIVRD 000", "message_id": "0x7F"},
    ]
    async with core.database.transaction() as tx:
        for part, end in enumerate(ends, start=1):
            values = {**told, **end, "part": part, "digest": "d", "receipt": True, "submitted_at": SENT}
            await tx.execute(insert(sms_submission).values(values))


def test_the_log_says_what_each_text_was_read_as_and_became(do: Do) -> None:
    code, said, _ = do("sms", "log")
    silent, sent, asked = said.splitlines()
    assert code == 0
    assert "7902…09" in silent
    assert silent.endswith("command unknown, problem not_ours -> silent: not_ours")
    assert sent.endswith("quoted: waits")
    assert asked.endswith("command top_up, account 100080, amount_kopecks 10000 -> reply (quoted, due)")
    assert PHONE not in said
    assert STRANGER not in said
    assert "89141234567" not in do("sms", "log", "--json")[1]


def test_the_log_is_filtered(do: Do) -> None:
    assert [each["way"] for each in _lines(do, "--phone", PHONE)] == ["out", "in"]
    assert [each["way"] for each in _lines(do, "--in")] == ["in", "in"]
    assert [each["way"] for each in _lines(do, "--account", "100080", "--out")] == ["out"]
    assert _lines(do, "--state", "delivered") == []
    assert [each["outcome"] for each in _lines(do, "--outcome", "silent")] == ["silent: not_ours"]
    assert _lines(do, "--until", "2026-01-01T10:00") == []
    assert len(_lines(do, "--since", "2026-01-01T10:00", "--limit", "2")) == 2
    assert do("sms", "log", "--account", "999") == (1, "", "aliance: refused: there is no account 999\n")


def test_a_message_without_an_answer_says_why(do: Do) -> None:
    silent = _lines(do, "--outcome", "silent: not")[0]["id"]
    said = do("sms", "show", silent)[1]
    assert "done: silent: not_ours, handled once" in said
    assert "why: another merchant's keyword, or no command, from somebody unknown" in said
    assert set(WHY) == set(IncomingOutcome)


def test_a_text_neither_commands_the_terminal_nor_forges_a_line(do: Do, sqlite_url: str) -> None:
    async def comes(core: Core) -> None:
        text = "aliance\n  why: paid\x1b]52;c;cm0K\x07\x9b2J\u202e"
        arrival = Arrival(Channel.SMS, "mts-bind", "x", PHONE, {"text": text, "bind": "\x1b[2J"})
        (accepted,) = await core.receiving.accept([arrival])
        await Dispatch(core, Catalogues(core.profile.zone)).handle(accepted)

    _at(sqlite_url, comes)
    newest = _lines(do, "--in")[0]["id"]
    for said in (do("sms", "show", newest)[1], do("sms", "log")[1], do("sms", "show", newest, "--json")[1]):
        assert not set(said) & set("\x1b\x07\x9b\u202e")
    assert (
        "  text: aliance\\n  why: paid\\u001b]52;c;cm0K\\u0007\\u009b2J\\u202e"
        in do("sms", "show", newest)[1]
    )


def test_a_message_tells_its_whole_story(do: Do, sqlite_url: str) -> None:
    _becomes(
        sqlite_url,
        "quoted",
        state=NoticeState.DELIVERED,
        reason="DELIVRD 000",
        provider_id="m1",
        sent_at=SENT,
    )
    asked, answer = _lines(do, "--in", "--phone", PHONE)[0]["id"], _lines(do, "--out")[0]["id"]
    _at(sqlite_url, partial(_submitted, NoticeId(UUID(answer))))
    said = do("sms", "show", asked)[1]
    for part in (
        "from 7924…67, by mts-bind",
        "text: aliance 100080 100",
        "read as: command top_up, account 100080, amount_kopecks 10000",
        "done: reply (quoted, delivered), handled once",
        "account 100080, 100.00 and commission 3.00: 103.00 by other, quoted",
        "quoted: asked, other: policy",
        "to 7924…67, quoted in ru",
        "delivered: DELIVRD 000",
        "3 times tried, submitted 2026-04-27 15:00:09 as m1, 2 parts",
        "  2026-04-27 15:00:09  part 1 of 2 by mts-bind#2: unknown (no response)",
        "  2026-04-27 15:00:09  part 2 of 2 by mts-bind#2 as 0x7F: delivered (DELIVRD 000)",
        "text: Счёт 100080: 100 р., комиссия 3 р.",
    ):
        assert part in said
    story = json.loads(do("sms", "show", asked, "--json")[1])
    assert story["top_ups"][0]["total_kopecks"] == 103_00
    assert story["sent"][0]["text"].startswith("Счёт 100080")
    assert [part["status"] for part in story["sent"][0]["submissions"]] == ["unknown", "delivered"]
    unknown = "00000000-0000-7000-8000-000000000000"
    assert do("sms", "show", unknown)[::2] == (1, f"aliance: refused: there is no SMS {unknown}\n")
    assert do("sms", "show", "17")[0] == 2


def test_whole_numbers_need_a_name_and_a_reason(do: Do, sqlite_url: str) -> None:
    code, _, told = do("sms", "log", "--full")
    assert (code, "--full needs --by and --why" in told) == (2, True)
    assert do("sms", "log", "--full", "--by", "Somebody", "--why", "x")[0] == 1
    assert PHONE in do("sms", "log", "--full", "--by", VERA, "--why", "call 12")[1]
    trail = _at(sqlite_url, lambda core: rows(core, audit))
    assert (trail[-1].action, trail[-1].by, trail[-1].why) == ("sms_numbers", VERA, "call 12")


def test_a_text_that_failed_is_sent_again_and_told_so(do: Do, sqlite_url: str) -> None:
    message = _lines(do, "--out")[0]["id"]
    code, _, told = do("sms", "resend", message, *WHO)
    assert (code, told) == (
        1, "aliance: refused: it is due: what failed, expired or is uncertain can be sent again\n",
    )  # fmt: skip
    _becomes(sqlite_url, "quoted", state=NoticeState.UNCERTAIN)
    assert "--perhaps-twice" in do("sms", "resend", message, *WHO)[2]
    assert do("sms", "resend", message, "--perhaps-twice", "--dry-run", *WHO)[1] == (
        "quoted, uncertain, would be sent again.\n"
    )
    code, said, _ = do("sms", "resend", message, "--perhaps-twice", *WHO)
    again = said.split()[6].rstrip(".")
    assert (code, said.splitlines()[0]) == (0, f"quoted, uncertain, is sent again as {again}.")
    assert do("sms", "resend", message, "--perhaps-twice", *WHO)[2] == (
        f"aliance: refused: it was sent again before, as {again}\n"
    )
    shown = do("sms", "show", message)[1]
    assert f"{ANNA} sent {message} again as {again}: call 12" in shown
    assert f"in the place of {message}, quoted" in shown
    assert "text: (повтор) Счёт 100080" in shown
    assert (
        do("sms", "resend", message, "--by", VERA, "--why", "x")[2] == "aliance: refused: Vera is no sender\n"
    )


def test_what_was_perhaps_sent_is_settled_by_staff(do: Do, sqlite_url: str) -> None:
    message = _lines(do, "--out")[0]["id"]
    assert do("sms", "settle", message, "--failed", *WHO)[::2] == (
        1, "aliance: refused: it is due: what is uncertain can be settled\n",
    )  # fmt: skip
    _becomes(sqlite_url, "quoted", state=NoticeState.UNCERTAIN)
    assert [each["status"] for each in _lines(do, "--state", "unknown")] == ["unknown"]
    assert do("sms", "settle", message, *WHO)[0] == 2
    assert do("sms", "settle", message, "--delivered", "--dry-run", *WHO)[1] == "quoted would be delivered.\n"
    assert do("sms", "settle", message, "--delivered", *WHO)[:2] == (0, "quoted is delivered.\n")
    assert "  delivered: Anna: call 12" in do("sms", "show", message)[1]


def test_refusals_of_a_resend_have_words(do: Do, sqlite_url: str) -> None:
    async def fill(core: Core) -> None:
        await live_at(core, "3", phones=("79140000003",))
        await ended(core, {"79140000003": (NoticeState.FAILED, None)}, **to_everybody(Reach.SMS))

    _at(sqlite_url, fill)
    (failed,) = _lines(do, "--state", "failed", "--out")
    assert (failed["template"], failed["text"]) == ("broadcast", None)
    assert "broadcast retry" in do("sms", "resend", failed["id"], *WHO)[2]
    assert "see `aliance broadcast show`" in do("sms", "show", failed["id"])[1]


def test_the_register_is_imported_listed_and_decides(do: Do, tmp_path: Path) -> None:
    assert do("operators", "list")[1].startswith("operators: no register")
    assert do("operators", "of", PHONE)[1] == "other (другой оператор), by policy\n"
    file = tmp_path / "DEF-9xx.csv"
    file.write_text("\n".join([HEAD, MTS_RANGE, "900;0;99;100;ООО «Малый»;Край"]), encoding="utf-8")
    bring = ("operators", "import", str(file), "--date", "2026-04-01", *WHO)
    assert do(*bring, "--dry-run")[1].startswith("2 ranges would hold from 2026-04-01 on.")
    code, said, _ = do(*bring)
    assert (code, said.splitlines()) == (
        0,
        [
            "2 ranges hold from 2026-04-01 on.",
            'mts: ПАО "Мобильные ТелеСистемы", 100000 numbers',
            "companies that are no operator's (registered_as), so that unknown_operator holds: 1",
            "  ООО «Малый», 100 numbers",
        ],
    )
    assert do(*bring)[1].splitlines()[0] == "2 ranges from 2026-04-01 on: they were imported before."
    assert do("operators", "list")[1] == f"from 2026-04-01: 2 ranges, by {ANNA}\n"
    assert json.loads(do("operators", "list", "--json")[1])["ranges"] == 2
    assert do("operators", "of", PHONE)[1].splitlines() == [
        "mts (МТС), by register of 2026-04-01",
        'register of 2026-04-01: ПАО "Мобильные ТелеСистемы", Приморский край',
    ]
    assert do("operators", "of", PHONE, "--told", "Other")[1].startswith(
        "other (другой оператор), by told as"
    )
    file.write_text("\n".join([HEAD, MTS_RANGE, MTS_RANGE]), encoding="utf-8")
    code, said, _ = do("operators", "import", str(file), "--date", "2026-05-01", *WHO)
    assert (code, said.splitlines()) == (
        1, [f"{file}:3: from: lies in the range of line 2", "1 problems: nothing was changed."],
    )  # fmt: skip
    assert do("operators", "import", str(tmp_path / "none.csv"), "--date", "2026-05-01", *WHO)[0] == 1


def test_an_unknown_operator_may_be_refused(do: Do, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    text = SHIPPED.read_text(encoding="utf-8")
    other.write_text(
        text.replace('unknown_operator = "other"', 'unknown_operator = "refuse"'), encoding="utf-8"
    )
    code, _, told = do("operators", "of", PHONE, OPERATOR_PROFILE=str(other))
    assert (code, "charges no such phone" in told) == (1, True)
    tried = do("sms", "try", "aliance 100080 100", "--from", PHONE, OPERATOR_PROFILE=str(other))[1]
    assert "С телефона этого оператора оплатить нельзя." in tried

"""Whose a phone is: told by its SMSC, else by the register, else by the profile; frozen in the quote."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import OperatorUnknown
from core.ids import Payer
from core.money import Money
from core.settings import Settings
from core.states import Method
from core.storage.tables import top_up_event
from core.use_cases.mobile_operators import LOOK_AGAIN, told_in
from core.wiring import Core
from tests.accounts import open_account
from tests.core.other_profile import with_profile
from tests.core.scenes import (
    MTS,
    NUMBER,
    ON_SQLITE,
    PHONE,
    arrives,
    commission,
    processes,
    rows,
    says_yes,
    the_payment,
    the_top_up,
)
from tests.fakes import FakeClock, FakeProvider

HEAD = "АВС/ DEF;От;До;Емкость;Оператор;Регион"
# PHONE by another company's number, MTS by none of the profile's.
PHONE_OF_MTS = '924;1200000;1299999;100000;ПАО "Мобильные ТелеСистемы";Приморский край'
MTS_OF_SMALL = "914;1200000;1299999;100000;ООО «Малый»;Приморский край"
TODAY = date(2026, 4, 27)
REFUSE = ('unknown_operator = "other"', 'unknown_operator = "refuse"')


async def _register(core: Core, folder: Path, *lines: str, day: date = TODAY) -> None:
    path = folder / "register.csv"
    path.write_text("\n".join([HEAD, *lines]), encoding="utf-8")
    report = await core.def_imports.run(path, valid_from=day, by="anna", why="monthly", dry_run=False)
    assert not report.problems


async def _quoted(core: Core, payer: Payer = PHONE, told: tuple[str, ...] = ()) -> Any:
    quote = await core.top_ups.quote(
        payer, number=NUMBER, amount=Money.roubles(100), method=Method.MOBILE, locale="ru",
        answering=await arrives(core, payer), told=told, vouched=True,
    )  # fmt: skip
    return await the_top_up(core, quote.id)


async def _why(core: Core, top_up_id: object) -> str:
    (event,) = await rows(core, top_up_event, top_up_id=top_up_id)
    return str(event.why)


@ON_SQLITE
async def test_without_a_register_the_prefix_decides(core: Core) -> None:
    await open_account(core)
    by_prefix, other = await _quoted(core, MTS), await _quoted(core, PHONE)
    assert (by_prefix.operator, other.operator) == ("mts", "other")
    assert await _why(core, by_prefix.id) == "asked, mts: prefix"
    assert await _why(core, other.id) == "asked, other: policy"


async def test_the_register_decides_where_the_smsc_tells_nothing(core: Core, tmp_path: Path) -> None:
    await open_account(core)
    await _register(core, tmp_path, PHONE_OF_MTS, MTS_OF_SMALL)
    quoted = await _quoted(core, PHONE)
    assert (quoted.operator, quoted.total) == ("mts", 113_00)
    assert await _why(core, quoted.id) == "asked, mts: register of 2026-04-27"
    unlisted = await _quoted(core, MTS)  # its prefix says mts, and a register knows better
    assert (unlisted.operator, unlisted.total) == ("other", 103_00)
    nobodys = await _quoted(core, Payer.sms("79990000000"))
    assert await _why(core, nobodys.id) == "asked, other: policy"


@ON_SQLITE
async def test_what_the_smsc_tells_goes_before_the_register(
    settings: Settings, clock: FakeClock, provider: FakeProvider, tmp_path: Path
) -> None:
    changed = ("told_as = []", 'told_as = ["25001", "Mts@10.0.0.1:2775"]')
    async with with_profile(settings, clock, provider, tmp_path, changed) as core:
        await open_account(core)
        await _register(core, tmp_path, MTS_OF_SMALL)
        for name in ("25001", "mts@10.0.0.1:2775", "MTS"):
            quoted = await _quoted(core, MTS, ("unheard of", name))
            assert quoted.operator == "mts"
            assert await _why(core, quoted.id) == f"asked, mts: told as {name}"
            assert await says_yes(core, MTS, code=quoted.code) is None
        assert (await _quoted(core, MTS, ("OTHER", "25001"))).operator == "other"  # the first that is known


def test_a_message_names_the_operator_itself_before_its_bind_does() -> None:
    assert told_in({"smsc": "bind", "operator": "25001", "smsc_id": "", "text": "x"}) == ("25001", "bind")
    assert told_in({}) == ()


@ON_SQLITE
async def test_a_profile_may_refuse_phones_of_unknown_operators(
    settings: Settings, clock: FakeClock, provider: FakeProvider, tmp_path: Path
) -> None:
    async with with_profile(settings, clock, provider, tmp_path, REFUSE) as core:
        await open_account(core)
        with pytest.raises(OperatorUnknown):
            await _quoted(core, PHONE)
        assert (await _quoted(core, PHONE, ("other",))).total == 103_00
        await _register(core, tmp_path, MTS_OF_SMALL)
        with pytest.raises(OperatorUnknown):
            await _quoted(core, MTS)


@ON_SQLITE
async def test_the_quoted_commission_is_charged_whatever_the_register_says_later(
    core: Core, tmp_path: Path, provider: FakeProvider
) -> None:
    await open_account(core)
    assert (await _quoted(core, PHONE)).total == 103_00
    await _register(core, tmp_path, PHONE_OF_MTS)
    assert (await _quoted(core, PHONE)).total == 103_00  # the same request: the open quote
    assert await says_yes(core) is None
    assert (await the_payment(core)).total == 103_00
    assert [each.charge.total for each in provider.charges] == [Money(103_00)]
    assert await commission(core) == Money(3_00)
    assert (await _quoted(core, PHONE)).total == 113_00


async def test_a_version_holds_from_its_day_and_is_seen_by_all_processes(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider, tmp_path: Path
) -> None:
    phone = PHONE.address
    async with processes(settings, clock, provider, count=1) as (other,):
        assert (await other.mobile_operators.of(phone)).because == "policy"
        await _register(core, tmp_path, PHONE_OF_MTS)
        await _register(core, tmp_path, MTS_OF_SMALL, day=date(2026, 5, 1))
        assert (await core.mobile_operators.of(phone)).operator.code == "mts"
        assert (await other.mobile_operators.of(phone)).operator.code == "other"
        clock.shift(LOOK_AGAIN)
        assert (await other.mobile_operators.of(phone)).operator.code == "mts"
        clock.shift(timedelta(days=3, hours=8, minutes=58))  # 23:58 on the 30th
        assert (await other.mobile_operators.of(phone)).because == "register of 2026-04-27"
        clock.shift(timedelta(minutes=2))
        assert (await other.mobile_operators.of(phone)).operator.code == "other"
        # A correction of the version that held before changes nothing today.
        await _register(core, tmp_path, PHONE_OF_MTS, MTS_OF_SMALL)
        assert (await core.mobile_operators.of(phone)).operator.code == "other"
        await _register(core, tmp_path, PHONE_OF_MTS, day=date(2026, 5, 1))  # of two the later import
        assert (await core.mobile_operators.of(phone)).operator.code == "mts"

"""`aliance reconcile`: a provider's records of some days against ours, and the differences for staff."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from commands.staff import opened, said
from core.errors import Refusal
from core.money import Money
from core.settings import Settings
from core.use_cases.differences import Difference
from core.use_cases.reconciliations import Report
from core.use_cases.register_sources import BadRegister
from core.wiring import Core

TROUBLE = 1
SIDE = ("currency", "number", "merchant", "of", "state", "id", "at")  # in this order, behind the total


async def run(settings: Settings, given: Namespace) -> int:
    """1 where a day was not compared whole, or something is refused; differences alone are no failure."""
    async with opened(settings) as core:
        try:
            if given.solve is not None:
                return await _solve(core, given)
            if given.list:
                return await _list(core, given)
            return await _compare(core, given)
        except Refusal as refusal:
            print(f"aliance: refused: {said(refusal)}", file=sys.stderr)
        except BadRegister as bad:
            for problem in bad.problems:
                print(f"{given.register}:{problem.line}: {problem.problem}", file=sys.stderr)
            print("aliance: the register was not read: nothing was changed", file=sys.stderr)
    return TROUBLE


async def _solve(core: Core, given: Namespace) -> int:
    if not await core.differences.solve(given.solve, by=given.by, why=given.why):
        print("It was closed before.")
    else:
        print(f"difference {given.solve}: solved by {given.by}.")
    return 0


async def _list(core: Core, given: Namespace) -> int:
    found = await core.differences.open(given.provider)
    for each in found:
        print(json.dumps(_facts(each)) if given.json else _line(each))
    if not found and not given.json:
        print("differences: none")
    return 0


async def _compare(core: Core, given: Namespace) -> int:
    providers = [given.provider] if given.provider else core.reconciliations.able()
    if not providers:
        print("aliance: no provider tells what it has: give its register with --register", file=sys.stderr)
        return TROUBLE
    complete = True
    for provider in providers:
        for day in _days(core, given):
            report = await core.reconciliations.run(provider, day, file=given.register, progress=_progress)
            _progress(None)
            print(json.dumps(_report_facts(report)) if given.json else _report_line(report))
            complete &= report.incomplete is None
    return 0 if complete else TROUBLE


def _days(core: Core, given: Namespace) -> Iterator[date]:
    yesterday = core.clock.now().astimezone(core.profile.zone).date() - timedelta(days=1)
    first, last = given.first or given.day or yesterday, given.last or given.day or yesterday
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _report_facts(report: Report) -> dict[str, object]:
    return {
        "provider": report.provider,
        "day": report.day.isoformat(),
        "lines": report.lines,
        "booked": report.found.credited,
        "new": report.found.opened,
        "gone": report.found.gone,
        "open": report.left_open,
        "incomplete": report.incomplete,
    }


def _report_line(report: Report) -> str:
    found = report.found
    told = f"{report.provider} {report.day}: {report.lines} lines, {found.credited} booked from them"
    told = f"{told}, {found.opened} new differences, {found.gone} gone, {report.left_open} open"
    return told if report.incomplete is None else f"{told}; NOT WHOLE: {report.incomplete}"


def _facts(each: Difference) -> dict[str, object]:
    return {
        "id": str(each.id),
        "provider": each.provider,
        "day": each.day.isoformat(),
        "kind": each.kind,
        "reference": each.reference,
        "payment": None if each.payment_id is None else str(each.payment_id),
        "theirs": each.theirs,
        "ours": each.ours,
        "first_seen": each.first_seen_at.isoformat(),
    }


def _line(each: Difference) -> str:
    sides = [f"{name} {_side(side)}" for name, side in (("theirs", each.theirs), ("ours", each.ours)) if side]
    return f"{each.id}  {each.day}  {each.provider} {each.reference}  {each.kind}: {'; '.join(sides)}"


def _side(side: Mapping[str, Any]) -> str:
    shown = [f"{name} {side[name]}" for name in SIDE if name in side]
    return ", ".join([f"total {Money(side['total'])}", *shown])


def _progress(lines: int | None) -> None:
    """One line that is written over, on a terminal; None ends it."""
    if sys.stderr.isatty():
        sys.stderr.write("\n" if lines is None else f"\r{lines} lines")
        sys.stderr.flush()

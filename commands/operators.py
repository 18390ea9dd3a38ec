"""`aliance operators`: the register of numbers that staff import, and whose a phone is thought to be."""

import json
from argparse import Namespace

from commands import staff
from commands.staff import TROUBLE, opened
from core.errors import OperatorUnknown
from core.settings import Settings
from core.use_cases.def_imports import DefReport
from core.wiring import Core

PROBLEMS_SHOWN = 100
COMPANIES_SHOWN = 20


async def bring_in(settings: Settings, given: Namespace) -> int:
    async with opened(settings) as core:
        report = await core.def_imports.run(
            given.file, valid_from=given.date, by=given.by, why=given.why, dry_run=given.dry_run
        )
    for problem in report.problems[:PROBLEMS_SHOWN]:
        column = f" {problem.column}:" if problem.column else ""
        print(f"{given.file}:{problem.line}:{column} {problem.problem}")
    if report.problems:
        print(f"{len(report.problems)} problems: nothing was changed.")
        return TROUBLE
    _tell(report, given)
    return 0


def _tell(report: DefReport, given: Namespace) -> None:
    if report.repeated:
        print(f"{report.ranges} ranges from {given.date} on: they were imported before.")
    else:
        did = "would hold" if given.dry_run else "hold"
        held = "" if report.before is None else f" in the place of {report.before.ranges}"
        print(f"{report.ranges} ranges {did} from {given.date} on{held}.")
    for each in report.companies:
        if each.operator is not None:
            print(f"{each.operator}: {each.name}, {each.numbers} numbers")
    unnamed = [each for each in report.companies if each.operator is None]
    if unnamed:
        told = "companies that are no operator's (registered_as), so that unknown_operator holds"
        print(f"{told}: {len(unnamed)}")
    for each in unnamed[:COMPANIES_SHOWN]:
        print(f"  {each.name}, {each.numbers} numbers")


async def versions(settings: Settings, given: Namespace) -> int:
    async with opened(settings) as core:
        found = await core.def_imports.versions()
    for each in found:
        said = {"from": str(each.valid_from), "ranges": each.ranges, "by": each.imported_by}
        line = f"from {each.valid_from}: {each.ranges} ranges, by {each.imported_by}"
        print(json.dumps(said | {"imported_at": each.imported_at.isoformat()}) if given.json else line)
    if not found and not given.json:
        print("operators: no register was imported; the profile's prefixes stand in for it")
    return 0


async def of_phone(settings: Settings, given: Namespace) -> int:
    async with opened(settings) as core:
        try:
            assumed = await core.mobile_operators.of(given.phone, given.told)
        except OperatorUnknown:
            return staff.refused("nobody tells whose it is, and the profile charges no such phone")
        print(f"{assumed.operator.code} ({assumed.operator.name}), by {assumed.because}")
        await _tell_range(core, given.phone)
    return 0


async def _tell_range(core: Core, phone: str) -> None:
    register = await core.mobile_operators.register()
    found = None if register is None else register.find(phone)
    if register is not None and found is not None:
        print(f"register of {register.valid_from}: {found.company}, {found.region}")

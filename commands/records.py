"""`aliance import` and `aliance account show`: the operator's hand on the records."""

import sys
from pathlib import Path

from commands.run import CannotRun
from core.clock import SystemClock
from core.errors import UnknownAccount
from core.settings import Settings
from core.storage.database import Database
from core.storage.schema import is_current
from core.use_cases.import_file import Problem
from core.use_cases.imports import ImportReport
from core.use_cases.statements import LedgerView
from core.wiring import open_core

TROUBLE = 1


async def import_accounts(settings: Settings, file: Path, *, dry_run: bool) -> int:
    """Import a file and report; 1 where a line is bad, and then nothing was changed."""
    await must_be_current(settings.database_url)
    async with open_core(settings) as core:
        report = await core.imports.run(file, dry_run=dry_run, progress=_tell_progress)
    _tell_progress(None)
    for problem in report.problems:
        print(_said(file, problem))
    if report.problems:
        print(f"{len(report.problems)} problems: nothing was changed.")
        return TROUBLE
    did = "would be" if dry_run else "were"
    print(f"{report.created} accounts {did} created, {report.updated} updated, {report.unchanged} unchanged.")
    return 0


async def show_account(settings: Settings, number: str) -> int:
    await must_be_current(settings.database_url)
    async with open_core(settings, clock=SystemClock()) as core:
        try:
            view = await core.statements.ledger(number.lstrip("0"))
        except UnknownAccount:
            print(f"aliance: there is no account {number}", file=sys.stderr)
            return TROUBLE
    for line in statement_lines(view):
        print(line)
    return 0


def statement_lines(view: LedgerView) -> list[str]:
    """The newest transfers first, as plain text."""
    lines = [f"account {view.number}: balance {view.balance}, posted {view.balance_posted}"]
    for row in view.rows:
        at = row.at.isoformat(sep=" ", timespec="minutes")
        sides = f"{row.debit} -> {row.credit}"
        lines.append(
            f"{at}  {row.kind:<10}  {sides:<44}  {row.amount!s:>12}  after {row.balance_after!s:>12}"
        )
    return lines


async def must_be_current(url: str) -> None:
    """Raises CannotRun for a database without our newest schema."""
    database = Database(url)
    try:
        if not await is_current(database):
            raise CannotRun("the database is not at the newest schema: run `aliance migrate` first")
    finally:
        await database.close()


def _said(file: Path, problem: Problem) -> str:
    column = f" {problem.column}:" if problem.column else ""
    return f"{file}:{problem.line}:{column} {problem.problem}"


def _tell_progress(report: ImportReport | None) -> None:
    """One line that is written over, on a terminal; None ends it."""
    if sys.stderr.isatty():
        sys.stderr.write("\n" if report is None else f"\r{report.lines} lines")
        sys.stderr.flush()

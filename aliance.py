"""The command line: every command, and nothing imported before it is needed."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import broadcast_arguments, money_arguments, payment_arguments, sms_arguments

if TYPE_CHECKING:
    from core.settings import Settings

PARTS = ("bot", "sms", "web", "jobs")
USAGE = 2  # the exit code of argparse, too


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = given.command
    return command(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aliance",
        description="Front desk of an Internet provider: balance and top-up by Telegram and SMS.",
        epilog="Settings come from the environment, ALIANCE_…; .env.example lists them.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="serve until told to stop")
    run.add_argument("--only", type=_parts, default=frozenset(), metavar="PART,…", help=", ".join(PARTS))
    run.set_defaults(command=_run)

    demo = commands.add_parser("demo", help="the product and its outside world on one web page")
    demo.add_argument("--once", action="store_true", help="play the scenarios without a browser, check, end")
    demo.add_argument("--port", type=int, help="of the web page: 8090, or any free one with --once or 0")
    demo.add_argument("--no-browser", action="store_true", help="do not open the page")
    demo.add_argument("--keep", action="store_true", help="leave the database in .demo/ afterwards")
    demo.set_defaults(command=_demo)

    migrate = commands.add_parser("migrate", help="bring the database to the newest schema, or to another")
    migrate.add_argument("direction", nargs="?", choices=("up", "down"), default="up")
    migrate.add_argument("revision", nargs="?", help='default: "head" up; needed down ("base" empties it)')
    migrate.set_defaults(command=_migrate)

    read = commands.add_parser("import", help="create and update accounts from a CSV file, all or none")
    read.add_argument("file", type=Path, metavar="FILE.csv")
    read.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    read.set_defaults(command=_import)

    doctor = commands.add_parser("doctor", help="check settings, servers and profile")
    doctor.add_argument("--invariants", action="store_true", help="check the records too")
    noted = "compare the audit trail with FILE, and bring it up to date"
    doctor.add_argument("--audit-head", type=Path, metavar="FILE", help=noted)
    doctor.set_defaults(command=_doctor)

    _add_account(commands)
    sms_arguments.add(commands, settings=_settings)
    money_arguments.add(commands, settings=_settings)
    payment_arguments.add(commands, settings=_settings)
    broadcast_arguments.add(commands, settings=_settings)
    return parser


def _add_account(commands: Any) -> None:
    account = commands.add_parser("account", help="look at one account")
    of_account = account.add_subparsers(required=True, metavar="COMMAND")
    show = of_account.add_parser("show", help="balance and statement")
    show.add_argument("number")
    show.set_defaults(command=_account_show)


def _parts(text: str) -> frozenset[str]:
    parts = frozenset(part.strip() for part in text.split(","))
    if not parts <= set(PARTS):
        raise argparse.ArgumentTypeError(f"choose from {', '.join(PARTS)}")
    return parts


def _settings() -> "Settings":
    from pydantic import ValidationError

    from core.settings import Settings

    try:
        return Settings()
    except ValidationError as wrong:
        for each in wrong.errors(include_input=False, include_url=False):
            name = "_".join(("ALIANCE", *(str(part).upper() for part in each["loc"])))
            print(f"aliance: {name if each['loc'] else 'settings'}: {each['msg']}", file=sys.stderr)
        raise SystemExit(USAGE) from None


def _run(given: argparse.Namespace) -> int:
    from commands import collector

    collector.rest()
    from commands import logs, run, start

    settings = _settings()
    logs.configure(settings)
    return start.through(run.run(settings, only=given.only))


def _demo(given: argparse.Namespace) -> int:
    from commands import demo, start

    return start.through(
        demo.run(once=given.once, port=given.port, browser=not given.no_browser, keep=given.keep)
    )


def _migrate(given: argparse.Namespace) -> int:
    from commands import migrate, start

    down = given.direction == "down"
    if down and given.revision is None:
        print("aliance: migrate down needs a revision", file=sys.stderr)
        return USAGE
    return start.through(migrate.move(_settings(), down=down, revision=given.revision or "head"))


def _import(given: argparse.Namespace) -> int:
    from commands import records, start

    return start.through(records.import_accounts(_settings(), given.file, dry_run=given.dry_run))


def _doctor(given: argparse.Namespace) -> int:
    from commands import doctor, start

    examined = doctor.examine(_settings(), invariants=given.invariants, audit_head=given.audit_head)
    return start.through(examined)


def _account_show(given: argparse.Namespace) -> int:
    from commands import records, start

    return start.through(records.show_account(_settings(), given.number))


if __name__ == "__main__":
    sys.exit(main())

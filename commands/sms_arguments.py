"""The arguments of `aliance sms` and `aliance operators`: nothing heavy is imported before one runs."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from commands import argument_types, looks
from core.sms_states import SmsState
from core.states import IncomingState, NoticeState

if TYPE_CHECKING:
    from core.settings import Settings

LINES = 50
STATES = sorted({state.value for kind in (IncomingState, NoticeState, SmsState) for state in kind})


def add(commands: Any, *, settings: Callable[[], "Settings"]) -> None:
    """`sms` and `operators`; `settings` reads them when a command runs."""
    sms = commands.add_parser("sms", help="the short code").add_subparsers(required=True, metavar="COMMAND")
    _add_try(sms, settings)
    operators = commands.add_parser("operators", help="whose phones are: the register of numbers")
    of_operators = operators.add_subparsers(required=True, metavar="COMMAND")
    for parser, module, function in (
        (_log(sms), "sms_log", "log"),
        (_show(sms), "sms_log", "show"),
        (_resend(sms), "sms_log", "resend"),
        (_settle(sms), "sms_log", "settle"),
        (_import(of_operators), "operators", "bring_in"),
        (_list(of_operators), "operators", "versions"),
        (_of(of_operators), "operators", "of_phone"),
    ):
        parser.set_defaults(
            settings=settings, command=looks.run, module=module, function=function, parser=parser
        )


def _add_try(commands: Any, settings: Callable[[], "Settings"]) -> None:
    tried = commands.add_parser("try", help="what a text would be understood as; nothing is changed")
    tried.add_argument("text", help="the text, or - to read one a line from standard input")
    tried.add_argument(
        "--from", dest="sender", type=argument_types.msisdn, default="79140000001", metavar="MSISDN"
    )
    tried.add_argument("--json", action="store_true", help="one JSON object a text")
    tried.set_defaults(command=_try, settings=settings)


def _log(commands: Any) -> argparse.ArgumentParser:
    log: argparse.ArgumentParser = commands.add_parser(
        "log", help="what came and what went, the newest first"
    )
    log.add_argument("--phone", metavar="MSISDN", help="or a sender of letters")
    log.add_argument("--account", metavar="NUMBER", help="its phones, its top-ups, what is about it")
    log.add_argument("--state", choices=STATES)
    log.add_argument(
        "--outcome", metavar="TEXT", help='how an incoming one\'s begins, such as "silent: not_ours"'
    )
    looks.add_between(log)
    way = log.add_mutually_exclusive_group()
    way.add_argument("--in", dest="only_in", action="store_true", help="what came alone")
    way.add_argument("--out", dest="only_out", action="store_true", help="what went alone")
    log.add_argument("--limit", type=argument_types.lines, default=LINES, metavar="LINES")
    log.add_argument("--json", action="store_true", help="one JSON object a line")
    looks.add_full(log)
    return log


def _show(commands: Any) -> argparse.ArgumentParser:
    show: argparse.ArgumentParser = commands.add_parser(
        "show", help="one message, and why it has its outcome"
    )
    show.add_argument("message", type=_id, metavar="ID")
    show.add_argument("--json", action="store_true", help="one JSON object")
    looks.add_full(show)
    return show


def _resend(commands: Any) -> argparse.ArgumentParser:
    resend: argparse.ArgumentParser = commands.add_parser(
        "resend", help="send again what failed, expired or is uncertain"
    )
    resend.add_argument("message", type=_id, metavar="ID", help="of what went out")
    resend.add_argument("--perhaps-twice", action="store_true", help="also where it may have arrived")
    argument_types.add_who(resend)
    return resend


def _settle(commands: Any) -> argparse.ArgumentParser:
    settle: argparse.ArgumentParser = commands.add_parser(
        "settle", help="say what became of one that was perhaps sent"
    )
    settle.add_argument("message", type=_id, metavar="ID", help="of what went out")
    became = settle.add_mutually_exclusive_group(required=True)
    became.add_argument("--delivered", dest="delivered", action="store_true")
    became.add_argument("--failed", dest="delivered", action="store_false")
    argument_types.add_who(settle)
    return settle


def _import(commands: Any) -> argparse.ArgumentParser:
    read: argparse.ArgumentParser = commands.add_parser(
        "import", help="a file of the register of numbers, all of its lines or none"
    )
    read.add_argument("file", type=Path, metavar="FILE.csv")
    read.add_argument(
        "--date", required=True, type=argument_types.day, metavar="YYYY-MM-DD", help="from which day it holds"
    )
    argument_types.add_who(read)
    return read


def _list(commands: Any) -> argparse.ArgumentParser:
    listed: argparse.ArgumentParser = commands.add_parser("list", help="the versions, the newest day first")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    return listed


def _of(commands: Any) -> argparse.ArgumentParser:
    of: argparse.ArgumentParser = commands.add_parser("of", help="whose commission a phone would be quoted")
    of.add_argument("phone", type=argument_types.msisdn, metavar="MSISDN")
    of.add_argument("--told", action="append", default=[], metavar="NAME", help="what the SMSC tells of it")
    return of


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError("an id as `aliance sms log` shows it") from None


def _try(given: argparse.Namespace) -> int:
    from commands import sms_try

    return sms_try.tell(given.text, sender=given.sender, as_json=given.json, settings=given.settings())

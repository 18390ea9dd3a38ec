"""The arguments of `aliance broadcast` and `aliance staff`: nothing heavy is imported before one runs."""

import argparse
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import argument_types
from core.notice_states import Reach, Role

if TYPE_CHECKING:
    from core.settings import Settings

STATES = ("active", "negative", "blocked", "voluntarily_blocked")
HAS = ("telegram", "sms", "no_telegram")


def add(commands: Any, *, settings: Callable[[], "Settings"]) -> None:
    """`broadcast` and `staff`; `settings` reads them when a command runs."""
    broadcast = commands.add_parser("broadcast", help="tell many subscribers something")
    of_broadcast = broadcast.add_subparsers(required=True, metavar="COMMAND")
    staff = commands.add_parser("staff", help="who may send broadcasts")
    of_staff = staff.add_subparsers(required=True, metavar="COMMAND")
    for parser, module, name in (
        *_add_drafts(of_broadcast),
        *_add_going(of_broadcast),
        *_add_told(of_broadcast),
        *_add_staff(of_staff),
    ):
        if name != "members":
            parser.add_argument(
                "--by", required=True, type=argument_types.name, metavar="NAME", help="who you are"
            )
        parser.set_defaults(settings=settings, command=argument_types.run, module=module, function=name)


Added = list[tuple[argparse.ArgumentParser, str, str]]


def _add_drafts(commands: Any) -> Added:
    new = commands.add_parser("new", help="draft one; nothing is sent")
    new.add_argument("--title", required=True, help="for staff alone")
    new.add_argument("--key", default="", help="asked for twice it is one draft; default: all it says")
    edit = _numbered(commands, "edit", "write a draft anew, or change what was sent to Telegram")
    edit.add_argument("--title")
    edit.add_argument("--why", default="", metavar="TEXT")
    for parser in (new, edit):
        _add_texts(parser)
        _add_audience(parser)
    preview = _numbered(commands, "preview", "send it to yourself or to a phone")
    preview.add_argument(
        "--to", type=argument_types.msisdn, metavar="PHONE", help="default: your own Telegram"
    )
    preview.add_argument("--language", metavar="CODE")
    return [
        (new, "broadcast_drafts", "new"),
        (edit, "broadcast_drafts", "edit"),
        (preview, "broadcast_drafts", "preview"),
        (_numbered(commands, "count", "how many would get it, and the cost"), "broadcast_drafts", "count"),
    ]


def _add_texts(parser: argparse.ArgumentParser) -> None:
    form = "[LANGUAGE=]TEXT, or @FILE for the text; again for another language"
    parser.add_argument("--telegram", action="append", default=[], metavar="TEXT", help=form)
    parser.add_argument("--sms", action="append", default=[], metavar="TEXT", help=form)
    parser.add_argument("--reach", choices=[reach.value for reach in Reach])
    parser.add_argument("--advertising", action="store_true", default=None, help="to who agreed to it alone")
    parser.add_argument("--urgent", action="store_true", default=None, help="at night, too")
    parser.add_argument("--lives", type=_hours, metavar="HOURS", help="later it is not sent; default: 24")
    parser.add_argument("--sms-most", type=_whole, metavar="SEGMENTS", help="that it may cost")


def _add_audience(parser: argparse.ArgumentParser) -> None:
    """Several of one are alternatives, different ones must all hold."""
    for name, plural in (
        ("city", "cities"),
        ("street", "streets"),
        ("house", "houses"),
        ("tariff", "tariffs"),
    ):
        parser.add_argument(f"--{name}", dest=plural, action="append", metavar=name.upper())
    parser.add_argument("--state", dest="states", action="append", choices=STATES)
    parser.add_argument("--balance-from", type=_roubles, metavar="ROUBLES", help="as posted")
    parser.add_argument("--balance-to", type=_roubles, metavar="ROUBLES")
    parser.add_argument("--days-from", type=_whole, metavar="DAYS", help="until the balance is spent")
    parser.add_argument("--days-to", type=_whole, metavar="DAYS")
    parser.add_argument("--has", choices=HAS, help="by what the account's people can be reached")
    parser.add_argument("--language", dest="locales", action="append", metavar="CODE")
    parser.add_argument("--accounts", type=Path, metavar="FILE.csv", help="these accounts alone")


def _add_going(commands: Any) -> Added:
    approve = _numbered(commands, "approve", "agree to what somebody else wrote")
    approve.add_argument("--version", required=True, type=_whole, help="the one that you have read")
    start = _numbered(commands, "start", "let it begin; a large one waits for `approve`")
    start.add_argument(
        "--at", type=argument_types.moment, metavar="YYYY-MM-DDTHH:MM", help="the operator's local time"
    )
    cancel = _numbered(commands, "cancel", "end it for good; what is left is not sent")
    retry = _numbered(commands, "retry", "try again who failed")
    retry.add_argument(
        "--reason", action="append", default=[], help='default: any; "by staff": after a cancel'
    )
    retry.add_argument("--uncertain", action="store_true", help="who may have got it, too: some get it twice")
    recall = _numbered(commands, "recall", "take back what was sent to Telegram within 48 hours")
    for parser in (cancel, retry, recall):
        parser.add_argument("--why", default="", metavar="TEXT")
    pause = _numbered(commands, "pause", "send nothing more for now")
    resume = _numbered(commands, "resume", "go on after a pause")
    going = [approve, start, cancel, retry, recall, pause, resume]
    return [(parser, "broadcast", parser.prog.split()[-1]) for parser in going]


def _add_told(commands: Any) -> Added:
    listed = commands.add_parser("list", help="the newest first")
    show = _numbered(commands, "show", "what it says, to whom, and how far it is")
    watch = _numbered(commands, "watch", "follow it to its end")
    watch.add_argument("--every", type=float, default=1.0, metavar="SECONDS")
    report = _numbered(commands, "report", "a CSV line a recipient")
    report.add_argument("--account", metavar="NUMBER", help="what became of the messages to its people alone")
    report.add_argument("--out", type=Path, metavar="FILE.csv", help="default: standard output")
    for parser in (listed, show):
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return [
        (listed, "broadcast_told", "list_newest"),
        (show, "broadcast_told", "show"),
        (watch, "broadcast_told", "watch"),
        (report, "broadcast_told", "report"),
    ]


def _add_staff(commands: Any) -> Added:
    roles = [role.value for role in Role]
    added = commands.add_parser("add", help="name a member; where there are none: the first admin")
    added.add_argument("name", type=argument_types.name)
    added.add_argument("--role", required=True, choices=roles)
    role = commands.add_parser("role", help="give another role, or another Telegram user")
    role.add_argument("name", type=argument_types.name)
    role.add_argument("role", nargs="?", choices=roles)
    for parser in (added, role):
        parser.add_argument("--telegram", type=_digits, metavar="ID", help="the Telegram user id")
    removed = commands.add_parser("remove", help="end a member's rights at once")
    removed.add_argument("name", type=argument_types.name)
    listed = commands.add_parser("list", help="who works here")
    return [
        (added, "staff_members", "add"),
        (role, "staff_members", "change"),
        (removed, "staff_members", "remove"),
        (listed, "staff_members", "members"),
    ]


def _numbered(commands: Any, name: str, said: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=said)
    parser.add_argument("number", type=_whole, metavar="NUMBER", help="the broadcast's")
    return parser


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError("a whole number")
    return int(text)


def _hours(text: str) -> int:
    hours = _whole(text)
    if not hours:
        raise argparse.ArgumentTypeError("an hour at least")
    return hours


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 32):
        raise argparse.ArgumentTypeError("digits alone")
    return text


def _roubles(text: str) -> Decimal:
    try:
        roubles = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise argparse.ArgumentTypeError("roubles, such as 100 or -100.50") from None
    if not roubles.is_finite() or roubles != round(roubles, 2) or abs(roubles) > 10**9:
        raise argparse.ArgumentTypeError("roubles, such as 100 or -100.50")
    return roubles

"""What several commands take: words, days, moments, phones; and how a command begins."""

import argparse
import importlib
from collections.abc import Callable, Coroutine
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.settings import Settings

NAME_LETTERS = 64  # of staff, as their table holds them


def said(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must say something")
    return text.strip()


def name(text: str) -> str:
    if not 0 < len(text.strip()) <= NAME_LETTERS:
        raise argparse.ArgumentTypeError(f"must say something, in {NAME_LETTERS} letters at most")
    return text.strip()


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a day such as 2026-04-27") from None


def moment(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a moment such as 2026-04-27T10:00") from None
    if given.tzinfo is not None:
        raise argparse.ArgumentTypeError("the operator's local time, without a zone")
    return given


def lines(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 5):
        raise argparse.ArgumentTypeError("a whole number up to 99999")
    return int(text)


def msisdn(text: str) -> str:
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        raise argparse.ArgumentTypeError("a phone number in international form, such as 79140000001")
    return digits


def add_who(parser: argparse.ArgumentParser, *, dry_run: str = "only tell what would be done") -> None:
    """`--by` and `--why` of what staff do, and `--dry-run`."""
    parser.add_argument("--by", required=True, type=said, metavar="NAME", help="who does it")
    parser.add_argument("--why", required=True, type=said, metavar="TEXT")
    parser.add_argument("--dry-run", action="store_true", help=dry_run)


def run(given: argparse.Namespace) -> int:
    """The function that `given.module` and `given.function` name: nothing heavy is imported before."""
    module = importlib.import_module(f"commands.{given.module}")
    return begin(getattr(module, given.function), given)


def begin(
    command: "Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]", given: argparse.Namespace
) -> int:
    from commands import logs, start

    settings = given.settings()
    logs.configure(settings)
    return start.through(command(settings, given))

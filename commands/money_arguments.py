"""The arguments of staff's money commands: nothing heavy is imported before one of them runs."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import argument_types

if TYPE_CHECKING:
    from core.settings import Settings


def add(commands: Any, *, settings: Callable[[], "Settings"]) -> None:
    """`reconcile`, `refund`, `claim`, `suspense`; `settings` reads them when a command runs."""
    for parser in (_add_reconcile(commands), *_add_payments(commands), *_add_suspense(commands)):
        parser.set_defaults(settings=settings)


def _add_payments(commands: Any) -> list[argparse.ArgumentParser]:
    refund = commands.add_parser("refund", help="give back a payment, or a part of it")
    refund.add_argument("payment", metavar="PAYMENT", help="our id, or the provider's reference")
    refund.add_argument("amount", metavar="AMOUNT", help="roubles, such as 100 or 100.50")
    refund.add_argument("--key", help="asked for twice it is one refund; default: payment, amount, who, why")
    _add_who(refund, command=_refund)
    claim = commands.add_parser("claim", help="move a payment from a wrong account to the right one")
    claim.add_argument("payment", metavar="PAYMENT", help="our id, or the provider's reference")
    claim.add_argument("--to", required=True, metavar="ACCOUNT")
    _add_who(claim, command=_claim)
    return [refund, claim]


def _add_reconcile(commands: Any) -> argparse.ArgumentParser:
    reconcile: argparse.ArgumentParser = commands.add_parser(
        "reconcile", help="compare the provider's records with ours"
    )
    reconcile.add_argument("--provider", help="default: every one that tells what it has")
    reconcile.add_argument("--day", type=argument_types.day, metavar="YYYY-MM-DD", help="default: yesterday")
    reconcile.add_argument(
        "--from", dest="first", type=argument_types.day, metavar="YYYY-MM-DD", help="several days …"
    )
    reconcile.add_argument(
        "--to", dest="last", type=argument_types.day, metavar="YYYY-MM-DD", help="… up to this one"
    )
    reconcile.add_argument("--register", type=Path, metavar="FILE", help="a day's register as a file")
    reconcile.add_argument("--list", action="store_true", help="the differences that are open")
    reconcile.add_argument("--solve", metavar="ID", help="close a difference; needs --by and --why")
    reconcile.add_argument("--by", metavar="NAME")
    reconcile.add_argument("--why", metavar="TEXT")
    reconcile.add_argument("--json", action="store_true", help="one JSON object a line")
    reconcile.set_defaults(command=_reconcile, parser=reconcile)
    return reconcile


def _add_suspense(commands: Any) -> list[argparse.ArgumentParser]:
    suspense = commands.add_parser("suspense", help="money that fits no account")
    of_suspense = suspense.add_subparsers(required=True, metavar="COMMAND")
    listed = of_suspense.add_parser("list", help="what waits for staff")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    listed.set_defaults(command=_suspense_list)
    assign = of_suspense.add_parser("assign", help="put it on an account")
    assign.add_argument("payment", metavar="ID", help="our id, or the provider's reference")
    assign.add_argument("--to", required=True, metavar="ACCOUNT")
    _add_who(assign, command=_suspense_assign)
    refund = of_suspense.add_parser("refund", help="give it back at the provider")
    refund.add_argument("payment", metavar="ID", help="our id, or the provider's reference")
    refund.add_argument("--key", help="asked for twice it is one refund; another key after one was declined")
    _add_who(refund, command=_suspense_refund)
    return [listed, assign, refund]


def _add_who(parser: argparse.ArgumentParser, **defaults: Any) -> None:
    argument_types.add_who(parser, dry_run="only tell what would move")
    parser.set_defaults(**defaults)


def _reconcile(given: argparse.Namespace) -> int:
    wrong = _contradiction(given)
    if wrong is not None:
        given.parser.error(wrong)
    from commands import reconcile

    return argument_types.begin(reconcile.run, given)


def _contradiction(given: argparse.Namespace) -> str | None:
    if given.solve is not None and not (given.by and given.why):
        return "--solve needs --by and --why"
    if (given.first is None) != (given.last is None):
        return "--from and --to belong together"
    if given.day is not None and given.first is not None:
        return "--day or --from and --to, not both"
    if given.first is not None and given.first > given.last:
        return "--from is after --to"
    if given.register is not None and not (given.provider and given.day):
        return "--register needs --provider and --day"
    return None


def _refund(given: argparse.Namespace) -> int:
    from commands import staff

    return argument_types.begin(staff.refund, given)


def _claim(given: argparse.Namespace) -> int:
    from commands import staff

    return argument_types.begin(staff.claim, given)


def _suspense_list(given: argparse.Namespace) -> int:
    from commands import staff

    return argument_types.begin(staff.list_suspense, given)


def _suspense_assign(given: argparse.Namespace) -> int:
    from commands import staff

    return argument_types.begin(staff.assign, given)


def _suspense_refund(given: argparse.Namespace) -> int:
    from commands import staff

    return argument_types.begin(staff.give_back, given)

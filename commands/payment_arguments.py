"""The arguments of `aliance payment`: nothing heavy is imported before one of its commands runs."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from commands import argument_types, looks
from core.states import PaymentState

if TYPE_CHECKING:
    from core.settings import Settings

LINES = 50


def add(commands: Any, *, settings: Callable[[], "Settings"]) -> None:
    """`payment log`, `show`, `settle`; `settings` reads them when one runs."""
    payment = commands.add_parser("payment", help="what happened to each payment")
    of_payment = payment.add_subparsers(required=True, metavar="COMMAND")
    for parser, function in (
        (_log(of_payment), "log"),
        (_show(of_payment), "show"),
        (_settle(of_payment), "settle"),
    ):
        parser.set_defaults(
            settings=settings, command=looks.run, module="payments", function=function, parser=parser
        )


def _log(commands: Any) -> argparse.ArgumentParser:
    log: argparse.ArgumentParser = commands.add_parser("log", help="a line a payment, the newest first")
    log.add_argument("--account", metavar="NUMBER", help="paid to it, or moved there by staff")
    log.add_argument("--phone", type=argument_types.msisdn, metavar="MSISDN", help="who paid by SMS")
    log.add_argument("--state", type=PaymentState, choices=list(PaymentState), metavar="STATE",
                     help=", ".join(PaymentState))  # fmt: skip
    log.add_argument("--provider", metavar="NAME")
    looks.add_between(log)
    log.add_argument("--limit", type=argument_types.lines, default=LINES, metavar="LINES")
    log.add_argument("--json", action="store_true", help="one JSON object a line")
    looks.add_full(log)
    return log


def _show(commands: Any) -> argparse.ArgumentParser:
    show: argparse.ArgumentParser = commands.add_parser("show", help="one payment and all that belongs to it")
    show.add_argument("payment", metavar="PAYMENT", help="our id, or the provider's reference")
    show.add_argument("--json", action="store_true", help="one JSON object")
    looks.add_full(show)
    return show


def _settle(commands: Any) -> argparse.ArgumentParser:
    settle: argparse.ArgumentParser = commands.add_parser(
        "settle", help="say what became of one that its provider leaves undecided"
    )
    settle.add_argument("payment", metavar="PAYMENT", help="our id, or the provider's reference")
    became = settle.add_mutually_exclusive_group(required=True)
    became.add_argument(
        "--paid", type=argument_types.said, metavar="REFERENCE", help="the provider has the money, under this"
    )
    became.add_argument("--not-paid", action="store_true", help="the provider took no money")
    argument_types.add_who(settle)
    return settle

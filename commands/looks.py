"""What `aliance sms` and `aliance payment` share: whole numbers on demand, local times, a top-up."""

import argparse
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from commands import argument_types

if TYPE_CHECKING:
    from core.use_cases.disclosures import Look
    from core.use_cases.top_up_stories import TopUpStory

MOMENT = "YYYY-MM-DDTHH:MM"


def add_between(parser: argparse.ArgumentParser) -> None:
    """`--since` and `--until`."""
    parser.add_argument(
        "--since", type=argument_types.moment, metavar=MOMENT, help="the operator's local time"
    )
    parser.add_argument("--until", type=argument_types.moment, metavar=MOMENT)


def add_full(parser: argparse.ArgumentParser) -> None:
    """`--full`, with who and why."""
    parser.add_argument(
        "--full", action="store_true", help="whole numbers; the audit trail keeps who and why"
    )
    parser.add_argument("--by", type=argument_types.said, metavar="NAME", help="who you are, with --full")
    parser.add_argument("--why", type=argument_types.said, metavar="TEXT", help="with --full")


def run(given: argparse.Namespace) -> int:
    if getattr(given, "full", False) and not (given.by and given.why):
        given.parser.error("--full needs --by and --why")
    return argument_types.run(given)


def look(given: argparse.Namespace) -> "Look | None":
    from core.use_cases.disclosures import Look

    return Look(given.by, given.why) if given.full else None


def local(said: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if said is None else said.replace(tzinfo=zone)


def top_up(each: "TopUpStory", time: Callable[[datetime], str]) -> Iterator[str]:
    """What was asked for, and all that became of it; its payments are told by who looks."""
    sums = f"{each.amount} and commission {each.commission}: {each.total}"
    by = "" if each.operator is None else f" by {each.operator}"
    yield f"top-up {each.id}: account {each.number}, {sums}{by}, {each.state}"
    for move in each.moves:
        yield f"  {time(move.at)}  {move.state}: {move.why}"

"""`aliance refund`, `claim` and `suspense`: what staff do with money, answered in a line and an exit code."""

import json
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from commands.records import must_be_current
from core import errors
from core.errors import Refusal
from core.money import Money
from core.settings import Settings
from core.states import RefundState
from core.use_cases.assignments import Moved
from core.use_cases.refund_orders import Ordered
from core.wiring import Core, open_core

TROUBLE = 1


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Core]:
    await must_be_current(settings.database_url)
    async with open_core(settings) as core:
        yield core


async def refund(settings: Settings, given: Namespace) -> int:
    try:
        amount = Money.parse(given.amount.replace(",", "."))
    except ValueError as wrong:
        return refused(str(wrong))

    async def order(core: Core) -> int:
        ordered = await core.refund_orders.order(
            given.payment, amount, by=given.by, why=given.why, key=given.key, dry_run=given.dry_run
        )
        return _ordered(ordered, dry_run=given.dry_run)

    return await answer(settings, order)


async def claim(settings: Settings, given: Namespace) -> int:
    async def move(core: Core) -> int:
        to = given.to.lstrip("0")
        moved = await core.claims.claim(
            given.payment, to=to, by=given.by, why=given.why, dry_run=given.dry_run
        )
        return _moved(moved, dry_run=given.dry_run)

    return await answer(settings, move)


async def list_suspense(settings: Settings, given: Namespace) -> int:
    async with opened(settings) as core:
        waiting = await core.suspense.waiting()
    for each in waiting:
        said = {
            "id": str(each.payment_id),
            "provider": each.provider,
            "reference": each.reference,
            "kopecks": each.amount.kopecks,
            "left_kopecks": each.left.kopecks,
            "reason": each.reason,
            "asked_for": each.asked_for,
            "at": each.at.isoformat(),
        }
        asked = f"asked for account {each.asked_for}" if each.asked_for else "no account of ours"
        name = f"{each.payment_id}  {each.provider} {each.reference}"
        told = f"{name}  {each.left!s:>12}  {each.reason or 'does not fit'}, {asked}"
        print(json.dumps(said) if given.json else told)
    if not waiting and not given.json:
        print("suspense: nothing waits")
    return 0


async def assign(settings: Settings, given: Namespace) -> int:
    async def move(core: Core) -> int:
        to = given.to.lstrip("0")
        moved = await core.suspense.assign(
            given.payment, to=to, by=given.by, why=given.why, dry_run=given.dry_run
        )
        return _moved(moved, dry_run=given.dry_run)

    return await answer(settings, move)


async def give_back(settings: Settings, given: Namespace) -> int:
    async def order(core: Core) -> int:
        ordered = await core.suspense.give_back(
            given.payment, by=given.by, why=given.why, key=given.key, dry_run=given.dry_run
        )
        return _ordered(ordered, dry_run=given.dry_run)

    return await answer(settings, order)


async def answer(
    settings: Settings, work: Callable[[Core], Awaitable[int]], words: Callable[[Refusal], str] | None = None
) -> int:
    """The exit code of some work; a refusal is told on standard error, in `words` or those of money."""
    async with opened(settings) as core:
        try:
            return await work(core)
        except Refusal as refusal:
            return refused((words or said)(refusal))


def _moved(moved: Moved, *, dry_run: bool) -> int:
    source = "suspense" if moved.from_number is None else f"account {moved.from_number}"
    did = "would be" if dry_run else ("was before" if moved.repeated else "was")
    print(f"{moved.amount} {did} moved from {source} to account {moved.to_number}.")
    for number, after in ((moved.from_number, moved.from_after), (moved.to_number, moved.to_after)):
        if number is not None and after is not None:
            print(f"account {number}: posted balance {after}")
    return 0


def _ordered(ordered: Ordered, *, dry_run: bool) -> int:
    about = f"of payment {ordered.payment_id}; {ordered.left} of it can still be given back"
    if dry_run and not ordered.repeated:
        print(f"{ordered.amount} would be given back {about}.")
    elif not ordered.repeated:
        print(f"refund {ordered.refund_id}: {ordered.amount} {about}.")
        print("It is stored; the jobs of `aliance run` send it to the provider.")
    elif ordered.state == RefundState.DECLINED:
        return refused(
            f"refund {ordered.refund_id} was asked for before and declined ({ordered.reason}): "
            "another --key asks again"
        )
    else:
        print(f"refund {ordered.refund_id} was asked for before, {ordered.state}: {ordered.amount} {about}.")
    return 0


def refused(why: str) -> int:
    print(f"aliance: refused: {why}", file=sys.stderr)
    return TROUBLE


def said(refusal: Refusal) -> str:
    """A refusal in words."""
    match refusal:
        case errors.UnknownAccount(number):
            return f"there is no account {number}"
        case errors.AlreadyAssigned(number):
            return f"the payment's money was moved to account {number} before"
        case errors.RefundTooLarge(left):
            return f"{left} is left of the payment"
        case errors.KeyUsed(key):
            return f"the key {key} stands for another action"
        case errors.UnknownDifference(name):
            return f"there is no difference {name}"
        case errors.ReconciliationUnderWay(day):
            return f"another process is comparing {day}"
        case errors.NoRegister(provider):
            return f"{provider} is not set up, or tells nothing in this way"
        case errors.DayNotOver(day):
            return f"{day} has not begun"
    return _WORDS.get(type(refusal), type(refusal).__name__)


_WORDS: dict[type[Refusal], str] = {
    errors.UnknownPayment: "there is no payment with this id or reference",
    errors.NotRefundable: "no money of this payment is here",
    errors.NotOnAnAccount: "the money went to no account of ours: the payment system refunds it, "
    "or see `aliance suspense`",
    errors.NotAssignable: "the money is not there to be moved",
    errors.AllGivenBack: "nothing of the payment is left",
    errors.RefundUnderWay: "a refund of the payment is under way: try again when it is settled",
    errors.SameAccount: "the money is on that account",
}

"""The digits of a top-up text → its one reading as account and amount, or what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.money import KOPECKS, Money
from handlers.sms.letters import THOUSAND_GROUP

ACCOUNT_LONGEST = 10  # digits (the glossary)
AMOUNT_LONGEST = 9  # digits; beyond a billion roubles it is no amount, whatever the limits
NUMBERS_MOST = 12  # groups of digits; more than that is not looked at


class Problem(StrEnum):
    AMBIGUOUS_NUMBERS = "ambiguous_numbers"
    AMOUNT_MISSING = "amount_missing"
    ACCOUNT_MISSING = "account_missing"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    AMOUNT_MALFORMED = "amount_malformed"
    NOT_OURS = "not_ours"
    NOT_UNDERSTOOD = "not_understood"


class Link(StrEnum):
    """What stands between a group of digits and the group before it."""

    APART = "apart"
    SPACE = "space"  # one space: may be a thousand's
    COMMA = "comma"  # without spaces around: may be a decimal mark
    DOT = "dot"
    ROUBLES = "roubles"  # "100 руб 50 коп": the group counts kopecks


class Role(StrEnum):
    ANY = "any"
    ACCOUNT = "account"  # announced by № or by "счёт"
    AMOUNT = "amount"  # announced by "сумма" or followed by "руб"


@dataclass(frozen=True, slots=True)
class Group:
    digits: str
    link: Link = Link.APART
    role: Role = Role.ANY
    numbered: bool = False  # № stands before it: of the account, then, which "на счет 1 500" does not say


@dataclass(frozen=True, slots=True)
class Limits:
    least: Money
    most: Money

    def hold(self, amount: Money) -> bool:
        return self.least <= amount <= self.most


@dataclass(frozen=True, slots=True)
class Reading:
    account: str | None = None
    amount: Money | None = None
    problem: Problem | None = None


def read(groups: Sequence[Group], limits: Limits, *, spoiled: bool) -> Reading:
    """The only reading within the limits; else what is certain of it, and the problem.

    `spoiled` says that a word or sign near the digits makes another sum of them.
    """
    if not groups:
        return Reading(problem=Problem.ACCOUNT_MISSING)
    if len(groups) > NUMBERS_MOST:
        return Reading(problem=Problem.AMBIGUOUS_NUMBERS)
    if spoiled:
        return Reading(_certain_account(groups[:1], groups[1:], limits), None, Problem.AMOUNT_MALFORMED)
    pairs = [
        (account, amount, cut)
        for cut in _cuts(groups, limits)
        if (account := account_of(groups[:cut])) and (amount := amount_of(groups[cut:])) is not None
    ]
    if pairs and _may_be_one_number(groups):
        return Reading(problem=Problem.AMBIGUOUS_NUMBERS)
    fits = [(account, amount) for account, amount, _ in pairs if limits.hold(amount)]
    if len(fits) == 1:
        return Reading(*fits[0])
    if fits or len(pairs) > 1:
        return Reading(problem=Problem.AMBIGUOUS_NUMBERS)
    if pairs:
        _, amount, cut = pairs[0]
        too = Problem.AMOUNT_TOO_SMALL if amount < limits.least else Problem.AMOUNT_TOO_LARGE
        return Reading(_certain_account(groups[:cut], groups[cut:], limits), None, too)
    return _incomplete(groups, limits)


def _may_be_one_number(groups: Sequence[Group]) -> bool:
    """Whether a person may read it as one sum: 7 500 is account 7 for nobody, unless it is written №7 500."""
    has_part = groups[-1].link in (Link.COMMA, Link.DOT, Link.ROUBLES)
    whole = groups[:-1] if has_part else groups
    begins = not groups[0].numbered and groups[0].digits[0] != "0"
    return begins and len(whole) > 1 and _whole(whole) is not None


def account_of(groups: Sequence[Group]) -> str | None:
    """An account number, without the zeros some people put before it."""
    digits = _whole(groups)
    if digits is None or len(digits) > ACCOUNT_LONGEST:
        return None
    return digits.lstrip("0") or None


def amount_of(groups: Sequence[Group]) -> Money | None:
    """Roubles with at most two decimals; None for what is no clear amount."""
    whole, part = groups, ""
    if len(groups) > 1 and groups[-1].link in (Link.COMMA, Link.DOT, Link.ROUBLES):
        whole, part = groups[:-1], groups[-1].digits
        if len(part) > 2:
            return None
        part = part.zfill(2) if groups[-1].link is Link.ROUBLES else part.ljust(2, "0")
    digits = _whole(whole)
    if digits is None or len(digits) > AMOUNT_LONGEST or (digits[0] == "0" and digits != "0"):
        return None
    return Money(int(digits) * KOPECKS + int(part or "0"))


def _whole(groups: Sequence[Group]) -> str | None:
    """The digits of one number: a single group, or a thousand's groups joined."""
    head, *tail = groups
    joins = len(head.digits) <= THOUSAND_GROUP and all(
        group.link is Link.SPACE and len(group.digits) == THOUSAND_GROUP for group in tail
    )
    return "".join(group.digits for group in groups) if joins or not tail else None


def _cuts(groups: Sequence[Group], limits: Limits) -> Iterator[int]:
    """Where the account may end and the amount begin."""
    for cut in range(1, len(groups)):
        misplaced = any(group.role is Role.AMOUNT for group in groups[:cut]) or any(
            group.role is Role.ACCOUNT for group in groups[cut:]
        )
        if not misplaced and _separates(groups, cut, limits):
            yield cut


def _separates(groups: Sequence[Group], cut: int, limits: Limits) -> bool:
    """Whether what stands at the cut can be a separator, and not the inside of a number."""
    link = groups[cut].link
    if link is Link.ROUBLES:
        return False
    if link not in (Link.COMMA, Link.DOT):
        return True
    as_decimal = amount_of(groups[: cut + 1])
    return (
        len(groups[cut - 1].digits) > THOUSAND_GROUP  # else 1,500 would be account 1, amount 500
        and not (as_decimal is not None and limits.hold(as_decimal))
        and all(group.link is not link for group in groups[cut + 1 :])  # one mark, one use
    )


def _certain_account(left: Sequence[Group], right: Sequence[Group], limits: Limits) -> str | None:
    """The account where the two numbers cannot have been swapped."""
    account = account_of(left)
    if account is None or left[0].role is Role.AMOUNT:
        return None
    if left[0].role is Role.ACCOUNT:
        return account
    swapped = amount_of(left)
    could_be_swapped = swapped is not None and limits.hold(swapped) and (not right or account_of(right))
    return None if could_be_swapped else account


def _incomplete(groups: Sequence[Group], limits: Limits) -> Reading:
    """No two numbers to be had: one is missing or broken, or there are too many."""
    amount = amount_of(groups)
    is_amount = groups[-1].link in (Link.COMMA, Link.DOT) or any(g.role is Role.AMOUNT for g in groups)
    if amount is not None and is_amount:
        return Reading(None, amount if limits.hold(amount) else None, Problem.ACCOUNT_MISSING)
    if account_of(groups):
        return Reading(_certain_account(groups, (), limits), None, Problem.AMOUNT_MISSING)
    head = groups[0]
    if len(head.digits) > ACCOUNT_LONGEST:
        return Reading(problem=Problem.ACCOUNT_MISSING)
    if _is_broken_amount(groups[1:]):
        return Reading(_certain_account(groups[:1], groups[1:], limits), None, Problem.AMOUNT_MALFORMED)
    if len(head.digits) <= THOUSAND_GROUP and _is_broken_amount(groups):
        return Reading(problem=Problem.AMOUNT_MALFORMED)
    return Reading(problem=Problem.AMBIGUOUS_NUMBERS)


def _is_broken_amount(groups: Sequence[Group]) -> bool:
    """One number, as commas and dots hold it together, that is no amount: 1,000 or 1.5.0 or 007."""
    is_one = bool(groups) and all(group.link in (Link.COMMA, Link.DOT) for group in groups[1:])
    return is_one and amount_of(groups) is None

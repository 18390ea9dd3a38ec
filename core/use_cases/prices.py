"""Prices: the limits that a top-up's amount keeps to, and what it costs its payer."""

from typing import Any

from core.errors import AmountTooLarge, AmountTooSmall, MethodUnavailable
from core.money import Money
from core.payments.capabilities import Limits
from core.profile import MethodLimits, Profile
from core.profile_mobile import MobileOperator
from core.states import Method


def within(amount: Money, method: Method, profile: Profile, provider: Limits | None) -> MethodLimits:
    """The limits of a method, the stricter of the profile's and the provider's, where they hold the amount.

    Raises MethodUnavailable, AmountTooSmall, AmountTooLarge.
    """
    limit = profile.methods.get(method.value)
    if limit is None:
        raise MethodUnavailable
    if provider is not None:
        stricter = {
            "least": max(limit.least, provider.least),
            "most": min(limit.most, provider.most),
            "most_total": min(limit.most_total, provider.most),
        }
        limit = limit.model_copy(update=stricter)
    if amount < limit.least:
        raise AmountTooSmall(limit.least)
    if amount > limit.most:
        raise AmountTooLarge(limit.most)
    return limit


def priced(amount: Money, limit: MethodLimits, operator: MobileOperator | None) -> dict[str, Any]:
    """Operator, commission and total as a quote freezes them; without an operator, on a page, there is none.

    Raises AmountTooLarge where the total is more than may be taken at once.
    """
    if operator is None:
        return _row(None, amount, Money(0), amount, commission_from=False)
    commission = operator.commission(amount)
    if operator.taken_by == "provider":
        return _row(operator.code, amount, commission, amount, commission_from=True)
    if amount + commission > limit.most_total:
        raise AmountTooLarge(min(limit.most, operator.largest(limit.most_total)))
    return _row(operator.code, amount, commission, amount + commission, commission_from=False)


def _row(
    operator: str | None, amount: Money, commission: Money, total: Money, *, commission_from: bool
) -> dict[str, Any]:
    return {
        "operator": operator,
        "amount": amount.kopecks,
        "commission": commission.kopecks,
        "total": total.kopecks,
        "commission_from": commission_from,
    }

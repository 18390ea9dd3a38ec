"""What an SMS says when a phone may not be charged: its operator is unknown, or a limit is reached."""

from collections.abc import Callable

from handlers.sms.told import Said


def _operator_unknown(said: Said) -> str:
    words = said.words
    return words("Your mobile operator does not take such payments. Nothing was charged.")


def _limit_reached(said: Said) -> str:
    words, facts = said.words, said.facts
    if facts["whose"] == "account":
        return _account_limit_reached(said)
    sums = {"limit": said.money("limit"), "left": said.money("left")}
    if facts["period"] == "day":
        return words("From this phone {limit} a day at most, {left} is left. Nothing was charged.", **sums)
    return words("From this phone {limit} a month at most, {left} is left. Nothing was charged.", **sums)


def _account_limit_reached(said: Said) -> str:
    """What is left tells what others have paid: only who is registered with the account hears it."""
    words, facts = said.words, said.facts
    sums = {"number": facts["number"], "limit": said.money("limit")}
    is_day = facts["period"] == "day"
    if facts["left"] is None and is_day:
        return words(
            "Account {number} takes {limit} a day from phones. Try less, or another day. "
            "Nothing was charged.",
            **sums,
        )
    if facts["left"] is None:
        return words(
            "Account {number} takes {limit} a month from phones. Try less, or another month. "
            "Nothing was charged.",
            **sums,
        )
    sums["left"] = said.money("left")
    if is_day:
        return words(
            "Account {number} takes {limit} a day from phones, {left} is left. Nothing was charged.", **sums
        )
    return words(
        "Account {number} takes {limit} a month from phones, {left} is left. Nothing was charged.", **sums
    )


def _too_many_codes(said: Said) -> str:
    words = said.words
    return words("Too many wrong digits from this phone. Nothing was charged, please try in a day.")


CHARGE_REFUSALS: dict[str, Callable[[Said], str]] = {
    "limit_reached": _limit_reached,
    "operator_unknown": _operator_unknown,
    "too_many_codes": _too_many_codes,
}

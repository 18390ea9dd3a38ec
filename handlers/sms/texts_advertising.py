"""The words of the SMS about advertising: what is agreed to (its version is kept with each consent)."""

from collections.abc import Callable

from handlers.sms.told import Told


def _advertising(told: Told) -> str:
    words, operator = told.words, told.profile.name[told.words.code]
    if told.params["wanted"]:
        return words("You agree to advertising of {operator} by SMS. To end it: ADS NO", operator=operator)
    if told.params["stopped"]:
        return words("You have sent STOP, we send no advertising. To agree to it: START, then ADS YES")
    return words(
        "We send you no advertising. To agree to advertising of {operator} by SMS: ADS YES", operator=operator
    )


ADVERTISING_TEXTS: dict[str, Callable[[Told], str]] = {"advertising": _advertising}

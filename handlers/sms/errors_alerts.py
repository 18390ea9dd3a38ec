"""What an SMS says when a setting of alerts is refused, or was not understood."""

from collections.abc import Callable

from handlers.sms.told import Said


def _unclear(said: Said) -> str:
    words = said.words
    return words("Not understood. Send: ALERTS, ALERTS SUM 200, ALERTS DAYS 3, ALERTS ON or ALERTS OFF")


def _sum_too_large(said: Said) -> str:
    words = said.words
    return words("The sum is {most} at most. Send: ALERTS SUM 200", most=said.money("most"))


def _days_out_of_range(said: Said) -> str:
    words = said.words
    return words("Days: from 1 to {most}. Send: ALERTS DAYS 3", most=said.facts["most"])


ALERT_REFUSALS: dict[str, Callable[[Said], str]] = {
    "alerts_not_understood": _unclear,
    "alerts_amount_too_large": _sum_too_large,
    "days_out_of_range": _days_out_of_range,
}

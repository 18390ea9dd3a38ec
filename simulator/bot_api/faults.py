"""Troubles on a switch: what goes wrong on purpose between the bot and this server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Trouble(StrEnum):
    DUPLICATE_UPDATES = "duplicate_updates"  # an update comes a second time, under its own update_id
    SLOW = "slow"  # the call is done late
    SLOW_ANSWER = "slow_answer"  # the call is done at once and answered late
    SERVER_ERROR = "server_error"  # 5xx, nothing was done
    RESET_AFTER = "reset_after"  # done, and the connection breaks instead of an answer
    TOO_MANY_REQUESTS = "too_many_requests"
    FORBIDDEN = "forbidden"


# A poll that always fails stops everything else, so it takes part only when named.
SPARED = {"getupdates"}
DEFAULT_SECONDS = 1.0
DEFAULT_STATUS = 502
DEFAULT_RETRY_AFTER = 1


@dataclass
class Fault:
    """`calls` left to spoil, None for all of them; `methods` to spoil, empty for all but getUpdates."""

    calls: int | None = None
    methods: frozenset[str] = frozenset()
    users: frozenset[int] = frozenset()
    seconds: float = DEFAULT_SECONDS
    status: int = DEFAULT_STATUS
    retry_after: int = DEFAULT_RETRY_AFTER

    def hits(self, method: str, user_id: int) -> bool:
        named = method in self.methods if self.methods else method not in SPARED
        return named and (not self.users or user_id in self.users)


class Faults:
    def __init__(self) -> None:
        self._switched_on: dict[Trouble, Fault] = {}

    def set(self, trouble: Trouble, fault: Fault | None) -> None:
        self._switched_on.pop(trouble, None)
        if fault is not None:
            self._switched_on[trouble] = fault

    def clear(self) -> None:
        self._switched_on.clear()

    def read(self, settings: Mapping[str, Any] | None) -> None:
        """As they come over HTTP: {"slow": {"seconds": 2, "calls": 1}, "forbidden": true, "slow": null}

        None clears all. Raises ValueError for what it does not know, and then changes nothing.
        """
        if settings is None:
            self.clear()
            return
        parsed = {Trouble(name): _fault(value) for name, value in settings.items()}
        for trouble, fault in parsed.items():
            self.set(trouble, fault)

    def take(self, trouble: Trouble, method: str = "", user_id: int = 0) -> Fault | None:
        """The fault, if this call is to be spoilt; it then counts."""
        fault = self._switched_on.get(trouble)
        if fault is None or not fault.hits(method, user_id):
            return None
        if fault.calls is not None:
            fault.calls -= 1
            if fault.calls <= 0:
                del self._switched_on[trouble]
        return fault


def _fault(value: Any) -> Fault | None:
    if value is None or value is False:
        return None
    if value is True:
        return Fault()
    try:
        settings = dict(value)
        if "methods" in settings:
            settings["methods"] = frozenset(method.lower() for method in settings["methods"])
        if "users" in settings:
            settings["users"] = frozenset(settings["users"])
        return Fault(**settings)
    except (TypeError, AttributeError) as wrong:
        raise ValueError(f"a fault cannot be {value!r}: {wrong}") from None

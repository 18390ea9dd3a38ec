"""What the sandbox provider is asked to do wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from simulator.faults import Faults

# What a callback says instead of the truth, by the name of its field.
LIES: dict[str, object] = {
    "account": "9999999999",
    "currency": "USD",
    "merchant": "another-shop",
    "test": False,
}


@dataclass(slots=True)
class ProviderFaults(Faults):
    LIES: ClassVar[frozenset[str]] = frozenset({"", "amount", *LIES})

    refuse_500: int = 0  # nothing is charged, 500
    charge_then_500: int = 0
    charge_then_reset: int = 0
    charge_then_late: int = 0  # charged, answered after `late_seconds`
    late_seconds: float = 30.0
    mobile_pending: int = 0  # mobile charges that stay pending until POST /phone/provider/settle
    mobile_declined: int = 0
    callbacks: bool = True
    callback_times: int = 1
    callback_delay: float = 0.0
    callback_wrong: str = ""  # the field that callbacks lie about: amount, currency, account, merchant, test
    forge_signature: int = 0  # callbacks signed with another key

    def change(self, changes: Mapping[str, object]) -> None:
        if changes.get("callback_wrong", "") not in self.LIES:
            raise ValueError(f"callback_wrong is one of {sorted(self.LIES)}")
        Faults.change(self, changes)

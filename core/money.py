"""Money: integer kopecks of roubles, the only currency of the house."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

KOPECKS = 100
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in kopecks; negative where a balance is."""

    kopecks: int

    @classmethod
    def roubles(cls, amount: int) -> "Money":
        return cls(amount * KOPECKS)

    @classmethod
    def parse(cls, text: str) -> "Money":
        """Read a machine's decimal such as "1690.00"; ValueError on anything else."""
        if not _DECIMAL.fullmatch(text):
            raise ValueError(f"{text!r} is no amount of roubles such as 890.00")
        return cls(int(Decimal(text) * KOPECKS))

    def share(self, percent: Decimal) -> "Money":
        """The given percentage of this amount, rounded half-up to the kopeck."""
        exact = Decimal(self.kopecks) * percent / 100
        return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.kopecks + other.kopecks)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.kopecks - other.kopecks)

    def __neg__(self) -> "Money":
        return Money(-self.kopecks)

    def __bool__(self) -> bool:
        return self.kopecks != 0

    def __str__(self) -> str:
        sign = "-" if self.kopecks < 0 else ""
        whole, part = divmod(abs(self.kopecks), KOPECKS)
        return f"{sign}{whole}.{part:02d}"


ZERO = Money(0)

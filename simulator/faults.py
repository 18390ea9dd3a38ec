"""Faults on a switch: what a test or a visitor asks the outside world to do wrong."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self


@dataclass(slots=True)
class Faults:
    """A number counts down with each use (`take`); a flag, a length of time and a word stay until changed."""

    def change(self, changes: Mapping[str, object]) -> None:
        """All or nothing. Raises ValueError on a name that is not a fault and on a value of another kind."""
        known = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"{name} is not a fault; known: {', '.join(sorted(known))}")
            if not _same_kind(getattr(self, name), value):
                raise ValueError(f"{name} cannot be {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)

    def take(self, name: str) -> bool:
        left: int = getattr(self, name)
        if left <= 0:
            return False
        setattr(self, name, left - 1)
        return True

    def calm(self) -> None:
        self.change(type(self)().facts())

    def facts(self: Self) -> dict[str, object]:
        return asdict(self)


def _same_kind(now: object, value: object) -> bool:
    if isinstance(now, bool) or isinstance(value, bool):
        return isinstance(now, bool) and isinstance(value, bool)
    if isinstance(now, int | float):
        return isinstance(value, int if isinstance(now, int) else int | float) and value >= 0
    return isinstance(value, str)

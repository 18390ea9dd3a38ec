"""Figures: what a benchmark hands to the report, each with its goal where it has one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `goal` in words, `met` as measured in this run (None where there is no goal)."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None

    def row(self) -> str:
        verdict = "" if self.met is None else ("met" if self.met else "missed")
        return f"| {self.name} | {self.value:,.2f} {self.unit} | {self.goal} | {verdict} |"

"""`make bench`: every benchmark, or those named, on the screen and in docs/performance.md."""

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from benchmarks.figures import Figure
from core.clock import SystemClock

REPORT = Path(__file__).parents[1] / "docs" / "performance.md"
# In the order of the report; each has run() -> Sequence[Figure].
TITLES = {
    "startup": "Start-up",
    "codec": "SMPP codec",
    "ledger": "Ledger",
    "telegram": "Telegram, the balance screen",
    "smpp": "SMPP session",
    "sms": "SMS",
    "memory": "Memory over a million SMS",
    "autopay": "Autopay",
    "alerts": "Alerts",
    "broadcast": "Broadcasts",
    "reconciliation": "Reconciliation",
    "callbacks": "Callbacks",
}
TOP = """# Performance

Measured by `make bench`. Ratios are to a reference in the same run of a section, since machines differ;
absolute figures are the named machine's."""
HEAD = "| figure | measured | goal | |\n| --- | --- | --- | --- |"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(TITLES)}; default: all")
    names = parser.parse_args(arguments).names
    if unknown := set(names) - set(TITLES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    missed = False
    for name in names or TITLES:
        print(f"{TITLES[name]} …", flush=True)
        figures: Sequence[Figure] = importlib.import_module(f"benchmarks.{name}").run()
        print("\n".join(figure.row() for figure in figures), flush=True)
        _write(name, figures)
        missed = missed or any(figure.met is False for figure in figures)
    return missed


def _write(name: str, figures: Sequence[Figure]) -> None:
    """Put a section into the report; the others stay as they were measured."""
    written = REPORT.read_text(encoding="utf-8").split("\n## ")[1:] if REPORT.exists() else []
    sections = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in written}
    day = SystemClock().now().astimezone(UTC).date()
    rows = "\n".join(figure.row() for figure in figures)
    sections[TITLES[name]] = f"`python -m benchmarks {name}`, {day}; {_machine()}\n\n{HEAD}\n{rows}"
    parts = [TOP, *(f"## {title}\n\n{sections[title]}" for title in TITLES.values() if title in sections)]
    REPORT.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, CPython {platform.python_version()}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main())

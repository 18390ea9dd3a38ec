"""`make bench`: every benchmark in one run, on the screen and in docs/performance.md."""

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
    "sms": "SMS",
    "autopay": "Autopay",
    "alerts": "Alerts",
    "broadcast": "Broadcasts",
    "reconciliation": "Reconciliation",
    "callbacks": "Callbacks",
}
HEAD = "| figure | measured | goal | |\n| --- | --- | --- | --- |"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(TITLES)}: not written")
    names = parser.parse_args(arguments).names
    if unknown := set(names) - set(TITLES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    measured: dict[str, Sequence[Figure]] = {}
    for name in names or TITLES:
        print(f"{TITLES[name]} …", flush=True)
        measured[name] = importlib.import_module(f"benchmarks.{name}").run()
        print("\n".join(figure.row() for figure in measured[name]), flush=True)
    if not names:
        REPORT.write_text(_report(measured), encoding="utf-8")
        print(f"written to {REPORT}")
    return any(figure.met is False for figures in measured.values() for figure in figures)


def _report(measured: dict[str, Sequence[Figure]]) -> str:
    day = SystemClock().now().astimezone(UTC).date()
    parts = [
        "# Performance",
        f"Measured on {day} by `make bench`, all in one run. Ratios are to a reference in the same run,\n"
        "since machines differ; absolute figures are this machine's.",
        f"Machine: {_machine()}",
    ]
    for name, figures in measured.items():
        rows = "\n".join(figure.row() for figure in figures)
        parts.append(f"## {TITLES[name]}\n\n`python -m benchmarks {name}`\n\n{HEAD}\n{rows}")
    return "\n\n".join(parts) + "\n"


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

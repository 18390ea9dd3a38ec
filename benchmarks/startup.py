"""Start-up: CPU and memory of the product's processes against a bare `import aiogram` in the same run."""

import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure

RUNS = 5
BARE = [sys.executable, "-c", "import aiogram"]
READY_SECONDS = 60.0
MB = 1024  # of the kernel's kilobytes
RUN_CPU, RUN_MORE_MB, TRY_SECONDS, TRY_MB = 1.3, 90, 2.5, 110


class _Run:
    """What a finished process took, as the kernel accounts for it."""

    def __init__(self, usage: resource.struct_rusage, wall: float) -> None:
        self.cpu = usage.ru_utime + usage.ru_stime
        self.megabytes = usage.ru_maxrss / MB
        self.wall = wall


def _finished(command: Sequence[str], *, environment: dict[str, str] | None = None) -> _Run:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return _Run(usage, time.perf_counter() - started)


def _served(folder: Path) -> _Run:
    """`aliance run` with all doors, stopped as soon as it says that it has started."""
    environment = {
        **os.environ,
        "ALIANCE_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'bench.db'}",
        # Nobody listens there: the doors open and wait, as they do when the outside world is away.
        "ALIANCE_TELEGRAM_TOKEN": "1:bench",
        "ALIANCE_TELEGRAM_API": "http://127.0.0.1:9",
        "ALIANCE_SMSC_URL": "smpp://bench:bench@127.0.0.1:9",
        "ALIANCE_HTTP_PORT": "0",
    }
    started = time.perf_counter()
    command = [sys.executable, "-m", "aliance", "run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    assert process.stdout is not None
    while b'"started"' not in (line := process.stdout.readline()):
        assert line, "aliance run ended before it had started"
        assert time.perf_counter() - started < READY_SECONDS
    ready = time.perf_counter() - started
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return _Run(usage, ready)


def run() -> Sequence[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _served(folder)  # makes the database and warms the files
        pairs = [(_finished(BARE), _served(folder)) for _ in range(RUNS)]
        tried = [_finished([sys.executable, "-m", "aliance", "sms", "try", "баланс"]) for _ in range(RUNS)]
    ratio = statistics.median(ours.cpu / bare.cpu for bare, ours in pairs)
    more = statistics.median(ours.megabytes - bare.megabytes for bare, ours in pairs)
    seconds = statistics.median(each.cpu for each in tried)
    megabytes = max(each.megabytes for each in tried)
    return [
        Figure("bare `import aiogram`, CPU", statistics.median(bare.cpu for bare, _ in pairs), "s"),
        Figure("`aliance run` until stopped at start, CPU to that", ratio, "×", "≤ 1.3×", ratio <= RUN_CPU),
        Figure("its peak memory beyond that", more, "MB", "≤ 90 MB", more <= RUN_MORE_MB),
        Figure("`aliance sms try`, CPU", seconds, "s", "≤ 2.5 s", seconds <= TRY_SECONDS),
        Figure("its peak memory", megabytes, "MB", "≤ 110 MB", megabytes <= TRY_MB),
    ]


if __name__ == "__main__":
    for figure in run():
        print(figure.row())

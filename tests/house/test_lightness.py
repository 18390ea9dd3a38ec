"""What the SMS side costs: it never loads aiogram, and starts quickly in little memory."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEGABYTES = 110
SECONDS = 2.5
ACCEPT_SECONDS = 30.0
# Its own peak, from within: what a parent reads of a child's peak may be the parent's.
RUN = """
import atexit, json, sys, time
report, sys.argv = sys.argv[1], ["aliance", *sys.argv[2:]]
def tell():
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    loaded = sorted({name.split(".")[0] for name in sys.modules})
    cost = {"megabytes": int(peak) / 1024, "seconds": time.process_time(), "loaded": loaded}
    with open(report, "w") as file:
        json.dump(cost, file)
atexit.register(tell)
import aliance
sys.exit(aliance.main())
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "cost.json"


def _start(report: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(report), *arguments],
        env={**plain, "PYTHONPATH": str(ROOT), **settings},
        cwd=report.parent,
        stdout=subprocess.PIPE,
        text=True,
    )


def _assert_light(report: Path) -> None:
    cost = json.loads(report.read_text())
    assert "aiogram" not in cost["loaded"]
    assert cost["megabytes"] <= MEGABYTES
    assert cost["seconds"] <= SECONDS


def test_trying_a_text_is_light(report: Path) -> None:
    with _start(report, "sms", "try", "aliance 100080 100", "--json") as process:
        answer, _ = process.communicate()
    assert process.returncode == 0
    assert json.loads(answer)["amount_kopecks"] == 100_00
    _assert_light(report)


def test_the_sms_process_is_light(report: Path, sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as smsc:
        smsc.settimeout(ACCEPT_SECONDS)
        address = f"smpp://demo:demo@127.0.0.1:{smsc.getsockname()[1]}"
        arguments = ["run", "--only", "sms"]
        with _start(report, *arguments, ALIANCE_DATABASE_URL=sqlite_url, ALIANCE_SMSC_URL=address) as process:
            connection, _ = smsc.accept()
            with connection:
                assert connection.recv(4)  # the bind: the process is up
                process.send_signal(signal.SIGTERM)
                process.communicate()
    assert process.returncode == 0
    _assert_light(report)

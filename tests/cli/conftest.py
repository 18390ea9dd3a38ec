"""The command line as an operator uses it: in a folder of its own, settings from the environment."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

import aliance
from commands import logs
from core.profile import Profile
from core.storage.database import Database
from core.use_cases.imports import Imports
from tests.fakes import FakeClock

ROOT = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process; its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, **settings: str) -> tuple[int, str, str]:
        for name, value in settings.items():
            monkeypatch.setenv(f"ALIANCE_{name}", value)
        capsys.readouterr()
        try:
            code = aliance.main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A logger that a command sets up would outlive its test, and write where nothing listens any more."""
    monkeypatch.setattr(logs, "configure", lambda settings: None)
    with structlog.testing.capture_logs():
        yield


def start(folder: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """A process of its own; `settings` without their prefix."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "aliance.py"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **{f"ALIANCE_{k}": v for k, v in settings.items()}},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def imports(database: Database, profile: Profile, clock: FakeClock) -> Imports:
    return Imports(database, profile, clock)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accounts.csv"

"""`aliance demo` as a process of its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import start


@pytest.fixture
def demo_url(tmp_path: Path) -> Iterator[str]:
    """The page of a running demo."""
    with start(tmp_path, "demo", "--no-browser", "--port", "0") as process:
        try:
            yield ready(process)
        finally:
            process.terminate()
            _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told


def ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("demo: ready: "):
            return line.split()[-1]
    raise AssertionError(f"the demo did not start: {''.join(seen)}")

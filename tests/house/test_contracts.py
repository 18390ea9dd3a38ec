"""Who may import whom: the contracts of pyproject.toml, kept and not empty."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ["bot", "commands", "core", "handlers", "simulator", "sms_gateway", "web"]


def test_the_import_contracts_are_kept() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout
    assert "0 broken" in linted.stdout


def test_the_contracts_look_at_every_folder_of_the_product() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert project["importlinter"]["root_packages"] == FOLDERS
    assert set(project["coverage"]["run"]["source"]) == {"aliance", *FOLDERS}
    shipped = set(project["hatch"]["build"]["targets"]["wheel"]["only-include"])
    assert shipped == {"aliance.py", "locales", *FOLDERS}

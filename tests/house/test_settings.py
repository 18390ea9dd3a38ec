"""`.env.example`: every setting with its default, and nothing else."""

import re
from pathlib import Path

from pydantic import SecretStr

from core.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def _listed() -> list[tuple[str, str]]:
    return re.findall(
        r"^#? ?ALIANCE_([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )


def test_every_setting_is_listed_once_with_its_default() -> None:
    defaults = {
        name.upper(): str(default.get_secret_value() if isinstance(default, SecretStr) else default)
        for name, field in Settings.model_fields.items()
        for default in [field.get_default(call_default_factory=True, validated_data={})]
    }
    listed = _listed()
    assert len(listed) == len(dict(listed))
    assert dict(listed) == defaults


def test_every_setting_is_explained() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"#? ?ALIANCE_", line):
            assert lines[number - 1].startswith("#"), f"nothing is said above {line}"


def test_the_pages_name_no_other_settings() -> None:
    known = {f"ALIANCE_{name.upper()}" for name in Settings.model_fields}
    for page in sorted((EXAMPLE.parent / "docs").rglob("*.md")):
        named = set(re.findall(r"\bALIANCE_[A-Z0-9_]+\b", page.read_text(encoding="utf-8")))
        assert {name for name in named if not name.startswith("ALIANCE_TEST_")} <= known, page.name

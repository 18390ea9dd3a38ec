"""docs/sms-commands.md tells the truth: each row of its tables of texts is understood as it says."""

from pathlib import Path

import pytest

from core.profile import Profile
from core.states import IncomingOutcome
from handlers.sms.short_code import Command, CommandKind, Dialect, parse
from tests.handlers.sms.texts_of_people import cases, figures_of

PAGE = Path(__file__).parents[3] / "docs" / "sms-commands.md"


def _rows(heading: str = "text") -> list[dict[str, str]]:
    """The rows of every table that has a column of this name, by the names of their columns."""
    rows, columns = [], list[str]()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            columns = []
        elif not columns:
            columns = cells
        elif heading in columns and set(cells) != {"---"}:
            rows.append(dict(zip(columns, cells, strict=True)))
    return rows


def _told(command: Command) -> dict[str, str]:
    return {
        "command": command.kind.value,
        "account": command.account or "",
        "roubles": str(command.amount or ""),
        "problem": command.problem.value if command.problem else "",
    }


def test_the_page_shows_every_command() -> None:
    shown = {row.get("command", "top_up") for row in _rows()}
    assert shown == {kind.value for kind in CommandKind}


def test_the_page_tells_every_reason_for_silence() -> None:
    told = [f"silent: {row['reason']}" for row in _rows("reason")]
    assert told == [outcome for outcome in IncomingOutcome if outcome.startswith("silent")]


def test_the_page_tells_how_well_texts_are_read(profile: Profile) -> None:
    for row in _rows("texts"):
        part, texts, wrongly, understandable, understood = row.values()
        some = [case for case in cases() if part in ("all", case.part)]
        found = figures_of(some, Dialect.of(profile))
        known = found.understandable - len(found.not_understood)
        measured = (found.texts, len(found.charged_wrongly), found.understandable, known)
        assert (int(texts), int(wrongly), int(understandable), int(understood)) == measured


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["text"])
def test_a_row_of_the_page_is_true(row: dict[str, str], profile: Profile) -> None:
    told = _told(parse(row["text"].strip("`"), Dialect.of(profile)))
    said = {"command": "top_up"} | {name: cell for name, cell in row.items() if name != "text"}
    assert {name: told[name] for name in said} == said

"""The catalogues: every text of the code has its Russian, and `make translate` writes the same file twice."""

from pathlib import Path

import pytest

from tools import catalogues


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project with one channel's folder and one language."""
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path / "locales")
    (tmp_path / "handlers/sms").mkdir(parents=True)
    (tmp_path / "locales/ru/LC_MESSAGES").mkdir(parents=True)
    return tmp_path / "handlers/sms/texts.py"


def _po(code: Path) -> Path:
    return code.parents[2] / "locales/ru/LC_MESSAGES/sms.po"


def test_the_shipped_catalogues_are_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogues.main("--check") == 0, capsys.readouterr().out


def test_a_text_of_the_code_comes_into_the_catalogue_untranslated(code: Path) -> None:
    code.write_text('words("You pay {total}.", total=1)\nplural("{n} day", "{n} days", 2)\n')
    catalogues.main()
    assert 'msgid "You pay {total}."\nmsgstr ""' in _po(code).read_text()
    assert 'msgid_plural "{n} days"\nmsgstr[0] ""\nmsgstr[1] ""\nmsgstr[2] ""' in _po(code).read_text()
    assert catalogues.main("--check") == 1


def test_a_translation_stays_while_its_text_does_and_goes_with_it(code: Path) -> None:
    code.write_text('words("Yes")\nwords("No")\n')
    catalogues.main()
    translated = _po(code).read_text().replace('msgid "Yes"\nmsgstr ""', 'msgid "Yes"\nmsgstr "Да"')
    _po(code).write_text(translated)
    code.write_text('words("Yes")\nwords("Nothing")\n')
    catalogues.main()
    assert 'msgid "Yes"\nmsgstr "Да"' in _po(code).read_text()
    assert 'msgid "No"' not in _po(code).read_text()
    assert "fuzzy" not in _po(code).read_text()


def test_translating_twice_changes_nothing(code: Path) -> None:
    code.write_text('words("Yes")\n')
    catalogues.main()
    once = _po(code).read_bytes()
    catalogues.main()
    assert _po(code).read_bytes() == once


def test_a_line_that_moves_in_the_code_changes_no_catalogue(code: Path) -> None:
    code.write_text('words("Yes")\n')
    catalogues.main()
    once = _po(code).read_bytes()
    code.write_text('\n\n\nwords("Yes")\n')
    catalogues.main()
    assert _po(code).read_bytes() == once


def test_asking_for_a_catalogue_is_no_text(code: Path) -> None:
    code.write_text('catalogues.words("sms", locale)\n')
    catalogues.main()
    assert 'msgid "sms"' not in _po(code).read_text()


def test_a_translation_that_loses_a_fact_is_a_problem(code: Path) -> None:
    code.write_text('words("You pay {total}.", total=1)\n')
    catalogues.main()
    _po(code).write_text(
        _po(code).read_text().replace('{total}."\nmsgstr ""', '{total}."\nmsgstr "К оплате {sum}."')
    )
    found = list(catalogues.problems(catalogues.renewed("sms", "ru")))
    assert len(found) == 1
    assert "other facts" in found[0]

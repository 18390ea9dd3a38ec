"""The catalogues of the chat: complete, with the same facts and sound markup in every language."""

import re

import pytest

from tools.catalogues import problems, renewed

MARKUP = re.compile(r"</?[a-z]+>|[<>&]")


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_every_text_is_translated_with_all_its_facts(locale: str) -> None:
    catalogue = renewed("telegram", locale)
    assert list(problems(catalogue)) == []
    assert all(message.string and all(message.string) for message in catalogue if message.id)


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_markup_is_the_same_in_every_language(locale: str) -> None:
    for message in (each for each in renewed("telegram", locale) if each.id):
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        answers = message.string if isinstance(message.string, tuple) else (message.string,)
        marks = {tuple(MARKUP.findall(str(text))) for text in (*sources, *answers)}
        assert len(marks) == 1, message.id
        assert "&" not in str(marks)

"""Offsets, lengths and what is found in a text without markup."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bot_api.errors import ApiError
from simulator.bot_api.text import cut, formatted, pages, trimmed, units, with_detected


@pytest.mark.parametrize("text,length", [("", 0), ("да", 2), ("👍", 2), ("e\u0301", 2), ("👨‍👩‍👧", 8)])
def test_length_is_counted_in_utf16_units(text: str, length: int) -> None:
    assert units(text) == length


@pytest.mark.parametrize(
    "text,found",
    [
        ("/start", [("bot_command", "/start")]),
        ("/start payload_-1", [("bot_command", "/start")]),
        ("👍👍 /помощь /help@some_bot", [("bot_command", "/help@some_bot")]),
        ("a/start //start <b/start", []),
        ("see https://example.com/a?b=c.", [("url", "https://example.com/a?b=c")]),
        ("(https://example.com/start)", [("url", "https://example.com/start")]),
        ("a.b@example.com @bot_name", [("email", "a.b@example.com"), ("mention", "@bot_name")]),
        ("#счёт #1 +79141234567", [("hashtag", "#счёт"), ("phone_number", "+79141234567")]),
    ],
)
def test_commands_and_links_are_found_where_they_stand(text: str, found: list[tuple[str, str]]) -> None:
    entities = with_detected(text, [])
    assert [(item["type"], cut(text, item["offset"], item["length"])) for item in entities] == found


def test_nothing_is_found_inside_code() -> None:
    code = {"type": "code", "offset": 0, "length": 6}
    assert with_detected("/start", [code]) == [code]


def test_entities_move_with_the_space_that_is_cut_off() -> None:
    bold = {"type": "bold", "offset": 4, "length": 6}
    assert trimmed(" \n  👍👍   ", [bold]) == ("👍👍", [{"type": "bold", "offset": 0, "length": 4}])


def test_an_entity_that_covers_only_cut_space_goes() -> None:
    assert trimmed("a  ", [{"type": "bold", "offset": 1, "length": 2}]) == ("a", [])


def test_space_at_the_front_stays_where_an_entity_begins() -> None:
    code = {"type": "code", "offset": 1, "length": 3}
    assert trimmed("  ab", [code]) == (" ab", [{"type": "code", "offset": 0, "length": 3}])


def test_a_text_of_space_is_refused() -> None:
    with pytest.raises(ApiError, match="Bad Request: text must be non-empty"):
        trimmed(" \n\t ", [])


RUN = st.builds(operator.mul, st.sampled_from("я👍a"), st.integers(1, 5000))


@given(st.lists(RUN, min_size=1, max_size=4).map("".join))
def test_pages_join_to_the_text_and_fit(text: str) -> None:
    parts = list(pages(text))
    assert "".join(parts) == text
    assert all(0 < units(part) <= 4096 for part in parts)


def test_marks_that_a_person_types_become_formatting() -> None:
    text, entities = formatted("👍 **Работы** с __1:00__ до `2:00`, **")
    assert text == "👍 Работы с 1:00 до 2:00, **"
    assert [(each["type"], cut(text, each["offset"], each["length"])) for each in entities] == [
        ("bold", "Работы"),
        ("italic", "1:00"),
        ("code", "2:00"),
    ]
    assert formatted("/start a__b__c") == ("/start a__b__c", [])

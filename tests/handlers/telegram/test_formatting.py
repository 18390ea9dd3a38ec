"""A message formatted in Telegram as the HTML of a broadcast, and as an SMS says it."""

from datetime import UTC, datetime

import pytest
from aiogram.types import Chat, Message, MessageEntity

from core.messages.broadcast_text import faults_of
from core.notice_states import BroadcastKind, Reach
from handlers.telegram.formatting import html_of, plain_of


def message(text: str, *entities: MessageEntity) -> Message:
    chat = Chat(id=1, type="private")
    return Message(
        message_id=1, date=datetime(2026, 1, 1, tzinfo=UTC), chat=chat, text=text, entities=list(entities)
    )


def entity(kind: str, offset: int, length: int, url: str | None = None) -> MessageEntity:
    return MessageEntity(type=kind, offset=offset, length=length, url=url)


@pytest.mark.parametrize(
    "said, html, plain",
    [
        (message("A < {name} & 👍"), "A &lt; {name} &amp; 👍", "A < {name} & 👍"),
        (message("👍 да", entity("bold", 3, 2)), "👍 <b>да</b>", "👍 да"),
        (
            message("ab", entity("bold", 0, 2), entity("italic", 1, 1)),
            "<b>a<i>b</i></b>",
            "ab",
        ),
        (message("x", entity("pre", 0, 1)), "<code>x</code>", "x"),
        (message("hidden", entity("spoiler", 0, 6)), "hidden", "hidden"),
        (
            message("тут", entity("text_link", 0, 3, "https://a.example/?b=1&c=2")),
            '<a href="https://a.example/?b=1&amp;c=2">тут</a>',
            "тут (https://a.example/?b=1&c=2)",
        ),
        (
            message("a.example", entity("text_link", 0, 9, "a.example")),
            '<a href="a.example">a.example</a>',
            "a.example",
        ),
    ],
)
def test_what_telegram_shows_is_kept_and_an_sms_says_its_words(said: Message, html: str, plain: str) -> None:
    assert html_of(said) == html
    assert plain_of(html) == plain


def test_an_address_cannot_leave_its_quotes() -> None:
    link = entity("text_link", 0, 1, 'https://a.example/"><b>')
    html = html_of(message("x", link))
    assert "<b>" not in html
    texts = {"ru": {"telegram": html}}
    (fault,) = faults_of(texts, Reach.TELEGRAM, BroadcastKind.SERVICE, ["ru"])
    assert fault.what == "link"

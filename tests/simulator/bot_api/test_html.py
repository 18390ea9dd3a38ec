"""parse_mode HTML against the cases that Telegram's own parser is held to."""

import pytest

from simulator.bot_api.errors import ApiError, ApiObject
from simulator.bot_api.html import parse

SURROGATE = (
    "Text contains invalid Unicode characters after decoding HTML entities, "
    "check for unmatched surrogate code units"
)


def entity(kind: str, offset: int, length: int, **facts: str) -> ApiObject:
    return {"type": kind, "offset": offset, "length": length, **facts}


@pytest.mark.parametrize(
    "markup,reason",
    [
        ("&#57311;", SURROGATE),
        ("&#xDFDF", SURROGATE),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("1 <br> 2", 'Unsupported start tag "br" at byte offset 2'),
        ("Б<Б>", 'Unsupported start tag "б" at byte offset 2'),
        ("🏟 🏟&lt;<abacaba", "Unclosed start tag at byte offset 13"),
        ("🏟 🏟&lt;<i   =aba>", 'Empty attribute name in the tag "i" at byte offset 13'),
        ("🏟 🏟&lt;<i    aba  =  ", 'Unclosed start tag "i" at byte offset 13'),
        ("<i aba ", 'Unclosed start tag "i" at byte offset 0'),
        ("<i aba", 'Unclosed start tag "i" at byte offset 0'),
        ("🏟 🏟&lt;<i    aba  =  190azAz-.,", "Unexpected end of name token at byte offset 27"),
        ('🏟 🏟&lt;<i    aba  =  "&lt;&gt;&quot;>', "Unclosed start tag at byte offset 13"),
        ("🏟 🏟&lt;<i    aba  =  '&lt;&gt;&quot;>", "Unclosed start tag at byte offset 13"),
        ('<a href="x"', "Unclosed start tag at byte offset 0"),
        ("<a href=x/>y</a>", "Unexpected end of name token at byte offset 8"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("🏟 🏟&lt;</", "Unexpected end tag at byte offset 13"),
        ("🏟 🏟&lt;<b></b></", "Unexpected end tag at byte offset 20"),
        ("🏟 🏟&lt;<i>a</i   ", "Unclosed end tag at byte offset 17"),
        ("🏟 🏟&lt;<i>a</em   >", 'Unmatched end tag at byte offset 17, expected "</i>", found "</em>"'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_wrong_markup_is_refused_in_telegrams_words(markup: str, reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse(markup)
    assert refusal.value.description == f"Bad Request: can't parse entities: {reason}"


@pytest.mark.parametrize(
    "markup,text,entities",
    [
        ("", "", []),
        ("&lt;&gt;&amp;&quot;&laquo;&#12345678;", '<>&"&laquo;&#12345678;', []),
        ("&#1103;&#x44F;&#0;& &;", "яя&#0;& &;", []),
        ("➡️<i>➡️ ➡️</i><b>x</b>", "➡️➡️ ➡️x", [entity("italic", 2, 5), entity("bold", 7, 1)]),
        ("<EM>a</eM><strong>b</>", "ab", [entity("italic", 0, 1), entity("bold", 1, 1)]),
        ("<u>a</u> <ins>b</ins>", "a b", [entity("underline", 0, 1), entity("underline", 2, 1)]),
        (
            "<s>a</s> <del>b</del> <strike>c</strike>",
            "a b c",
            [entity("strikethrough", 0, 1), entity("strikethrough", 2, 1), entity("strikethrough", 4, 1)],
        ),
        (
            "🏟<i>🏟 &gt;<b aba   =   caba>&lt🏟</b></i>",
            "🏟🏟 ><🏟",
            [entity("italic", 2, 7), entity("bold", 6, 3)],
        ),
        ("<i aba>a</i>", "a", [entity("italic", 0, 1)]),
        ("<i aba = '&lt;<'>a</i    >", "a", [entity("italic", 0, 1)]),
        ("<b></b>x", "x", []),
        ("<b>a</b><b>b</b>", "ab", [entity("bold", 0, 2)]),
        ("<b><b>a</b>b</b>", "ab", [entity("bold", 0, 2)]),
        ("<a href=telegram.org>x</a>", "x", [entity("text_link", 0, 1, url="http://telegram.org/")]),
        (
            "<a href='HTTPS://t.me?&lt; '>x</a>",
            "x",
            [entity("text_link", 0, 1, url="https://t.me/?<")],
        ),
        (
            "<a>telegram.org</a>",
            "telegram.org",
            [entity("text_link", 0, 12, url="http://telegram.org/")],
        ),
        ("<a href='nowhere'>x</a>", "x", []),
        ("<pre><code>x</code></pre>", "x", [entity("pre", 0, 1)]),
        (
            '<pre><code class="language-fift">x</></>',
            "x",
            [entity("pre", 0, 1, language="fift")],
        ),
        (
            '<code class="language-fift"><pre>x</></>',
            "x",
            [entity("pre", 0, 1, language="fift")],
        ),
        ('<pre> <code class="language-fift">x</></>', " x", [entity("pre", 0, 2)]),
        ('<code class="language-fift">x</code>', "x", [entity("code", 0, 1)]),
        ("<code>a<b>b</b></code>", "ab", [entity("code", 0, 2)]),
        ("<span class='tg-spoiler'>x</span>", "x", [entity("spoiler", 0, 1)]),
        ("<tg-spoiler>x</tg-spoiler>", "x", [entity("spoiler", 0, 1)]),
        ("<blockquote>x</blockquote>", "x", [entity("blockquote", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [entity("expandable_blockquote", 0, 1)]),
        (
            "<tg-emoji emoji-id='5368'>👍</tg-emoji>",
            "👍",
            [entity("custom_emoji", 0, 2, custom_emoji_id="5368")],
        ),
    ],
)
def test_markup_becomes_entities_in_utf16_units(markup: str, text: str, entities: list[ApiObject]) -> None:
    assert parse(markup) == (text, entities)

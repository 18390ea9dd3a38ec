"""Brings locales/*/LC_MESSAGES/*.po up to the words in the code; `--check` only tells what is out of order.

A source text is an English literal in `words("…")` or `plural("…", "…", n)`. Texts keep their translation by
being the same; nothing is guessed, and what the code no longer says goes.
"""

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "locales"
COMPLETE = "ru"
CHANNELS = {
    "telegram": ["handlers/telegram", "bot"],
    "sms": ["handlers/sms", "sms_gateway"],
    "web": ["web"],
}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.html.j2", "jinja2")]
KEYWORDS = {"words": None, "plural": (1, 2)}
# `catalogues.words("sms", locale)` asks for a catalogue; its argument is no text.
NO_TEXTS = frozenset(CHANNELS)
_FIELD = re.compile(r"\{[^{}]*\}")


def texts_of(channel: str) -> Catalog:
    """The source texts of a channel in the order of the code, without translations."""
    found = Catalog()
    for folder in CHANNELS[channel]:
        calls = extract_from_dir(ROOT / folder, METHODS, {}, KEYWORDS, ["Words:"], strip_comment_tags=True)
        for path, _line, text, comments, context in sorted(calls, key=lambda call: call[:2]):
            if text not in NO_TEXTS:
                found.add(text, None, [(f"{folder}/{path}", 0)], auto_comments=comments, context=context)
    return found


def renewed(channel: str, locale: str) -> Catalog:
    """A language's catalogue with the texts of today and the translations that it has."""
    path = _path(channel, locale)
    old = _read(path, locale)
    new = Catalog(locale=locale)
    for text in _messages(texts_of(channel)):
        known = old.get(text.id, text.context)
        fits = known is not None and isinstance(known.id, tuple) == isinstance(text.id, tuple)
        new.add(
            text.id,
            known.string if known is not None and fits else None,
            text.locations,
            auto_comments=text.auto_comments,
            user_comments=known.user_comments if known is not None else (),
            context=text.context,
        )
    return new


def written(catalogue: Catalog) -> str:
    """A catalogue as a file: no dates, no lines of code, so that only a change of words is a change."""
    locale = catalogue.locale
    assert isinstance(locale, Locale)
    body = BytesIO()
    write_po(body, catalogue, width=0, omit_header=True, include_lineno=False)
    return (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {locale}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    ) + body.getvalue().decode()


def problems(catalogue: Catalog) -> Iterator[str]:
    """What would be shown wrongly: a missing translation, a fact that only one of the two texts names."""
    for message in _messages(catalogue):
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        answers = message.string if isinstance(message.string, tuple) else (message.string,)
        if not all(answers):
            if str(catalogue.locale) == COMPLETE:
                yield f"not translated: {sources[0]!r}"
            continue
        for answer in answers:
            named = set(_FIELD.findall(str(answer)))
            if named not in [set(_FIELD.findall(str(source))) for source in sources]:
                yield f"other facts than in {sources[0]!r}: {answer!r}"


def main(*arguments: str) -> int:
    out_of_order = []
    for locale in sorted(path.name for path in LOCALES.iterdir() if path.is_dir()):
        for channel in CHANNELS:
            path = _path(channel, locale)
            catalogue = renewed(channel, locale)
            text = written(catalogue)
            if "--check" not in arguments:
                _tell_dropped(path, catalogue)
                path.write_text(text, encoding="utf-8")
            elif not path.exists() or path.read_text(encoding="utf-8") != text:
                out_of_order.append(f"{path.relative_to(ROOT)}: not up to the code, run `make translate`")
            out_of_order += [f"{path.relative_to(ROOT)}: {problem}" for problem in problems(catalogue)]
    print("\n".join(out_of_order) or "Catalogues: in order.")
    return int(bool(out_of_order) and "--check" in arguments)


def _tell_dropped(path: Path, catalogue: Catalog) -> None:
    for message in _messages(_read(path, str(catalogue.locale))):
        if message.string and catalogue.get(message.id, message.context) is None:
            print(f"{path.relative_to(ROOT)}: dropped, as the code does not say it: {message.id!r}")


def _read(path: Path, locale: str) -> Catalog:
    return read_po(BytesIO(path.read_bytes()), locale=locale) if path.exists() else Catalog(locale=locale)


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _path(channel: str, locale: str) -> Path:
    return LOCALES / locale / "LC_MESSAGES" / f"{channel}.po"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

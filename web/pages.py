"""From a handler's facts to a page in the reader's language."""

import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.profile import Profile
from handlers.locale import Catalogues, Words

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES_LARGEST = 20  # a browser sends a handful; a longer list is nobody's wish

_LANGUAGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*")


class Pages:
    """Renders templates; everything in them is escaped."""

    def __init__(self, profile: Profile, catalogues: Catalogues) -> None:
        self._profile = profile
        self._catalogues = catalogues
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def words(self, request: web.Request) -> Words:
        accepted = ",".join(request.headers.getall("Accept-Language", []))
        return self._catalogues.words("web", preferred(accepted, self._profile))

    def text(self, request: web.Request, template: str, **facts: Any) -> str:
        words = self.words(request)
        operator = self._profile.name.get(words.code, self._profile.name[self._profile.default_locale])
        # A name of its own: the catalogue tool finds calls by name, not by attribute.
        return self._templates.get_template(template).render(
            words=words, plural=words.plural, operator=operator, **facts
        )

    def answer(
        self, request: web.Request, template: str, *, status: int = HTTPStatus.OK, **facts: Any
    ) -> web.Response:
        text = self.text(request, template, status=int(status), **facts)
        return web.Response(text=text, status=status, content_type="text/html")


def preferred(accepted: str, profile: Profile) -> str:
    """The operator's language that an Accept-Language field (RFC 9110, 12.5.4) likes best."""
    best, liking = profile.default_locale, 0.0
    for part in accepted.split(",")[:LANGUAGES_LARGEST]:
        found = _LANGUAGE.fullmatch(part)
        if found is None:
            continue
        language, weight = found[1].lower(), float(found[2] or 1)
        if language in profile.locales and weight > liking:
            best, liking = language, weight
    return best

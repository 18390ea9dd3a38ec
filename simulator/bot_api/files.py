"""Documents on their way through the server: kept, asked for by id, downloaded by path or by link."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import quote

from aiohttp import web

from simulator.bot_api.errors import ApiObject, bad_request

UPLOAD_BYTES = 50 << 20  # Bot API, sendDocument: what a bot may send
DOWNLOAD_BYTES = 20 << 20  # Bot API, getFile: what a bot may fetch
REQUEST_BYTES = UPLOAD_BYTES + (1 << 20)  # with the form around it
KEPT = 100  # documents; the oldest goes first
NAME_CHARACTERS = 60
# Telegram's ids are nearly all letters; in hexadecimal a run of digits could pass for a card's number.
LETTERS = str.maketrans("0123456789", "ghijklmnop")
OF_NO_KIND = "application/octet-stream"


@dataclass(frozen=True)
class Upload:
    """A file as one part of a form holds it."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Document:
    file_id: str
    path: str  # below /file/bot<token>/
    name: str
    kind: str
    content: bytes = field(repr=False)

    def as_api(self) -> ApiObject:
        return {"file_name": self.name, "mime_type": self.kind} | self._file()

    def as_file(self) -> ApiObject:
        """The answer of getFile. Raises ApiError for one that a bot cannot fetch."""
        if len(self.content) > DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        return self._file() | {"file_path": self.path}

    def answer(self) -> web.Response:
        """As a browser or a bot downloads it: never shown, always saved."""
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(self.name)}"}
        return web.Response(body=self.content, content_type=self.kind, headers=headers)

    def _file(self) -> ApiObject:
        digest = hashlib.sha256(self.file_id.encode()).hexdigest()
        return {"file_id": self.file_id, "file_unique_id": digest[:16], "file_size": len(self.content)}


class Files:
    def __init__(self) -> None:
        self._kept: dict[str, Document] = {}
        self._numbers: Iterator[int] = iter(range(1, 1 << 62))

    def keep(self, upload: Upload) -> Document:
        """Raises ApiError for an empty one."""
        if not upload.content:
            raise bad_request("file must be non-empty")
        number, name = next(self._numbers), _named(upload.name)
        path = f"documents/file_{number}{PurePosixPath(name).suffix}"
        digest = hashlib.sha256(path.encode() + upload.content).hexdigest().translate(LETTERS)
        kept = Document(f"BQACAgIAAxk{digest[:40]}", path, name, _kind_of(upload, name), upload.content)
        self._kept[kept.file_id] = kept
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return kept

    def by_id(self, file_id: str) -> Document | None:
        return self._kept.get(file_id)

    def by_path(self, path: str) -> Document | None:
        return next((each for each in self._kept.values() if each.path == path), None)


def _named(name: str) -> str:
    plain = PurePosixPath(name.replace("\\", "/")).name
    return "".join(letter for letter in plain if letter.isprintable())[-NAME_CHARACTERS:] or "file"


def _kind_of(upload: Upload, name: str) -> str:
    guessed = mimetypes.guess_type(name)[0]
    return guessed or (upload.kind if "/" in upload.kind else OF_NO_KIND)

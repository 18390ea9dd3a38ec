"""Documents: sent by a bot in a form or by id, by a person from the phone, and fetched by either."""

from typing import Any

import aiohttp
import pytest

from simulator.bot_api import files
from tests.simulator.bot_api.served import TOKEN, Served

CSV = 'счёт\r\n100080\r\n"a"\n'.encode()


async def sends(api: Served, chat: int, *, under: str = "document", **fields: str) -> tuple[int, Any]:
    form = aiohttp.FormData()
    for name, value in {"chat_id": str(chat), **fields}.items():
        form.add_field(name, value)
    form.add_field(under, CSV, filename="отчёт.csv", content_type="text/csv")
    async with api.session.post(f"{api.url}/bot{TOKEN}/sendDocument", data=form) as answer:
        return answer.status, await answer.json()


async def fetched(api: Served, file_id: str) -> tuple[dict[str, Any], bytes]:
    told = await api.result("getFile", file_id=file_id)
    async with api.session.get(f"{api.url}/file/bot{TOKEN}/{told['file_path']}") as answer:
        assert answer.status == 200
        return told, await answer.read()


@pytest.mark.parametrize(
    "under, fields", [("document", {}), ("report", {"document": "attach://report"})], ids=["own", "attached"]
)
async def test_a_document_in_a_form_comes_with_its_caption_and_every_byte(
    api: Served, chat: int, under: str, fields: dict[str, str]
) -> None:
    status, body = await sends(api, chat, under=under, caption="<b>Отчёт</b>", parse_mode="HTML", **fields)
    assert (status, body["ok"]) == (200, True), body
    sent = body["result"]
    assert (sent["caption"], "text" in sent) == ("Отчёт", False)
    assert sent["caption_entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    document = sent["document"]
    assert (document["file_name"], document["mime_type"], document["file_size"]) == (
        "отчёт.csv", "text/csv", len(CSV)
    )  # fmt: skip
    told, content = await fetched(api, document["file_id"])
    assert content == CSV
    assert told["file_size"] == len(CSV)
    assert told["file_path"].startswith("documents/file_")
    (_, shown) = (await api.screen())["messages"]
    assert (shown["document"], shown["text"]) == ({"name": "отчёт.csv", "size": len(CSV)}, "Отчёт")


async def test_a_document_is_sent_again_by_its_id(api: Served, chat: int) -> None:
    _, body = await sends(api, chat)
    again = await api.result("sendDocument", chat_id=chat, document=body["result"]["document"]["file_id"])
    assert again["document"] == body["result"]["document"]
    assert "caption" not in again


async def test_what_a_person_sends_comes_as_an_update_and_is_fetched(api: Served, chat: int) -> None:
    place = f"{api.url}/phone/telegram/{chat}/document?name=..%5Csome/list.csv&caption=+Все+"
    async with api.session.post(place, data=CSV, headers={"Content-Type": "text/csv"}) as answer:
        assert answer.status == 200
    (update,) = await api.updates()
    message = update["message"]
    assert (message["document"]["file_name"], message["caption"]) == ("list.csv", "Все")
    assert (await fetched(api, message["document"]["file_id"]))[1] == CSV
    saved = f"{api.url}/phone/telegram/{chat}/files/{message['message_id']}"
    async with api.session.get(saved) as answer:
        assert await answer.read() == CSV
        assert answer.headers["Content-Disposition"].startswith("attachment")
    async with api.session.get(f"{api.url}/phone/telegram/{chat}/files/1") as answer:
        assert answer.status == 404


async def test_documents_are_refused_as_telegram_words_it(
    api: Served, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = api.refusal
    nothing = (400, "Bad Request: there is no document in the request")
    assert await refusal("sendDocument", chat_id=chat) == nothing
    assert await refusal("sendDocument", chat_id=chat, document="attach://report") == nothing
    wrong = (400, "Bad Request: wrong file identifier/HTTP URL specified")
    assert await refusal("sendDocument", chat_id=chat, document="nonsense") == wrong
    status, body = await sends(api, chat, caption="я" * 1025)
    assert (status, body["description"]) == (400, "Bad Request: message caption is too long")
    assert await refusal("getFile") == (400, "Bad Request: file_id not specified")
    assert await refusal("getFile", file_id="nonsense") == (400, "Bad Request: invalid file_id")
    _, body = await sends(api, chat)
    sent = body["result"]
    assert await refusal("editMessageText", chat_id=chat, message_id=sent["message_id"], text="x") == (
        400, "Bad Request: there is no text in the message to edit"
    )  # fmt: skip
    monkeypatch.setattr(files, "DOWNLOAD_BYTES", len(CSV) - 1)
    told = await refusal("getFile", file_id=sent["document"]["file_id"])
    assert told == (400, "Bad Request: file is too big")


async def test_files_are_given_to_who_has_the_token(api: Served, chat: int) -> None:
    _, body = await sends(api, chat)
    path = (await api.result("getFile", file_id=body["result"]["document"]["file_id"]))["file_path"]
    for place, status in ((f"bot4200:other/{path}", 401), (f"bot{TOKEN}/documents/file_99.csv", 404)):
        async with api.session.get(f"{api.url}/file/{place}") as answer:
            assert (answer.status, (await answer.json())["ok"]) == (status, False)


async def test_an_empty_document_and_one_to_a_blocked_bot_are_not_sent(api: Served, chat: int) -> None:
    place = f"{api.url}/phone/telegram/{chat}/document?name=list.csv"
    async with api.session.post(place, data=b"") as answer:
        assert answer.status == 409
    api.bot_api.phones.block(chat, blocked=True)
    async with api.session.post(place, data=CSV) as answer:
        assert answer.status == 409


async def test_the_oldest_documents_are_forgotten(
    api: Served, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "KEPT", 1)
    first, second = [(await sends(api, chat))[1]["result"]["document"]["file_id"] for _ in range(2)]
    assert await api.refusal("getFile", file_id=first) == (400, "Bad Request: invalid file_id")
    assert (await fetched(api, second))[1] == CSV

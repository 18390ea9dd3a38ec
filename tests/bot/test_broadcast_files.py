"""Tables in staff's chat: the report as a document, an audience from a document; who gets neither."""

import csv
from functools import partial
from typing import Any

import pytest

from handlers.broadcast_table import COLUMNS
from handlers.telegram import broadcasts_files, buttons_desk, report_files
from simulator.bot_api.files import Upload
from tests.bot.desk_scenes import (
    READERS,
    STRANGER,
    VIEWER,
    drafted,
    sent_to_all,
    the,
)
from tests.bot.stand import Person, Stand
from tests.deadlines import until

LIST = "счёт;улица\n100080;Луговая\n".encode("cp1251")


async def sends(stand: Stand, person: Person, content: bytes, *, name: str = "list.csv") -> None:
    stand.api.phones.send_document(person.id, Upload(name, "text/csv", content))
    await stand.updates_handled()


def documents(person: Person) -> list[str]:
    """What is in the documents that the bot sent, the oldest first."""
    messages = person.api.chats.of(person.id).messages.values()
    sent = [each.document for each in messages if each.from_bot and each.document is not None]
    return [document.content.decode() for document in sent]


def told_of_losses(person: Person) -> list[int]:
    return [each["message_id"] for each in person.messages if "1 мог не дойти" in each["text"]]


def fetched(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that the bot asks for from now on."""
    asked: list[str] = []
    methods = stand.api.methods
    real = methods.sending.get_file

    async def get_file(call: Any) -> Any:
        asked.append(call.text("file_id"))
        return await real(call)

    monkeypatch.setattr(methods.sending, "get_file", get_file)
    return asked


async def asks_for_a_list(sender: Person) -> None:
    sender.presses("Получатели")
    await sender.sees("Кто получит рассылку 1?")
    sender.presses("Список счетов")
    await sender.sees("Пришлите номера счетов")


async def test_the_report_comes_as_a_document_with_a_line_for_each_recipient(
    staffed: Stand, sender: Person, approver: Person
) -> None:
    await sent_to_all(staffed, sender, approver)
    await sender.is_offered("Отчёт файлом")
    sender.presses("Отчёт файлом")
    await sender.is_told("придёт в этот чат файлом")
    await sender.sees("Отчёт о рассылке 1")
    (report,) = documents(sender)
    heading, *lines = csv.reader(report.splitlines())
    assert tuple(heading) == COLUMNS
    assert sorted((line[0], line[2], line[4]) for line in lines) == [
        ("100080", str(READERS[0]), "sent"), ("100080", str(READERS[1]), "sent"),
        ("166301", str(READERS[2]), "sent"),
    ]  # fmt: skip
    viewer = Person(staffed.api, VIEWER)
    viewer.says("/broadcast")
    await viewer.sees("Вы — vera")
    viewer.presses("завершена")
    await viewer.is_offered("Отчёт файлом")
    viewer.presses("Отчёт файлом")
    await viewer.sees("Отчёт о рассылке 1")


async def test_a_long_report_comes_in_parts_each_with_its_heading(
    staffed: Stand, sender: Person, approver: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "PART_BYTES", len(",".join(COLUMNS)) + 10)
    monkeypatch.setattr("core.use_cases.broadcast_lines.PAGE", 1)
    await sent_to_all(staffed, sender, approver)
    await sender.is_offered("Отчёт файлом")
    sender.presses("Отчёт файлом")
    await until(lambda: len(documents(sender)) == 3, what="three parts")
    assert {report.splitlines()[0] for report in documents(sender)} == {",".join(COLUMNS)}
    assert [len(report.splitlines()) for report in documents(sender)] == [2, 2, 2]


async def test_a_report_that_is_lost_is_told_of_and_comes_by_another_press(
    staffed: Stand, sender: Person, approver: Person
) -> None:
    await sent_to_all(staffed, sender, approver)
    await sender.is_offered("Отчёт файлом")
    for fault in ("server_error", "reset_after", "too_many_requests"):
        staffed.api.set_faults({fault: {"calls": 1, "methods": ["sendDocument"]}})
        sender.presses("Отчёт файлом")
        (told,) = await until(partial(told_of_losses, sender), what="word of the loss")
        staffed.api.chats.of(sender.id).messages.pop(told)
    before = len(documents(sender))
    sender.presses("Отчёт файлом")
    await until(lambda: len(documents(sender)) > before, what="the report")


async def test_who_is_no_staff_gets_no_report_and_no_file_of_theirs_is_fetched(
    staffed: Stand, sender: Person, approver: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent_to_all(staffed, sender, approver)
    await sender.is_offered("Отчёт файлом")
    asked = fetched(staffed, monkeypatch)
    for person in (Person(staffed.api, STRANGER), Person(staffed.api, READERS[0])):
        person.says("/nonsense")
        unknown = await person.sees("Не понимаю")
        person.presses_stale(buttons_desk.ToReport(broadcast=1).pack())
        await sends(staffed, person, LIST)
        assert person.messages[-1]["text"] == unknown
        assert documents(person) == []
    assert asked == []


async def test_an_audience_comes_from_a_document(staffed: Stand, sender: Person) -> None:
    await drafted(sender, "Для всех")
    await asks_for_a_list(sender)
    await sends(staffed, sender, LIST, name="карта 4111 1111 1111 1111.csv")
    await sender.sees("Только счета из списка")
    sender.presses("Посчитать")
    assert "Telegram: 2 сообщения" in await sender.sees("Сейчас это:")


async def test_a_table_that_cannot_be_used_is_told_of_and_another_may_come(
    staffed: Stand, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts_files, "LIST_BYTES", 2000)
    await drafted(sender)
    await asks_for_a_list(sender)
    for content, told in (
        (b"100080\n100-080\n\nlate\n", "2 строки начинаются не с номера счёта"),
        (b"100080\n<b>1</b>\n", "Строка 2: «<b>1</b>»"),
        (b"account\n", "нет ни одного номера"),
        (b"PK\3\4\0\0workbook", "не текстовая таблица"),
        (b"100080\n999\n", "1 номер — не наш счёт: 999"),
        (b"1" * 3000, "больше 20 МБ"),
    ):
        await sends(staffed, sender, content)
        await sender.sees(told)
    assert not (await the(staffed)).audience.listed
    await sends(staffed, sender, LIST)
    await sender.sees("Только счета из списка")


async def test_a_table_that_cannot_be_fetched_is_asked_for_again(
    staffed: Stand, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await drafted(sender)
    await asks_for_a_list(sender)
    for fault in ("server_error", "reset_after"):
        staffed.api.set_faults({fault: {"calls": 1, "methods": ["getFile"]}})
        await sends(staffed, sender, LIST)
        assert "Таблица не дошла" in sender.messages[-1]["text"]
    with monkeypatch.context() as smaller:
        smaller.setattr("simulator.bot_api.files.DOWNLOAD_BYTES", 3)
        await sends(staffed, sender, LIST)
        assert "больше 20 МБ" in sender.messages[-1]["text"]
    await sends(staffed, sender, LIST)
    await sender.sees("Только счета из списка")


async def test_a_file_is_fetched_where_it_was_sent_to_and_by_no_id_that_is_typed(
    staffed: Stand, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await drafted(sender)
    await sends(staffed, Person(staffed.api, READERS[0]), LIST)
    (theirs,) = staffed.api.files._kept
    asked = fetched(staffed, monkeypatch)
    await asks_for_a_list(sender)
    sender.says(theirs)
    await sender.sees("не наш счёт")
    assert asked == []
    assert not (await the(staffed)).audience.listed

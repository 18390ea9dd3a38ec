"""`aliance demo --once`: one member of staff writes a broadcast, another approves it, the report adds up."""

import re

from commands.demo_people import APPROVER, CROWD, FIRST_OF_CROWD, SENDER
from commands.phones import Button, Json, Off, Phones
from commands.talks import Chat, press_of

TITLE = "Работы на линии"
TEXT = "**Работы на линии.** Счёт {account}: связь вернётся к 18:00."


async def play_broadcast(phones: Phones) -> None:
    print(f"\nA broadcast, staff {SENDER} and {APPROVER}")
    sender, approver = Chat(phones, SENDER), Chat(phones, APPROVER)
    desk = await sender.says("/broadcast", "Рассылки", button="bc_new")
    await sender.presses(press_of(desk, "bc_new"), "Как назвать")
    await sender.says(TITLE, TITLE)
    draft = await sender.says(TEXT, "черновик", button="bc_ready")
    urgent = await sender.presses(_option(draft, "urgent"), "черновик", button="bc_ready")  # nights, too
    counted = await sender.presses(press_of(urgent, "bc_ready"), "второй сотрудник", button="bc_begin")
    await sender.presses(press_of(counted, "bc_begin"), "ждёт второго сотрудника")
    asked = await approver.also("просит утвердить", button="bc_do")
    shown = await approver.presses(press_of(asked, "bc"), "ждёт второго сотрудника", button="bc_do")
    await approver.presses(_action(shown, "approve"), "%")
    done = await sender.also("завершена", "100 %")
    await _check(phones, done)
    await sender.presses(press_of(done, "bc_csv"), "Отчёт о рассылке")


async def _check(phones: Phones, report: Json) -> None:
    """The report's numbers are the people who have the message on their phones."""
    total, sent = _number(report, "Получателей"), _number(report, "Отправлено")
    people = [FIRST_OF_CROWD + place for place in range(CROWD)]
    have = sum([await _has(phones, person) for person in people])
    print(f"    (of {CROWD} simulated subscribers {have} have it)")
    if not (have == CROWD and total == sent >= CROWD):
        raise Off(f"{have} of {CROWD} have the broadcast; the report says {sent} of {total}")


async def _has(phones: Phones, person: int) -> bool:
    found = [each for each in await phones.bot_messages(person) if "связь вернётся" in each["text"]]
    if len(found) > 1:
        raise Off(f"person {person} got the broadcast {len(found)} times")
    return bool(found)


def _number(report: Json, name: str) -> int:
    found = re.search(rf"{name}: (\d+)", report["text"])
    if found is None:
        raise Off(f"no {name!r} in {report['text']!r}")
    return int(found[1])


def _option(message: Json, what: str) -> Button:
    return _by_part(message, "bc_set", what)


def _action(message: Json, what: str) -> Button:
    return _by_part(message, "bc_do", what)


def _by_part(message: Json, kind: str, part: str) -> Button:
    for each in (one for row in message["buttons"] for one in row):
        data = (each.get("data") or "").split(":")
        if data[0] == kind and part in data:
            return Button(message["message_id"], each["text"], each["data"], None)
    raise Off(f"no button {kind}:{part} under {message['text']!r}")

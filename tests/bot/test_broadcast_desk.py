"""The desk while a broadcast waits, goes and has gone: approved, begun, paused, and tried again."""

from datetime import timedelta

import pytest

from core.notice_states import BroadcastState
from tests.bot.desk_scenes import (
    READERS,
    VIEWER,
    approved_by_the_notice,
    asked_for_approval,
    drafted,
    edited,
    goes_out,
    sent_to_all,
    the,
)
from tests.bot.stand import Person, Stand
from tests.core.broadcast_scenes import work

HOUR = timedelta(hours=1)
S = BroadcastState


@pytest.fixture
def readers(staffed: Stand) -> list[Person]:
    return [Person(staffed.api, chat) for chat in READERS]


async def test_approvers_are_told_and_approve_by_the_notices_button(
    staffed: Stand, sender: Person, approver: Person
) -> None:
    await drafted(sender)
    await asked_for_approval(sender)
    told = await approver.sees("anna просит утвердить рассылку 1: Работы <ночью>")
    assert "Получателей: 3" in told
    approver.presses("Открыть")
    await approver.sees("ждёт второго сотрудника")
    approver.presses("Утвердить", times=2)
    await staffed.updates_handled()
    await goes_out(staffed)
    assert "100 %" in await approver.sees("завершена")
    assert (await the(staffed)).approved_by == "boris"
    for person in (sender, Person(staffed.api, VIEWER)):
        assert "просит утвердить" not in str(person.messages)


async def test_a_notice_of_a_version_that_was_changed_approves_nothing(
    staffed: Stand, sender: Person, approver: Person
) -> None:
    await drafted(sender)
    await asked_for_approval(sender)
    await approver.sees("просит утвердить рассылку 1")
    sender.presses("⟳ Telegram")
    await staffed.updates_handled()
    approver.presses("Утвердить")
    await approver.is_told("тем временем изменили")
    assert (await the(staffed)).state == S.DRAFT


async def test_an_edit_that_waits_is_told_of_as_well(
    staffed: Stand, sender: Person, approver: Person, readers: list[Person]
) -> None:
    await sent_to_all(staffed, sender, approver, "Свет будет в 8")
    await edited(sender, "Свет будет в 9")
    await approver.sees("просит утвердить новый текст")
    approver.presses("Утвердить")
    await staffed.updates_handled()
    await goes_out(staffed)
    await readers[0].sees("Свет будет в 9")


async def test_a_broadcast_is_paused_by_one_tap_and_goes_on_by_another(
    staffed: Stand, sender: Person, approver: Person, readers: list[Person]
) -> None:
    await drafted(sender)
    staffed.clock.shift(8 * HOUR)  # 23:00: what is not urgent waits for the morning
    sender.presses("Посчитать и отправить")
    await sender.sees("второй сотрудник")
    sender.presses("Отдать на утверждение")
    await sender.sees("ждёт второго сотрудника")
    await approved_by_the_notice(staffed, approver)
    await work(staffed.core)
    await sender.sees("отправляется")
    sender.presses("Приостановить", times=2)
    await sender.sees("приостановлена")
    staffed.clock.shift(11 * HOUR)  # 10:00
    await work(staffed.core)
    assert (await the(staffed)).state == S.PAUSED
    assert not any(reader.messages for reader in readers)
    sender.presses("Возобновить", times=2)
    await staffed.updates_handled()
    await goes_out(staffed)
    for reader in readers:
        await reader.sees("Работы у вас")
    await sender.sees("завершена")
    sender.presses("Обновить")
    await sender.sees("завершена")
    assert "Приостановить" not in str(sender.buttons())


async def test_a_broadcast_begins_at_the_time_that_was_typed(
    staffed: Stand, sender: Person, approver: Person, readers: list[Person]
) -> None:
    await drafted(sender)
    sender.presses("Посчитать и отправить")
    await sender.sees("второй сотрудник")
    sender.presses("В другое время")
    await sender.sees("Когда?")
    for typed, answer in (
        ("завтра", "Когда?"), ("27.04.2026 14:00", "Это время прошло"), ("25:70", "Когда?"),
        ("31.12.9999 18:30", "Когда?"),
        ("27.04.2026 18:30", "27 апреля"),
    ):  # fmt: skip
        sender.says(typed)
        await staffed.updates_handled()
        assert answer in sender.messages[-1]["text"], typed
    sender.presses("Отдать на утверждение")
    await sender.sees("ждёт второго сотрудника")
    await approved_by_the_notice(staffed, approver)
    await approver.sees("Начало: 27 апреля")
    await work(staffed.core)
    held = await the(staffed)
    assert (held.state, held.start_at) == (S.SCHEDULED, staffed.clock.now() + 3.5 * HOUR)
    staffed.clock.shift(3.5 * HOUR)
    await goes_out(staffed)
    await readers[0].sees("Работы у вас")


async def test_the_blocked_and_the_uncertain_are_tried_again_by_their_buttons(
    staffed: Stand, sender: Person, approver: Person, readers: list[Person]
) -> None:
    staffed.api.chats.of(READERS[0]).blocked = True  # and nobody has told us
    staffed.api.set_faults({"reset_after": {"calls": 1, "users": [READERS[1]]}})
    await sent_to_all(staffed, sender, approver)
    report = await sender.sees("завершена")
    assert "Заблокировали бота: 1" in report
    assert "Неизвестно, возможно дошли: 1" in report
    staffed.api.phones.block(READERS[0], blocked=False)
    await staffed.updates_handled()
    sender.presses("Ещё раз: blocked (1)", times=2)
    await staffed.updates_handled()
    await goes_out(staffed)
    await readers[0].sees("Работы у вас")
    await sender.sees("Отправлено: 2")
    await sender.is_offered("кто, возможно, получил")
    sender.presses("кто, возможно, получил")
    await sender.sees("дважды")
    sender.presses("Да, отправить ещё раз")
    await staffed.updates_handled()
    await goes_out(staffed)
    await sender.sees("Отправлено: 3")
    assert [len(reader.messages) for reader in readers] == [1, 2, 1]


async def test_staff_see_who_of_an_account_got_it(
    staffed: Stand, sender: Person, approver: Person, readers: list[Person]
) -> None:
    staffed.api.chats.of(READERS[1]).blocked = True  # and nobody has told us
    await sent_to_all(staffed, sender, approver)
    await sender.is_offered("Кому дошло?")
    sender.presses("Кому дошло?")
    await sender.sees("Введите номер счёта")
    for typed, told in (
        ("999", "счёта 999 нет"),
        ("166301", f"Telegram {READERS[2]}: отправлено, "),
        ("100080", f"Telegram {READERS[1]}: не отправлено (blocked)"),
    ):
        sender.says(typed)
        await sender.sees(told)
    assert "8003" not in sender.messages[-1]["text"]
    sender.presses("Назад")
    await sender.sees("завершена")

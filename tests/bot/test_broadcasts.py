"""Staff's broadcasts in the chat: from the draft to the report; strangers, viewers, late taps."""

from core.notice_states import BroadcastState, Role
from handlers.telegram import buttons_desk as to
from handlers.telegram.buttons_desk import Action
from tests.bot.desk_scenes import (
    READERS,
    STRANGER,
    VIEWER,
    approved,
    asked_for_approval,
    drafted,
    edited,
    goes_out,
    sent_to_all,
    the,
)
from tests.bot.stand import Person, Stand


async def test_a_broadcast_from_the_draft_to_its_report(
    staffed: Stand, sender: Person, approver: Person
) -> None:
    await drafted(sender)
    assert (await the(staffed)).texts == {"ru": {"telegram": "<b>Работы</b> у вас, {name}: ночью"}}
    sender.presses("Посмотреть")
    await sender.is_told("Пришлём в этот чат")
    assert "Работы у вас, A: ночью" in await sender.sees("у вас, A:")
    await asked_for_approval(sender)
    await approved(approver)
    await staffed.updates_handled()
    await goes_out(staffed)
    for chat, holder in zip(READERS, "AAB", strict=True):
        await Person(staffed.api, chat).sees(f"Работы у вас, {holder}: ночью")
    for each in (sender, approver):  # both cards go on by themselves
        report = await each.sees("завершена")
        assert "Получателей: 3" in report
        assert "Отправлено: 3" in report
        assert "100 %" in report
    done = await the(staffed)
    assert (done.state, done.total, done.approved_by) == (BroadcastState.DONE, 3, "boris")


async def test_a_stranger_finds_nothing_and_forges_nothing(staffed: Stand, sender: Person) -> None:
    await drafted(sender)
    stranger = Person(staffed.api, STRANGER)
    stranger.says("/broadcast")
    unknown = await stranger.sees("Не понимаю")
    stranger.says("/nonsense")
    await staffed.updates_handled()
    assert stranger.messages[-1]["text"] == unknown
    for forged in (
        to.ToDesk(), to.NewBroadcast(), to.ToBroadcast(broadcast=1), to.Begin(broadcast=1, version=1),
        to.Act(broadcast=1, version=1, what=Action.CANCEL), to.Ask(broadcast=1, what=Action.CANCEL),
    ):  # fmt: skip
        stranger.presses_stale(forged.pack())
    await staffed.updates_handled()
    assert "Работы" not in str(stranger.messages)
    assert all("broadcast" not in str(each) for each in staffed.api.screen.seen(STRANGER)["commands"])
    assert (await the(staffed)).state == BroadcastState.DRAFT


async def test_a_viewer_looks_and_changes_nothing(staffed: Stand, sender: Person) -> None:
    await drafted(sender)
    viewer = Person(staffed.api, VIEWER)
    viewer.says("/broadcast")
    await viewer.sees("Вы — vera")
    assert "Новая рассылка" not in viewer.buttons()
    viewer.presses("Работы")
    await viewer.sees("черновик")
    assert viewer.buttons() == ["Обновить", "Все рассылки"]
    viewer.presses_stale(to.Begin(broadcast=1, version=1).pack())
    await viewer.is_told("роль этого не позволяет")
    assert (await the(staffed)).state == BroadcastState.DRAFT


async def test_nobody_approves_what_they_wrote_nor_another_version(
    staffed: Stand, sender: Person, approver: Person
) -> None:
    await staffed.core.staff.change("anna", by="admin", role=Role.APPROVER)
    await drafted(sender)
    await asked_for_approval(sender)
    sender.presses("Обновить")
    await sender.sees("ждёт второго")
    sender.presses("Утвердить")
    await sender.is_told("утверждает другой сотрудник")
    version = (await the(staffed)).version
    approver.says("/start")
    await approver.sees("бот компании")
    approver.presses_stale(to.Act(broadcast=1, version=version - 1, what=Action.APPROVE).pack())
    await approver.is_told("тем временем изменили")
    assert (await the(staffed)).state == BroadcastState.WAITING


async def test_two_staff_at_once_do_not_write_over_each_other(staffed: Stand, sender: Person) -> None:
    await drafted(sender)
    stale = sender.data("служебная")
    sender.presses("Только днём", times=3)  # one change, however often it is tapped
    await sender.sees("черновик")
    await staffed.updates_handled()
    held = await the(staffed)
    assert (held.urgent, held.version) == (True, 2)
    sender.presses_stale(stale)
    await sender.is_told("тем временем изменили")
    assert (await the(staffed)).kind == "service"


async def test_an_audience_is_narrowed_by_buttons_and_by_a_list(staffed: Stand, sender: Person) -> None:
    await drafted(sender, "Для всех")
    sender.presses("Получатели")
    await sender.sees("Кто получит рассылку 1?")
    sender.presses("Баланс")
    await sender.sees("Баланс: кто получит?")
    sender.presses("0,00")
    await sender.sees("Баланс: кто получит?")
    await staffed.updates_handled()
    sender.presses("Назад")
    await sender.sees("Баланс: 0,00")
    sender.presses("Посчитать")
    assert "Telegram: 1 сообщение" in await sender.sees("Сейчас это:")
    sender.presses("Все")
    await staffed.updates_handled()
    sender.presses("Список счетов")
    await sender.sees("Пришлите номера счетов")
    sender.says("100080, 999")
    await sender.sees("999")
    sender.says("100080, 0100080")
    await sender.sees("Только счета из списка")
    sender.presses("Посчитать")
    assert "Telegram: 2 сообщения" in await sender.sees("Сейчас это:")


async def test_an_sms_says_the_same_without_formatting_until_it_is_written(
    staffed: Stand, sender: Person
) -> None:
    await drafted(sender, "**Работы** & ремонт")
    sender.presses("⟳ Telegram")
    await staffed.updates_handled()
    sender.presses("⟳ SMS")  # the next way: Telegram, SMS to who has none
    await staffed.updates_handled()
    assert (await the(staffed)).texts["ru"]["sms"] == "Работы & ремонт"
    sender.presses("Текст: Русский")
    await sender.sees("Пришлите текст")
    sender.says("__Авария__")
    await sender.sees("SMS: Авария")
    sender.presses("SMS: Русский")
    await sender.sees("Пришлите текст SMS")
    sender.says("Нет связи")
    await sender.sees("SMS: Нет связи")
    assert (await the(staffed)).texts == {"ru": {"telegram": "<i>Авария</i>", "sms": "Нет связи"}}
    sender.presses("Посмотреть")
    await sender.sees("В SMS, 1 часть:\nНет связи")
    assert "Авария" in [message["text"] for message in sender.messages]


async def test_a_cancel_is_asked_back_and_a_late_tap_finds_it_done(staffed: Stand, sender: Person) -> None:
    await drafted(sender)
    sender.presses("Отменить рассылку")
    await sender.sees("Отменить рассылку 1?")
    sender.presses("Да, отменить", times=3)
    await sender.sees("отменена")
    await staffed.updates_handled()
    assert (await the(staffed)).state == BroadcastState.CANCELLED
    sender.presses_stale(to.Begin(broadcast=1, version=1).pack())
    await sender.is_told("Уже нельзя")


async def test_what_was_sent_is_changed_after_a_typed_yes_and_deleted(
    staffed: Stand, sender: Person, approver: Person
) -> None:
    await sent_to_all(staffed, sender, approver, "Свет будет в 8")
    reader = Person(staffed.api, READERS[0])
    for answer in ("нет", "да"):
        await edited(sender, "Свет будет в **9**", answer)
        await staffed.updates_handled()
    assert "Свет будет в 8" in str(reader.messages)
    approver.presses("Открыть")
    await approver.sees("изменение текста: ждёт второго")
    approver.presses("Утвердить")
    await staffed.updates_handled()
    await goes_out(staffed)
    await reader.sees("Свет будет в 9")
    sender.says("/broadcast")
    await sender.sees("Рассылки. Вы")
    sender.presses("завершена")
    await sender.sees("Изменены после отправки: 3")
    sender.presses("Удалить у всех")
    await sender.sees("48 часов")
    sender.presses("Да, удалить")
    await staffed.updates_handled()
    await goes_out(staffed)
    await sender.sees("Удалены из чатов: 3")
    assert reader.messages == []


async def test_advertising_ends_by_one_tap_and_comes_back_in_the_settings(
    staffed: Stand, sender: Person
) -> None:
    reader = Person(staffed.api, READERS[0])
    await staffed.core.consents.give(reader.payer, "test")
    await drafted(sender, "Скидка!")
    sender.presses("служебная")
    await sender.sees("реклама")
    sender.presses("Только днём")
    await sender.is_told("Реклама не отправляется ночью")
    sender.presses("Посчитать и отправить")
    assert "Telegram: 1 сообщение" in await sender.sees("сообщени")
    sender.presses("Отправить")
    await staffed.updates_handled()
    await goes_out(staffed)
    await reader.sees("Скидка!")
    reader.presses("Не присылать рекламу", times=2)
    await reader.is_told("Рекламы больше не будет")
    assert reader.messages[-1]["text"] == "Скидка!"
    assert not await staffed.core.consents.lives(reader.payer)
    reader.says("/settings")
    await reader.sees("Настройки")
    reader.presses("☐ Присылать рекламу")
    await staffed.updates_handled()
    assert "☑ Присылать рекламу" in reader.buttons()
    assert await staffed.core.consents.lives(reader.payer)

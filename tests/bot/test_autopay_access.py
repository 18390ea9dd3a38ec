"""Autopay in the chat of others: a stranger moves nothing, who may only look changes nothing."""

from core.states import MandateState
from core.use_cases.schedules import EveryDays
from handlers.telegram import buttons_autopay as to
from tests.bot.scenes import code_on_the_phone, linked, maybe_state_of, state_of, with_autopay, with_card
from tests.bot.stand import Person, Stand
from tests.core.autopay_scenes import CONSENT


async def reads_alone(stand: Stand, person: Person) -> None:
    """Linked by a shared contact: may look, and change nothing."""
    stand.api.phones.describe(person.id, phone="+7 914 123-45-67")
    stand.api.phones.share_contact(person.id, own=True)
    await person.sees("привязано 2 счёта")


async def test_a_stranger_s_button_moves_nobody_s_autopay(keeping: Stand, keeper: Person) -> None:
    held = await with_autopay(keeping, keeper)
    stranger = Person(keeping.api, 7002)
    stranger.says("/help")
    await stranger.sees("Справочная")
    assert held.next_on is not None
    for forged in (
        to.SkipCharge(mandate=held.mandate_id, on=held.next_on),
        to.PauseAutopay(number="100080"),
        to.DeleteAutopay(number="100080"),
        to.ToAutopay(number="100080"),
        to.to(to.Change, to.draft("100080", held.terms), mark=to.mark_of(CONSENT), kopecks=100_00),
    ):
        stranger.presses_stale(forged.pack())
        await keeping.settled()
        assert "100080" not in str(stranger.messages)
    assert await state_of(keeping, keeper) == held


async def test_a_stranger_s_card_cannot_be_agreed_to(keeping: Stand, keeper: Person) -> None:
    card = await with_card(keeping, keeper)
    other = Person(keeping.api, 7002)
    await linked(keeping, other, "beta")
    draft = to.ToDraft(number="166301", kopecks=300_00, period=EveryDays(30), card=card.id)
    other.presses_stale(to.to(to.Connect, draft, mark=to.mark_of(CONSENT)).pack())
    await other.is_told("устарело")
    assert await maybe_state_of(keeping, other, "166301") is None


async def test_who_may_only_look_is_told_how_to_prove_it(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    reader = Person(keeping.api, 7002)
    await reads_alone(keeping, reader)
    reader.says("/autopay")
    screen = await reader.sees("Состояние: действует")
    assert "только для просмотра" in screen
    assert not {"Изменить", "Удалить", "Приостановить"} & set(reader.buttons())
    reader.presses_stale(to.PauseAutopay(number="100080").pack())
    await keeping.settled()
    assert "только для просмотра" in reader.messages[-1]["text"]
    reader.presses("Войти или получить код")
    await reader.sees("одноразовый код")
    reader.says("/autopay")
    await reader.sees("Состояние: действует")
    reader.presses("Другой счёт")
    await reader.sees("Автоплатёж какого счёта?")
    reader.presses("166301")
    await reader.sees("На счёте 166301 автоплатежа нет")
    assert (await state_of(keeping, keeper)).state == MandateState.ACTIVE


async def test_another_person_with_full_access_ends_it_and_changes_nothing(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    other = Person(keeping.api, 7002)
    await linked(keeping, other)
    other.says("/autopay")
    await other.sees("Его подключил другой человек")
    assert not {"Изменить", "Возобновить"} & set(other.buttons())
    other.presses("Приостановить")
    await other.sees("приостановлен")
    await keeping.settled()
    other.presses("Возобновить")
    await other.is_told("только тот, кто подключил")
    other.presses("Автоплатёж")
    await other.sees("Его подключил другой человек")
    other.presses("Удалить")
    await other.sees("Удалить автоплатёж")
    other.presses("Да, удалить")
    await other.sees("удалён")
    assert "другой человек" in await keeper.sees("Автоплатёж счёта 100080 удалён")


async def test_who_unlinked_the_account_still_ends_his_autopay(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/accounts")
    await keeper.sees("привязан 1 счёт")
    keeper.presses("100080")
    await keeper.sees("Доступ: полный")
    keeper.presses("Отвязать")
    assert "Ваш автоплатёж этого счёта продолжится" in await keeper.sees("Отвязать счёт 100080")
    keeper.presses("Да, отвязать", times=5)
    await keeper.sees("Чтобы отвязать счёт 100080, введите код")
    keeper.says(await code_on_the_phone(keeping))
    await keeper.sees("Счёт 100080 отвязан")
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    assert "Изменить" not in keeper.buttons()
    keeper.presses("Удалить")
    await keeper.sees("Удалить автоплатёж")
    keeper.presses("Да, удалить")
    await keeper.sees("удалён")
    assert await keeping.core.autopay.agreed_on(keeper.payer) == []

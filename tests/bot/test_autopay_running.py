"""Autopay in the chat once it is agreed to: warned of, skipped, charged, declined, paused, deleted."""

from datetime import timedelta

from core.payments.provider import Declined
from core.states import MandateState
from handlers.telegram import buttons_autopay as to
from tests.bot.scenes import day_comes, maybe_state_of, state_of, with_autopay
from tests.bot.stand import Person, Stand
from tests.core.autopay_scenes import FIRST
from tests.core.scenes import told
from tests.fakes import CARD_MASK

DAY = timedelta(days=1)


async def test_it_is_paused_and_resumed(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Приостановить", times=3)
    await keeper.sees("Автоплатёж счёта 100080 приостановлен")
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_paused") == 1
    await day_comes(keeping, FIRST)
    assert keeping.provider.tokens == []
    keeper.says("/autopay")
    await keeper.sees("приостановлен вами")
    keeper.presses("Возобновить", times=3)
    await keeper.sees("возобновлён")
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_resumed") == 1
    assert (await state_of(keeping, keeper)).state == MandateState.ACTIVE


async def test_a_warning_comes_a_day_ahead_and_its_charge_can_be_skipped(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    await day_comes(keeping, FIRST - DAY)
    warning = await keeper.sees("27 мая 2026 автоплатёж пополнит счёт 100080")
    assert "500,00" in warning
    skip = keeper.data("Пропустить этот раз")
    keeper.presses("Пропустить этот раз", times=3)
    skipped = await keeper.sees("Списание 27 мая 2026 для счёта 100080 пропущено")
    assert "26 июня 2026" in skipped
    await day_comes(keeping, FIRST)
    assert keeping.provider.tokens == []
    keeper.presses_stale(skip)
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_skipped") == 1
    assert (await state_of(keeping, keeper)).next_on == FIRST + 30 * DAY


async def test_what_is_charged_cannot_be_skipped_any_more(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    await day_comes(keeping, FIRST - DAY)
    await keeper.sees("автоплатёж пополнит счёт 100080")
    skip = keeper.data("Пропустить этот раз")
    await day_comes(keeping, FIRST)
    assert len(keeping.provider.tokens) == 1
    assert keeper.messages[-1]["text"].startswith("Деньги на счёте")
    keeper.presses_stale(skip)
    await keeper.is_told("пропустить уже нельзя")


async def test_the_next_charge_is_skipped_from_the_screen(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Пропустить следующее списание")
    assert "26 июня 2026" in await keeper.sees("пропущено")


async def test_a_decline_tells_when_it_is_tried_again(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeping.provider.will(Declined("insufficient_funds"))
    await day_comes(keeping, FIRST)
    said = await keeper.sees("Автоплатёж не смог списать 500,00")
    assert "недостаточно денег" in said
    assert "Повторим 28 мая 2026" in said
    keeper.presses("Автоплатёж")
    assert "повторим 28 мая 2026" in await keeper.sees("Состояние: действует")


async def test_a_refused_card_is_replaced_by_another(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeping.provider.will(Declined("card_expired", hard=True))
    await day_comes(keeping, FIRST)
    said = await keeper.sees("нужна другая карта")
    assert "срок действия карты истёк" in said
    keeper.presses("Выбрать карту")
    await keeper.sees("Состояние: приостановлен, нужна другая карта")
    keeper.presses("Изменить")
    await keeper.sees("проверьте условия")
    keeper.presses("Сохранить изменения")
    await keeper.sees("изменён")
    await keeping.settled()
    assert (await state_of(keeping, keeper)).state == MandateState.PAUSED  # no card was chosen
    keeper.presses("Автоплатёж")
    await keeper.sees("Состояние: приостановлен, нужна другая карта")
    keeper.presses("Выбрать карту")
    await keeper.sees("С какой карты списывать?")
    keeper.presses(CARD_MASK)
    await keeper.sees("проверьте условия")
    keeper.presses("Сохранить изменения")
    await keeping.settled()
    assert (await state_of(keeping, keeper)).state == MandateState.ACTIVE


async def test_deletion_is_asked_for_once_more_and_answered(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    pause = keeper.data("Приостановить")
    keeper.presses("Удалить")
    await keeper.sees("Удалить автоплатёж счёта 100080?")
    keeper.presses("Назад")
    await keeper.sees("Состояние: действует")
    keeper.presses("Удалить")
    await keeper.sees("Удалить автоплатёж счёта 100080?")
    keeper.presses("Да, удалить", times=3)
    await keeper.sees("Автоплатёж счёта 100080 удалён")
    await keeper.is_told("автоплатежа больше нет")
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_deleted") == 1
    assert await maybe_state_of(keeping, keeper) is None
    keeper.presses_stale(pause)
    await keeping.settled()
    assert "удалён" in keeper.messages[-1]["text"]


async def test_the_resumption_of_one_without_a_card_says_what_is_missing(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Приостановить")
    await keeper.sees("приостановлен")
    await keeping.settled()
    (card,) = await keeping.core.cards.of(keeper.payer)
    await keeping.core.cards.unlink(keeper.payer, card.id)
    keeper.presses_stale(to.ResumeAutopay(number="100080").pack())
    await keeper.sees("У автоплатежа нет карты")

"""Saved cards in the chat: remembered at a tick, paid with in one tap, chosen, unlinked at once."""

from datetime import date, timedelta

from core.ids import CardId, new_id
from core.payments.provider import Declined, Pending, Unknown
from core.states import MandateState
from handlers.telegram import buttons
from handlers.telegram import buttons_autopay as to
from tests.bot.scenes import linked, paid, quoted, state_of, with_autopay, with_card
from tests.bot.stand import Person, Stand
from tests.core.scenes import told
from tests.fakes import CARD_EXPIRES, CARD_MASK


async def another_card(stand: Stand, person: Person) -> CardId:
    """A second card of the person's, of another number."""
    stand.provider.saved_mask = "555544******0055"
    await paid(stand, person, "100", remember=True)
    return next(card.id for card in await stand.core.cards.of(person.payer) if card.mask[-2:] == "55")


async def test_a_card_is_remembered_only_where_its_payer_ticks_it(keeping: Stand, keeper: Person) -> None:
    await linked(keeping, keeper)
    await paid(keeping, keeper)
    assert await keeping.core.cards.of(keeper.payer) == []
    await quoted(keeper)
    assert "☐ Запомнить карту" in keeper.buttons()
    keeper.presses("Запомнить карту")
    await keeper.sees("Карта будет запомнена")
    assert "☑ Запомнить карту" in keeper.buttons()
    keeper.presses("Запомнить карту")
    await keeping.settled()
    assert "☐ Запомнить карту" in keeper.buttons()
    keeper.presses("Подтвердить")
    await keeper.sees("оплатите на странице карты")
    await keeping.pays()
    await keeping.settled()
    assert await keeping.core.cards.of(keeper.payer) == []
    await paid(keeping, keeper, remember=True)
    assert CARD_MASK in await keeper.sees("сохранена. В следующий раз")
    (card,) = await keeping.core.cards.of(keeper.payer)
    assert (card.mask, card.expires, card.default) == (CARD_MASK, CARD_EXPIRES, True)


async def test_a_saved_card_pays_in_one_tap_and_once(keeping: Stand, keeper: Person) -> None:
    await with_card(keeping, keeper)
    await quoted(keeper, "250")
    before = len(keeping.provider.tokens), len(keeper.messages)
    keeper.presses(f"картой {CARD_MASK}", times=5)
    receipt = await keeper.sees("250,00")
    await keeping.settled()
    assert "Деньги на счёте" in keeper.messages[-2]["text"] + receipt
    assert len(keeping.provider.tokens) == before[0] + 1
    await keeper.is_told("уже оплачено")


async def test_the_bank_s_page_is_shown_where_it_asks(keeping: Stand, keeper: Person) -> None:
    await with_card(keeping, keeper)
    await quoted(keeper, "250")
    keeping.provider.will(Pending("c-9", checkout_url="https://bank.example/3ds"))
    keeper.presses(f"картой {CARD_MASK}")
    await keeper.sees("банк просит CVC")
    assert keeper.url("Открыть страницу оплаты") == "https://bank.example/3ds"
    await keeping.pays()
    await keeper.sees("Деньги на счёте")


async def test_a_refusal_and_a_silence_of_the_bank_are_told(keeping: Stand, keeper: Person) -> None:
    await with_card(keeping, keeper)
    await quoted(keeper, "250")
    keeping.provider.will(Declined("insufficient_funds"))
    keeper.presses(f"картой {CARD_MASK}")
    await keeper.sees("платёж отклонён")
    await quoted(keeper, "260")
    keeping.provider.will(Unknown("timeout"), charged=True)
    keeper.presses(f"картой {CARD_MASK}")
    await keeper.sees("Не платите ещё раз")


async def test_a_stranger_s_card_pays_nothing(keeping: Stand, keeper: Person) -> None:
    card = await with_card(keeping, keeper)
    stranger = Person(keeping.api, 7002)
    stranger.says("/pay")
    await stranger.sees("Введите его номер")
    stranger.says("100080")
    await stranger.sees("Сколько рублей")
    stranger.says("300")
    await stranger.sees("К оплате")
    own = buttons.Confirm.unpack(stranger.data("Подтвердить"))
    before = len(keeping.provider.calls)
    for forged in (
        buttons.Confirm(top_up=own.top_up, card=card.id),
        to.ToCard(card=card.id),
        to.DefaultCard(card=card.id),
        to.UnlinkCard(card=card.id),
    ):
        stranger.presses_stale(forged.pack())
        await keeping.settled()
        assert CARD_MASK not in str(stranger.messages) + str(stranger.toasts)
    assert len(keeping.provider.calls) == before
    assert await keeping.core.cards.of(keeper.payer) == [card]


async def test_cards_are_listed_chosen_and_marked(keeping: Stand, keeper: Person) -> None:
    await with_card(keeping, keeper)
    second = await another_card(keeping, keeper)
    keeper.says("/cards")
    shown = await keeper.sees("Ваши карты:")
    assert f"{CARD_MASK}, до 12/2030, предлагается первой" in shown
    assert "555544******0055, до 12/2030" in shown
    keeper.presses("555544******0055")
    await keeper.sees("Карта отвязывается сразу")
    keeper.presses("Предлагать первой", times=2)
    assert "555544******0055, до 12/2030, предлагается первой" in await keeper.sees("Ваши карты:")
    await keeper.is_told("теперь предлагается первой")
    await keeping.settled()  # the second tap too: a button that comes late leaves the dialogue
    await quoted(keeper, "100")
    assert "555544******0055" in keeper.buttons()[0]
    assert CARD_MASK in keeper.buttons()[1]
    (first,) = [card for card in await keeping.core.cards.of(keeper.payer) if card.default]
    assert first.id == second


async def test_an_expired_card_is_shown_as_such_and_is_not_offered(keeping: Stand, keeper: Person) -> None:
    await with_card(keeping, keeper)
    keeping.clock.shift(timedelta(days=(date(2031, 1, 2) - date(2026, 4, 27)).days))
    keeper.says("/cards")
    assert f"{CARD_MASK}, истекла 12/2030" in await keeper.sees("Ваши карты:")
    await quoted(keeper, "100")
    assert CARD_MASK not in str(keeper.buttons())


async def test_unlinking_names_its_consequence_before_and_after(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/cards")
    await keeper.sees("Ваши карты:")
    keeper.presses(CARD_MASK)
    before = await keeper.sees("С неё списывает автоплатёж счёта 100080")
    assert "он приостановится" in before
    keeper.presses("Отвязать карту", times=3)
    after = await keeper.sees(f"Карта {CARD_MASK} отвязана")
    assert "Автоплатёж счёта 100080 приостановлен" in after
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("card_unlinked") == 1
    assert await keeping.core.cards.of(keeper.payer) == []
    held = await state_of(keeping, keeper)
    assert (held.state, held.reason) == (MandateState.PAUSED, "card_needed")
    keeper.presses("Автоплатёж счёта 100080")
    await keeper.sees("нужна другая карта")
    assert "Карта: пока нет" in keeper.messages[-1]["text"]
    keeper.presses("Выбрать карту")
    await keeper.sees("Сохранённых карт нет")
    keeper.presses("Назад")
    await keeper.sees("проверьте условия")


async def test_a_saved_card_that_was_unlinked_meanwhile_pays_nothing(keeping: Stand, keeper: Person) -> None:
    card = await with_card(keeping, keeper)
    await quoted(keeper, "250")
    await keeping.core.cards.unlink(keeper.payer, card.id)
    before = len(keeping.provider.calls)
    keeper.presses(f"картой {CARD_MASK}")
    await keeper.is_told("устарело")
    assert len(keeping.provider.calls) == before


async def test_a_tick_after_the_confirmation_changes_nothing(keeping: Stand, keeper: Person) -> None:
    await linked(keeping, keeper)
    await quoted(keeper)
    tick = keeper.data("Запомнить карту")
    keeper.presses("Подтвердить")
    await keeper.sees("оплатите на странице карты")
    keeper.presses_stale(tick)
    await keeper.is_told("уже подтверждено")
    assert "оплатите на странице карты" in keeper.messages[-1]["text"]
    forged = buttons.Remember(top_up=new_id(), on=True)
    keeper.presses_stale(forged.pack())
    await keeper.is_told("устарело")


async def test_the_tick_of_another_person_s_quote_is_refused(keeping: Stand, keeper: Person) -> None:
    await linked(keeping, keeper)
    await quoted(keeper)
    tick = keeper.data("Запомнить карту")
    stranger = Person(keeping.api, 7002)
    stranger.says("/help")
    await stranger.sees("Справочная")
    stranger.presses_stale(tick)
    await stranger.is_told("устарело")
    keeping.clock.shift(timedelta(minutes=16))
    keeper.presses("Запомнить карту")
    await keeper.sees("Время на подтверждение вышло")

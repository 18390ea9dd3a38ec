"""What the chat says: the handbook's two screens, every notice, every refusal, in both languages."""

import inspect
from datetime import UTC, date, datetime, timedelta

import pytest

from core import errors
from core.ids import AccountId, new_id
from core.messages.notices import CheckoutReady, Declined, Held, Linked, Notice, Paid, Pending, Unlinked
from core.money import Money
from core.profile import Profile
from core.states import Access, Method, PaymentState, TopUpState, TransferKind
from core.use_cases.account_screen import AccountScreen, AccountState
from core.use_cases.accounts import LinkedAccount
from core.use_cases.history import HistoryItem, HistoryPage
from core.use_cases.quote import Quote
from core.use_cases.top_ups import Confirmed
from handlers.locale import Catalogues
from handlers.telegram import texts, texts_balance, texts_notices, texts_top_up
from handlers.telegram.errors import refused, told
from handlers.telegram.html import Html

ACCOUNT = AccountId(new_id())
AT = datetime(2026, 4, 27, 5, 0, tzinfo=UTC)
NBSP = "\N{NO-BREAK SPACE}"
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def catalogues(profile: Profile) -> Catalogues:
    return Catalogues(profile.zone)


@pytest.fixture(params=["ru", "en"])
def words(request: pytest.FixtureRequest, catalogues: Catalogues) -> Html:
    return Html(catalogues.words("telegram", request.param))


@pytest.fixture
def russian(catalogues: Catalogues) -> Html:
    return Html(catalogues.words("telegram", "ru"))


def screen(**fields: object) -> AccountScreen:
    first = {
        "number": "100080",
        "balance": Money(19819),
        "charged": Money(79114),
        "days_until_block": 6,
        "recommended": Money(69191),
        "tariff": "Москва",
        "tariff_next": None,
        "monthly": Money(89000),
        "next_period_at": datetime(2026, 4, 30, 14, 0, tzinfo=UTC),
        "time_left": timedelta(days=3, hours=9),
        "state": AccountState.ACTIVE,
    }
    return AccountScreen(**(first | fields))  # type: ignore[arg-type]  # fields of a table


def test_the_handbook_s_first_screen(russian: Html) -> None:
    shown = texts_balance.balance(russian, ACCOUNT, screen(), several=False).text.replace(NBSP, " ")
    assert shown.split("\n") == [
        "Лицевой счёт <b>100080</b>",
        "Баланс: <b>198,19 ₽</b>",
        "Состояние: активен",
        "",
        "Списано с 1-го числа: 791,14 ₽",
        "Дней до блокировки: 6",
        "Рекомендуемая предоплата: 691,91 ₽",
        "",
        "Тариф: Москва",
        "Тариф со следующего периода: Москва",
        "Следующий период: 1 мая 2026, 00:00, через 3 дня",
    ]


def test_the_handbook_s_second_screen(russian: Html) -> None:
    bare = screen(
        balance=Money(1926),
        charged=Money(0),
        days_until_block=0,
        recommended=None,
        tariff=None,
        monthly=None,
        next_period_at=None,
        time_left=None,
        state=AccountState.BLOCKED,
    )
    shown = texts_balance.balance(russian, ACCOUNT, bare, several=False).text
    assert "Дней до блокировки: сегодня" in shown
    assert "Рекомендуемая предоплата: —" in shown
    assert "Тариф: —" in shown
    assert "Следующий период: —" in shown
    assert "заблокирован" in shown


@pytest.mark.parametrize("state", AccountState)
def test_every_state_has_words_of_its_own(words: Html, state: AccountState) -> None:
    said = {
        texts_balance.balance(words, ACCOUNT, screen(state=one), several=True).text for one in AccountState
    }
    assert len(said) == len(AccountState)
    assert texts_balance.balance(words, ACCOUNT, screen(state=state), several=True).text in said


@pytest.mark.parametrize("left, said", [(timedelta(hours=5), "5 часов"), (timedelta(minutes=5), "0 часов")])
def test_the_time_left_is_told_in_hours_on_the_last_day(russian: Html, left: timedelta, said: str) -> None:
    shown = screen(time_left=left, recommended=Money(0), days_until_block=None)
    text = texts_balance.balance(russian, ACCOUNT, shown, several=False).text
    assert said in text
    assert "не нужна" in text


NOTICES: list[Notice] = [
    Paid("100080", Money(50000), Money(1500), Money(51500), "mobile", transaction="T-1", at=AT, late=True),
    Paid("100080", Money(50000), Money(0), Money(50000), "card", card_mask="4276 85xx xxxx 7173"),
    Declined("100080", Money(50000), "insufficient_funds"),
    Pending("100080", Money(50000)),
    Held("100080", Money(50000)),
    CheckoutReady("100080", Money(50000), "https://pay.example/1"),
    Linked("100080", "full"),
    Linked("100080", "full", by_other=True),
    Unlinked("100080"),
]


@pytest.mark.parametrize("said", NOTICES, ids=lambda said: said.template)
def test_a_notice_names_the_account_and_a_repeat_says_so(words: Html, said: Notice) -> None:
    once = texts_notices.notice(words, said.template, said.params(), repeat=False)
    again = texts_notices.notice(words, said.template, said.params(), repeat=True)
    assert "100080" in once.text
    assert again.text.endswith(once.text)
    assert len(again.text) > len(once.text)
    assert again.keyboard == once.keyboard


def test_a_receipt_has_every_fact(russian: Html) -> None:
    text = texts_notices.notice(russian, "paid", NOTICES[0].params(), repeat=False).text.replace(NBSP, " ")
    assert all(
        fact in text for fact in ("500,00 ₽", "15,00 ₽", "515,00 ₽", "T-1", "27 апреля 2026, 15:00", "позже")
    )


REFUSALS: list[errors.Refusal] = [
    errors.UnknownAccount("999999"),
    errors.AmountTooSmall(Money(1000)),
    errors.AmountTooLarge(Money(1499900)),
    errors.AmountMalformed(),
    errors.NoOpenQuote(),
    errors.QuoteExpired(),
    errors.SumNeeded(Money(1000)),
    errors.WrongSum(Money(1000)),
    errors.CodeNeeded(),
    errors.TooManyCodes(),
    errors.NotYours(),
    errors.StaleScreen(),
    errors.AlreadyConfirmed(new_id()),
    errors.NotLinked(),
    errors.AlreadyLinked("100080"),
    errors.NoRegisteredPhone(),
    errors.ForeignContact(),
    errors.LoginRefused(),
    errors.TooManyTries(timedelta(minutes=3) - SECOND),
    errors.TooManyTries(timedelta(hours=3)),
    errors.CodeWrong(1),
    errors.CodeExpired(),
    errors.LinkExpired(),
    errors.MethodUnavailable(),
    errors.FullAccessNeeded(),
    errors.MandateExists("100080"),
    errors.NoMandate(),
    errors.CardNeeded(),
    errors.PeriodOutOfRange(7, 90),
    errors.UntilTooEarly(date(2026, 5, 27)),
    errors.DaysOutOfRange(14),
    errors.ConsentOutdated(),
    errors.AccountNeeded(["100080", "166301"]),
    errors.OperatorUnknown(),
    errors.LimitReached("phone", "day", Money.roubles(15_000), Money.roubles(100), "100080"),
]


def test_the_table_of_refusals_is_whole() -> None:
    kinds = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.Refusal) and not issubclass(kind, errors.StaffRefusal)
    }
    assert {type(refusal) for refusal in REFUSALS} == kinds - {errors.Refusal, errors.TooManyUnknownAccounts}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
@pytest.mark.parametrize("pressed", [True, False])
def test_a_refusal_is_said_without_markup(words: Html, refusal: errors.Refusal, pressed: bool) -> None:
    assert not set("<>&") & set(told(refusal, words))
    said = refused(refusal, words, pressed=pressed)
    assert said is not None
    assert said.text or said.toast


def test_who_guesses_at_accounts_is_told_nothing(words: Html) -> None:
    assert refused(errors.TooManyUnknownAccounts(), words, pressed=False) is None


def quote(**fields: object) -> Quote:
    first = {
        "id": new_id(),
        "number": "100080",
        "amount": Money(50000),
        "commission": Money(0),
        "total": Money(50000),
        "commission_from": False,
        "method": Method.CARD,
        "expires_at": AT,
        "state": TopUpState.QUOTED,
        "operator": None,
        "code": None,
        "needs_sum": False,
    }
    return Quote(**(first | fields))  # type: ignore[arg-type]  # fields of a table


@pytest.mark.parametrize(
    "commission, by_provider, said",
    [(0, False, "Комиссия: нет"), (1500, False, "Комиссия: 15,00 ₽"), (1500, True, "Комиссия: от 15,00 ₽")],
)
def test_a_quote_tells_who_takes_what(russian: Html, commission: int, by_provider: bool, said: str) -> None:
    asked = quote(commission=Money(commission), commission_from=by_provider)
    assert said in texts_top_up.quote(russian, asked).text.replace(NBSP, " ")


@pytest.mark.parametrize("state", PaymentState)
def test_every_outcome_of_a_confirmation_has_words(words: Html, state: PaymentState) -> None:
    confirmed = Confirmed(quote(), state, None, None, repeated=True)
    shown = texts_top_up.confirmed(words, confirmed)
    assert bool(shown.text) != bool(shown.toast)


@pytest.mark.parametrize("state", PaymentState)
@pytest.mark.parametrize("repeated", [True, False])
def test_a_saved_card_s_first_outcome_is_left_to_the_notice(
    words: Html, state: PaymentState, repeated: bool
) -> None:
    confirmed = Confirmed(quote(), state, None, None, repeated=repeated)
    shown = texts_top_up.confirmed(words, confirmed, saved_card=True)
    told_by_notice = state in (PaymentState.SUCCEEDED, PaymentState.DECLINED) and not repeated
    assert bool(shown.text or shown.toast) != told_by_notice


def test_the_bank_s_question_has_the_address_of_its_page(words: Html) -> None:
    confirmed = Confirmed(quote(), PaymentState.PENDING, "https://bank.example/3ds", None, repeated=False)
    shown = texts_top_up.confirmed(words, confirmed, saved_card=True)
    assert "CVC" in shown.text
    assert "https://bank.example/3ds" in str(shown.keyboard)


@pytest.mark.parametrize("kind", TransferKind)
def test_history_has_words_for_every_kind(words: Html, kind: TransferKind) -> None:
    account = LinkedAccount(ACCOUNT, "100080", Access.FULL, None)
    items = [
        HistoryItem(new_id(), AT, Money(100), kind, method, mask)  # type: ignore[arg-type]  # any UUID will do
        for method, mask in [(None, None), (Method.MOBILE, None), (Method.CARD, "4276 85xx")]
    ]
    shown = texts_balance.history(words, account, HistoryPage(items, None), first=True)
    assert shown.text.count("1") >= 3


def test_an_account_without_a_tariff_shows_none(words: Html) -> None:
    assert "\n" in texts.account(words, LinkedAccount(ACCOUNT, "100080", Access.READ, None)).text
    assert "Москва" in texts.account(words, LinkedAccount(ACCOUNT, "100080", Access.FULL, "Москва")).text


def test_facts_are_never_markup(words: Html) -> None:
    hostile = LinkedAccount(ACCOUNT, "100080", Access.FULL, "<b>&")
    assert "&lt;b&gt;&amp;" in texts.account(words, hostile).text
    assert words.date(AT)
    assert words.code in ("ru", "en")

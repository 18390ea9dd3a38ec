"""Screens of autopay on an account: how it stands, what may be done, what was refused."""

from collections.abc import Sequence

from core.states import MandateState
from core.use_cases.accounts import LinkedAccount
from core.use_cases.autopay import AutopayScreen
from core.use_cases.provider_mandates import ProviderMandate
from handlers.telegram import buttons, keyboards, keyboards_autopay, texts_agreement
from handlers.telegram import buttons_autopay as to
from handlers.telegram.html import Html
from handlers.telegram.keyboards_autopay import Rights, provider_name
from handlers.telegram.screen import Screen
from handlers.telegram.texts_agreement import Facts


def state(
    words: Html,
    place: LinkedAccount,
    held: AutopayScreen,
    kept: Sequence[ProviderMandate],
    *,
    several: bool,
) -> Screen:
    may = Rights.of(place, held)
    lines = [
        words("Autopay of account <b>{number}</b>", number=held.number),
        _standing(words, held),
        *texts_agreement.lines(words, _facts(held)),
    ]
    if held.retry_on is not None:
        lines.append(
            words(
                "The last charge was declined, it is tried again on {date}.", date=words.date(held.retry_on)
            )
        )
    if held.in_flight:
        lines.append(words("A charge is under way now."))
    if not held.mine:
        lines.append(words("Another person linked to this account connected it, and only they change it."))
    if not may.end or (held.mine and not may.change):
        lines.append(needs_full_access(words))
    lines += kept_lines(words, kept)
    return Screen("\n".join(lines), keyboards_autopay.state(words, held, may, kept, several=several))


def none_for_reader(
    words: Html, place: LinkedAccount, kept: Sequence[ProviderMandate], *, several: bool
) -> Screen:
    """No autopay, and the reader's link may only look."""
    lines = [
        words("Account <b>{number}</b> has no autopay.", number=place.number),
        needs_full_access(words),
        *kept_lines(words, kept),
    ]
    return Screen("\n".join(lines), keyboards_autopay.reader(words, place, kept, several=several))


def provider_s(words: Html, place: LinkedAccount, kept: Sequence[ProviderMandate]) -> Screen:
    """Where cards are not kept here, and the provider keeps mandates of its own."""
    lines = [words("Autopay of account <b>{number}</b>", number=place.number), *kept_lines(words, kept)]
    return Screen("\n".join(lines), keyboards_autopay.kept(words, place.number, kept))


def which(words: Html, places: Sequence[LinkedAccount]) -> Screen:
    return Screen(words("Autopay of which account?"), keyboards_autopay.which(words, places))


def unavailable(words: Html) -> Screen:
    return Screen(words("Autopay and saved cards are not available here."), keyboards.to_menu(words))


def needs_full_access(words: Html) -> str:
    return words(
        "You may look at this account. To connect or change autopay, prove that it is yours: log in, or "
        "confirm it with a code sent by SMS."
    )


def too_late(words: Html) -> Screen:
    return Screen(
        toast=words("This charge cannot be skipped any more: it is made, or its date has changed."),
        alert=True,
    )


def not_yours(words: Html) -> Screen:
    return Screen(toast=words("Only the person who connected this autopay can do that."), alert=True)


def unchanged(words: Html) -> Screen:
    return Screen(toast=words("These settings are in force already."))


def ask_delete(words: Html, number: str) -> Screen:
    text = words(
        "Delete autopay of account <b>{number}</b>? Nothing is charged after that. The card "
        "stays remembered.",
        number=number,
    )
    yes = keyboards.button(words("Yes, delete"), to.DeleteAutopay(number=number))
    return Screen(text, keyboards.rows([yes], keyboards.back(words, to.ToAutopay(number=number))))


def ask_end(words: Html, asked: to.AskEnd) -> Screen:
    text = words(
        "Delete the autopay that the payment provider keeps for account <b>{number}</b>?",
        number=asked.number,
    )
    yes = to.EndAtProvider(number=asked.number, mandate=asked.mandate)
    return Screen(
        text,
        keyboards.rows(
            [keyboards.button(words("Yes, delete"), yes)],
            keyboards.back(words, to.ToAutopay(number=asked.number)),
        ),
    )


def ending(words: Html, number: str) -> Screen:
    text = words(
        "The payment provider is asked to delete its autopay of account {number}; we ask "
        "until it has done so.",
        number=number,
    )
    return Screen(text, keyboards.rows(keyboards.back(words, to.ToAutopay(number=number))))


def done(words: Html, held: AutopayScreen) -> Screen:
    """Over the chat; the notice says the rest in place of the screen."""
    match held.state:
        case MandateState.PAUSED:
            return Screen(toast=words("Autopay is paused."))
        case MandateState.REQUESTED:
            return Screen(toast=words("One step is left: the card."))
    return Screen(toast=words("Autopay is on."))


def gone(words: Html) -> Screen:
    return Screen(toast=words("Autopay is deleted."))


def skipped(words: Html) -> Screen:
    return Screen(toast=words("This charge is skipped."))


def card_needed(words: Html) -> Screen:
    text = words(
        "Autopay has no card that can be charged. Top up with “Remember my card” ticked, "
        "then choose that card."
    )
    return Screen(
        text,
        keyboards.rows(
            [keyboards.button(words("Top up"), buttons.ToTopUp())],
            keyboards.back(words, to.ToAutopay()),
        ),
    )


def _standing(words: Html, held: AutopayScreen) -> str:
    match held.state, held.reason:
        case MandateState.REQUESTED, _:
            return words("State: waits for a card, which a top-up with “Remember my card” saves")
        case MandateState.PAUSED, "card_needed":
            return words("State: paused, another card is needed")
        case MandateState.PAUSED, "failed":
            return words("State: paused, three charges one after another did not go through")
        case MandateState.PAUSED, _:
            return words("State: paused by you") if held.mine else words("State: paused")
    return words("State: on")


def _facts(held: AutopayScreen) -> Facts:
    return Facts(
        amount=held.terms.amount,
        period=held.terms.period,
        mask=None if held.card is None else held.card.mask,
        until=held.terms.until,
        next_on=held.next_on,
    )


def kept_lines(words: Html, kept: Sequence[ProviderMandate]) -> list[str]:
    return ["", *(_kept_line(words, each) for each in kept)] if kept else []


def _kept_line(words: Html, each: ProviderMandate) -> str:
    provider = provider_name(each)
    if each.deleting:
        return words("Autopay kept by {provider}: is being deleted", provider=provider)
    if each.next_on is None:
        return words("Autopay kept by {provider}", provider=provider)
    date = words.date(each.next_on)
    return words("Autopay kept by {provider}: next charge {date}", provider=provider, date=date)

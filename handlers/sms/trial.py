"""A text tried out: what it would be understood as and answered, with nothing stored, charged or sent."""

from functools import cache
from zoneinfo import ZoneInfo

from core.errors import AmountTooLarge, OperatorUnknown
from core.ids import Payer
from core.messages.notices import Help, LanguageChosen, Notice, Quoted, Started, Stopped
from core.profile import Profile
from handlers.locale import Catalogues
from handlers.sms import errors
from handlers.sms.language_words import language_of
from handlers.sms.short_code import Command, CommandKind, Dialect, parse
from handlers.sms.texts import Texts

# The command line's word for what only the SMS door knows.
_UNTOLD = {CommandKind.START: CommandKind.UNKNOWN}

_DEPENDS = {
    CommandKind.ADVERTISING_STATE: "(whether this phone has agreed to advertising)",
    CommandKind.ADVERTISING_ON: "(advertising agreed to, where an account has this phone)",
    CommandKind.ADVERTISING_OFF: "(no advertising any more)",
    CommandKind.ALERTS_STATE: "(what this phone's account is told of, and how)",
    CommandKind.ALERTS_ON: "(the alerts of this phone's account turned on)",
    CommandKind.ALERTS_OFF: "(the alerts of this phone's account turned off)",
    CommandKind.ALERTS_THRESHOLD: "(the sum set, below which this phone's account is told of)",
    CommandKind.ALERTS_DAYS: "(the days set, before whose end this phone's account is told of)",
    CommandKind.BALANCE: "(the balances of the accounts that this phone is registered with)",
    CommandKind.AUTOPAY_STATE: "(the autopay of the account that this phone is registered with)",
    CommandKind.AUTOPAY_STOP: "(this phone's autopay deleted, or that there is none)",
    CommandKind.AUTOPAY_AMOUNT: "(a smaller sum at once; a larger one, or autopay anew, by a code)",
    CommandKind.CODE: "(what this phone's open code was sent for; without one, help)",
    CommandKind.HISTORY: "(the last payments to the account that this phone is registered with)",
    CommandKind.CONFIRM: "(the outcome of this phone's open quote, or that there is none)",
    CommandKind.CANCEL: "(this phone's open quote cancelled, or that there is none)",
}
_SILENCE = "(no answer: not a text for us)"


def understand(text: str, profile: Profile) -> dict[str, str | int | None]:
    """The object of `aliance sms try --json`."""
    command = parse(text, Dialect.of(profile))
    return {
        "command": _UNTOLD.get(command.kind, command.kind).value,
        "account": command.account,
        "amount_kopecks": None if command.amount is None else command.amount.kopecks,
        "problem": None if command.problem is None else command.problem.value,
    }


def answer(
    text: str, profile: Profile, *, sender: str, vouched: bool = True, locale: str | None = None
) -> str:
    """What a phone (E.164 digits) would be answered, as far as no database has to be asked.

    An accepted top-up is quoted as if its account existed, by a way that vouches for the phone or not;
    what depends on the phone's own state is told in parentheses.
    """
    command = parse(text, Dialect.of(profile))
    said = _said(command, profile, Payer.sms(sender), vouched=vouched)
    if isinstance(said, str):
        return said
    return Texts(profile, _catalogues(profile.zone)).say(
        said, locale or command.language or _seen(text, profile)
    )


def _seen(text: str, profile: Profile) -> str:
    seen = language_of(text)
    return seen if seen in profile.locales else profile.default_locale


@cache
def _catalogues(zone: ZoneInfo) -> Catalogues:
    return Catalogues(zone)


def _said(command: Command, profile: Profile, payer: Payer, *, vouched: bool) -> Notice | str:
    match command.kind:
        case CommandKind.UNKNOWN:
            return Help() if command.with_keyword else _SILENCE
        case CommandKind.HELP:
            return Help()
        case CommandKind.STOP:
            return Stopped()
        case CommandKind.START:
            return Started()
    if command.kind is CommandKind.LANGUAGE and command.language is not None:
        return LanguageChosen()
    if command.problem is not None:
        return errors.of_problem(command, profile)
    if command.kind is CommandKind.TOP_UP:
        return _quote(command, profile, payer, vouched=vouched)
    return _DEPENDS[command.kind]


def _quote(command: Command, profile: Profile, payer: Payer, *, vouched: bool) -> Notice:
    assert command.account is not None
    assert command.amount is not None
    operator, limits = profile.operator_of(payer.address), profile.methods["mobile"]
    if operator is None:
        return errors.of_refusal(OperatorUnknown(), command)
    commission = operator.commission(command.amount)
    by_provider = operator.taken_by == "provider"
    total = command.amount if by_provider else command.amount + commission
    if total > limits.most_total:
        return errors.of_refusal(AmountTooLarge(limits.most), command)
    code = "000" if profile.sms.confirm == "code" or not vouched else None
    return Quoted(command.account, command.amount, commission, total, commission_from=by_provider, code=code)

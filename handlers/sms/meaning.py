"""What a word of a text can mean to us."""

from enum import StrEnum


class Meaning(StrEnum):
    KEYWORD = "keyword"
    CONFIRM = "confirm"
    SURE = "sure"  # "подтверждаю": confirms too, and behind "не" cancels
    AGREE = "agree"  # these two mean something beside CONFIRM alone
    CANCEL = "cancel"
    BALANCE = "balance"
    HELP = "help"
    STOP = "stop"
    START = "start"
    AUTOPAY = "autopay"
    ALERTS = "alerts"
    HISTORY = "history"
    DEPOSITS = "deposits"  # "платежи": history where nothing is to be paid
    LANGUAGE = "language"
    ENGLISH = "english"
    RUSSIAN = "russian"
    MAILING = "mailing"  # what STOP and START may name
    SEND = "send"  # "присылайте", "писать": behind "не" a stop, behind "что" a call for help
    THRESHOLD = "threshold"  # announces the sum below which an alert comes
    WHEN = "when"
    ON = "on"  # these four mean something beside autopay, alerts or a code alone
    OFF = "off"
    PERIOD = "period"
    CODE = "code"
    NOT = "not"
    NEED = "need"  # "не надо": a cancel only together with NOT
    COURTESY = "courtesy"
    POLITE = "polite"
    ASKING = "asking"  # "какой", "покажите"
    HOW = "how"
    HOW_MUCH = "how_much"
    MONEY = "money"
    OWED = "owed"
    LAST = "last"
    MORE = "more"
    ROUBLES = "roubles"
    KOPECKS = "kopecks"
    ACCOUNT = "account"  # announces an account number
    OTHER_NUMBER = "other_number"  # announces a flat, a phone, a tariff: neither account nor sum
    AMOUNT = "amount"  # announces a sum
    PAY = "pay"
    ME = "me"
    FILLER = "filler"
    SPOILER = "spoiler"  # makes another sum of the digits: thousands, dollars
    SUFFIX_SPOILER = "suffix_spoiler"  # the same, but only right behind the digits: 5 к
    BOUND = "bound"  # the same, but only right before them: до 500
    NUMERAL = "numeral"
    TIMES = "times"
    DOUBT = "doubt"  # takes a request back, puts it off, complains, or is about something else

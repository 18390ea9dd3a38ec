"""The words a text may hold beside its digits: what each means, in any alphabet, layout or case."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

from handlers.sms.letters import fold, other_layout


class Meaning(StrEnum):
    KEYWORD = "keyword"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    BALANCE = "balance"
    HELP = "help"
    STOP = "stop"
    START = "start"
    AUTOPAY = "autopay"
    ALERTS = "alerts"
    THRESHOLD = "threshold"  # announces the sum below which an alert comes
    ON = "on"  # these four mean something beside autopay, alerts or a code alone
    OFF = "off"
    PERIOD = "period"
    CODE = "code"
    NOT = "not"
    NEED = "need"  # "не надо": a cancel only together with NOT
    COURTESY = "courtesy"
    ROUBLES = "roubles"
    KOPECKS = "kopecks"
    ACCOUNT = "account"  # announces an account number
    AMOUNT = "amount"  # announces a sum
    FILLER = "filler"
    SPOILER = "spoiler"  # makes another sum of the digits: thousands, dollars
    SUFFIX_SPOILER = "suffix_spoiler"  # the same, but only right behind the digits: 5 к
    NUMERAL = "numeral"


COMMANDS = {
    Meaning.CONFIRM: "да da ок ok окей okay yes",
    Meaning.CANCEL: "нет no отмена отменить отмени отменяю отказ cancel",
    Meaning.BALANCE: "баланс balance balans bal остаток",
    Meaning.HELP: "помощь помогите help хелп справка команды",
    Meaning.STOP: "стоп stop отписаться отписка unsubscribe",
    Meaning.START: "старт start подписаться subscribe",
    Meaning.AUTOPAY: (
        "автоплатеж автоплатёж автоплатежа автоплатежу автоплатежом автоплатеже автоплатежи автооплата"
        " автооплату автооплаты автопей автопэй автоплатеш автоплатёш автоплатешь автоплатежь афтоплатеж"
        " автаплатеж автоплотеж autopay autopayment avtoplatezh avtoplatej avtoplatesh avtoplatez avtoplateg"
        " autoplatezh autoplatej avtooplata avtopay"
    ),
    Meaning.ALERTS: (
        "оповещения оповещение оповещений оповещать оповестить оповещалки уведомления уведомление уведомлений"
        " уведомлять опавещения аповещения увидомления alerts alert notifications opovesheniya"
        " opoveshcheniya uvedomleniya"
    ),
    Meaning.OFF: (
        "отключить отключи отключите отключение откл выкл выключить выключи выключите удалить удали удалите"
        " убрать убери уберите прекратить прекратите остановить останови остановите off disable delete"
    ),
    Meaning.CODE: "код code kod",
}

OTHERS = {
    Meaning.ON: (
        "подключить подключи подключите включить включи включите вкл установить установи установите сделать"
        " сделай сделайте изменить измени измените поменять on enable set"
    ),
    Meaning.PERIOD: (
        "в каждый каждые каждую каждое ежемесячно еженедельно ежедневно дней дня дни сутки неделя неделю"
        " недели месяц месяца месяцев мес год года число числа every daily weekly monthly day days week weeks"
        " month months"
    ),
    Meaning.THRESHOLD: "порог порога пороге меньше ниже менее остатке porog threshold below under",
    Meaning.NOT: "не not",
    Meaning.NEED: "надо нужно хочу буду",
    Meaning.COURTESY: (
        "здравствуйте здравствуй привет добрый доброе день вечер утро пожалуйста please спасибо мой my"
    ),
    Meaning.ROUBLES: "р руб рубль рубля рублей рубли r rub rur ruble rubles rouble roubles",
    Meaning.KOPECKS: "коп копейка копейки копеек kop kopecks",
    Meaning.ACCOUNT: (
        "№ лс сч счет счета счету счете лицевой лицевого лицевому абонент договор договора номер номера n nr"
        " num number ls acc acct account"
    ),
    Meaning.AMOUNT: "сумма сумму суммой суммы sum summa amount",
    Meaning.FILLER: (
        "на за и по для л с интернет internet оплата оплатить оплатите платеж пополнение пополнить пополни"
        " пополните положить положите зачислить зачислите перевод to for pay payment topup"
    ),
    Meaning.SPOILER: (
        "тыс тысяча тысячу тысячи тысяч тыщ тыща тыщи млн миллион миллиона миллионов мильон сот сотен сотня"
        " сотни сотню десяток полтора полторы половина пол минус minus thousand hundred million"
        " доллар доллара долларов долл usd евро eur юань юаня юаней тенге kzt бакс баксов процентов процент"
    ),
    Meaning.SUFFIX_SPOILER: "к k т t тр м m",
    Meaning.NUMERAL: (
        "ноль один одна два две три четыре пять шесть семь восемь девять десять двадцать тридцать сорок"
        " пятьдесят шестьдесят семьдесят восемьдесят девяносто сто двести триста четыреста пятьсот шестьсот"
        " семьсот восемьсот девятьсот раз раза"
    ),
}

# Behind or before a digit without a space these still mean themselves: 100руб, лс100080.
TIGHT = frozenset(
    {
        Meaning.KEYWORD,
        Meaning.CONFIRM,
        Meaning.ROUBLES,
        Meaning.KOPECKS,
        Meaning.ACCOUNT,
        Meaning.AMOUNT,
        Meaning.FILLER,
    }
)

NO_SIGNS = frozenset("👎❌✖✗✘🚫⛔🛑🙅❎🤔🤨❓❔")
_PUNCTUATION_KEYS = "[];',.`"


@lru_cache(maxsize=8)
def lexicon(keywords: tuple[str, ...]) -> Mapping[str, Meaning]:
    """Folded word → meaning. Commands and the operator's keywords are known in both keyboard layouts."""
    known: dict[str, Meaning] = {}
    for meaning, words in OTHERS.items():
        known |= {fold(word): meaning for word in words.split()}
    for meaning, words in COMMANDS.items():
        known |= _in_both_layouts(words.split(), meaning)
    return known | _in_both_layouts(keywords, Meaning.KEYWORD)


def _in_both_layouts(words: Iterable[str], meaning: Meaning) -> dict[str, Meaning]:
    # A letter that shares its key with a comma or a dot is lost at the ends: ",fkfyc" is read as "fkfyc".
    return {
        spelling: meaning
        for word in words
        for spelling in (fold(word), fold(other_layout(word).strip(_PUNCTUATION_KEYS)))
    }

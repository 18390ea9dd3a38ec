"""People by their names, told by shape: who a top-up is from or for changes nothing about it."""

import re

from handlers.sms.letters import fold

NAME_SHORTEST = 5  # letters of a name that only its shape tells
ENDING_LONGEST = 3  # letters that a case adds to a name

_STEMS = (
    "александр алексе анатоли андре антон артем борис вадим валери васили виктор витали владимир"
    " владислав вячеслав геннади георги григори даниил данил денис дмитри евгени кирилл констант леонид"
    " максим михаил николай никола никит павел роман руслан серге станислав степан тимофе тимур федор"
    " яросла яков анастаси ангелин валенти варвар вероник виктори галин екатерин елен елизавет зинаид ирин"
    " карин кристин ксени ларис людмил маргарит марин надежд натал оксан полин раис светлан софь софи"
    " тамар татьян"
)
_WHOLE = (
    "алла аллы анна анны анне анну анной вера веры вере веру вова вовы вову дима димы диму даша дарья"
    " дарьи диана женя жени зоя зои иван ивана ивану игорь игоря игорю илья ильи илье инна инны ира иры"
    " катя кати катю коля коли колю костя кости костю лена лены лене лену леша леши лидия лидии люба любы"
    " любовь люда людмила маша маши маше машу мария марии марию марк миша миши мишу надя нади настя насти"
    " наташа наташи нина нины олег олега олегу ольга ольги ольге ольгу оля оли оле олю паша паши пашу петр"
    " петра петру петя рома ромы света светы свете саша саши саше сашу сергея таня тани тане таню юлия"
    " юлии юля юли юлю юра юрий юрия юры яна яны егор егора аня ани ане аню вася васи васю ваня вани ваню"
    " ivan anna olga maria sergey sergei andrey andrei alex elena natalia dmitry tatiana irina svetlana"
    " igor oleg john"
)
_KIN = (
    "мам пап бабушк бабул дедушк дед сестр сестренк брат сын дочк доч дочер муж жен внук внучк тет дяд"
    " сосед соседк тещ свекров родител подруг"
)
_OF_KIN = re.compile(
    "(?:"
    + "|".join(fold(stem) for stem in _KIN.split())
    + ")(?:"
    + "|".join(fold(end) for end in ["а", "ы", "и", "е", "у", "ой", "ей", "ю", "я", "ь"])
    + ")?|mama|papa|mom|mother|dad|friend"
)
_FOLDED_STEMS = tuple(sorted({fold(stem) for stem in _STEMS.split()}))
_KNOWN = frozenset(fold(name) for name in _WHOLE.split())
_PATRONYMICS = ("(?:ович|евич)(?:|а|у|ем|е)", "(?:овн|евн)(?:а|ы|е|у|ой)")
_PATRONYMIC = re.compile("(?:" + "|".join(fold(end) for end in _PATRONYMICS) + "|ovich|ovna)$")
_SURNAMES = ("(?:ов|ев|ин|ын)(?:|а|у|ой|ы|ым)", "(?:ск|цк)(?:ий|ая|ого|ой|ому|ую)", "(?:енко|чук|дзе|швили)")
_SURNAME = re.compile("(?:" + "|".join(fold(end) for end in _SURNAMES) + "|ov|ova|ev|eva|enko)$")


def is_name(word: str) -> bool:
    """Whether a folded word that means nothing to us is a first name, a patronymic, or "мама"."""
    if word in _KNOWN or _OF_KIN.fullmatch(word):
        return True
    if len(word) >= NAME_SHORTEST and _PATRONYMIC.search(word):
        return True
    return any(word.startswith(stem) and len(word) - len(stem) <= ENDING_LONGEST for stem in _FOLDED_STEMS)


def is_surname(word: str) -> bool:
    """Whether it may be a surname: other words end like one, so a name or an initial has to be beside it."""
    return len(word) >= NAME_SHORTEST and _SURNAME.search(word) is not None

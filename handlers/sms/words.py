"""The words that are known, by their meaning; how they may be spelt otherwise is the business of others."""

from handlers.sms.meaning import Meaning

# Known in both keyboard layouts.
COMMANDS = {
    Meaning.CONFIRM: "да da ок ok окей okay yes yep yeah ага угу конечно",
    Meaning.SURE: (
        "подтверждаю подтвердить подтверждаем подтверждение подверждаю подтвержаю потверждаю"
        " согласен согласна согласны agree confirm podtverzhdayu soglasen soglasna"
    ),
    Meaning.CANCEL: (
        "нет no отмена отмены отменить отмени отмените отменяю отменяем отказ отказываюсь cancel отбой"
        " передумал передумала ненадо ненужно нехочу неа неть nope net otmena otmenit"
    ),
    Meaning.BALANCE: "баланс balance balans bal бал остаток долг задолженность debt",
    Meaning.HELP: (
        "помощь помогите help хелп справка команды команд инструкция инструкцию меню menu инфо info"
    ),
    Meaning.STOP: "стоп stop отписаться отписка отпишите отпиши unsubscribe хватит",
    Meaning.START: "старт start подписаться subscribe",
    Meaning.AUTOPAY: (
        "автоплатеж автоплатёж автоплатежа автоплатежу автоплатежом автоплатеже автоплатежи автооплата"
        " автооплату автооплаты автопей автопэй автоплатеш автоплатёш автоплатешь автоплатежь афтоплатеж"
        " автаплатеж автоплотеж autopay autopayment avtoplatezh avtoplatej avtoplatesh avtoplatez avtoplateg"
        " autoplatezh autoplatej avtooplata avtopay"
    ),
    Meaning.ALERTS: (
        "оповещения оповещение оповещений оповещать оповестить оповещалки уведомления уведомление"
        " уведомлений уведомлять опавещения аповещения увидомления alerts alert notifications opovesheniya"
        " opoveshcheniya uvedomleniya"
    ),
    Meaning.HISTORY: (
        "история истории историю исторя истоия выписка выписку выписки движение движения history statement"
        " istoriya istoria istorija vypiska"
    ),
    Meaning.DEPOSITS: (
        "платежи платежей пополнения пополнений оплаты оплат операции операций payments deposits operations"
        " platezhi platezhey platezhej platezhei"
    ),
    Meaning.LANGUAGE: "язык языка языке lang language yazyk",
    Meaning.ENGLISH: "english eng en англ английский английском английски английская inglish angliyskiy",
    Meaning.RUSSIAN: "русский русском русски русская рус ру russian ru rus russkiy russkij",
    Meaning.OFF: (
        "отключить отключи отключите отключение откл выкл выключить выключи выключите удалить удали удалите"
        " убрать убери уберите прекратить прекратите остановить останови остановите off disable delete"
    ),
    Meaning.CODE: "код code kod",
    Meaning.NOT: "не not ne",
}

OTHERS = {
    Meaning.AGREE: "все верно правильно точно именно",
    Meaning.ON: (
        "подключить подключи подключите включить включи включите вкл установить установи установите сделать"
        " сделай сделайте изменить измени измените поменять возобновить возобновите on enable set"
    ),
    Meaning.PERIOD: (
        "в каждый каждые каждую каждое ежемесячно еженедельно ежедневно дней дня дни сутки неделя неделю"
        " недели месяц месяца месяцев мес год года число числа every daily weekly monthly day days week"
        " weeks month months"
    ),
    Meaning.THRESHOLD: "порог порога пороге меньше ниже менее остатке porog threshold below under",
    Meaning.WHEN: "если когда при if when kogda",
    Meaning.MAILING: (
        "рассылка рассылку рассылки рассылок реклама рекламу рекламы рекламе"
        " рекламой reklama reklamu advertising advertisements спам смс sms сообщение сообщения"
        " сообщений message messages ads"
    ),
    Meaning.SEND: (
        "присылайте присылать присылай шлите слать шли пишите писать пиши отправлять отправляйте отправить"
        " беспокоить беспокойте набирать делать пользоваться send write"
    ),
    Meaning.NEED: "надо нужно нужна хочу буду хотел хотела бы want need nado hochu",
    Meaning.COURTESY: (
        "добрый доброе день вечер утро мой моя мое мои моих my можно будьте добры can could you would like"
    ),
    Meaning.POLITE: (
        "здравствуйте здравствуй здраствуйте здрасьте здрасте привет приветствую пожалуйста пожалуста"
        " пожалуйсто пож пж пжл пжлст плиз плз please pls pzhlst pozhaluysta pozhalusta pojaluysta pojalusta"
        " спасибо спс благодарю большое заранее thanks thank thx spasibo privet zdravstvuite zdravstvuyte"
        " hello hi hey уважаемый уважаемые уважением оператор прошу приветик салют йо девушка ребята друзья"
        " dear regards best kind sir cheers"
    ),
    Meaning.ASKING: (
        "узнать проверить проверь проверьте посмотреть какой какая какое какие покажи покажите показать"
        " скажи скажите подскажи подскажите пришли пришлите вышлите дайте show tell check see what turn"
        " switch change speak версия version"
    ),
    Meaning.HOW: "как что how kak",
    Meaning.HOW_MUCH: "сколько skolko",
    Meaning.MONEY: "деньги денег средства средств балансе money dengi deneg",
    Meaning.OWED: "осталось остается должен должна left owe",
    Meaning.LAST: "последние последний последних последняя последнюю прошлые прошлый список last recent",
    Meaning.MORE: "больше более more",
    Meaning.ROUBLES: (
        "р руб рубль рубля рублей рубли рублик рубликов r rub rur ruble rubles rouble roubles rubl rublya"
        " rublej rublei rubley"
    ),
    Meaning.KOPECKS: "коп копейка копейки копеек kop kopecks",
    Meaning.ACCOUNT: (
        "№ лс сч счет счета счету счете счетом лицевой лицевого лицевому лицевом лицевым лиц личный абонент"
        " абон договор договора дог номер номера номеру ном n nr num number ls lc acc acct account contract"
        " schet schetu schete lic licevoy licevoj nomer"
    ),
    Meaning.OTHER_NUMBER: (
        "кв квартира квартиру д дом ул улица улице пр просп проспект корп корпус подъезд этаж тариф тарифа"
        " заявка заявке заявку заказ заказу чек тел телефон телефону моб мобильный паспорт логин login инн"
        " скорость шоссе переулок phone tel flat apt house order street"
    ),
    Meaning.AMOUNT: "сумма сумму суммой суммы сумме размере sum summa summu amount",
    Meaning.PAY: (
        "оплата оплату оплате оплатой оплатить оплатите оплати оплачивать оплачивай оплачивайте оплачиваю"
        " платить плачу кидаю перевожу вношу заплатить заплатите платеж платежа платежу платежом перевод"
        " переводом перевести переведи переведите пополнение пополнению пополнением пополнить пополни"
        " пополните пополняю положить положи положите зачислить зачисли зачислите внести внеси внесите"
        " кинуть кинь киньте закинуть закинь закиньте добавить добавь добавьте pay payment topup add"
        " recharge refill deposit transfer put popolnit oplata oplatit polozhit polojit polozhite polojite"
    ),
    Meaning.ME: "я мне меня нам нас вам вас у i me ya mne",
    Meaning.FILLER: (
        "на за и по для л с еще обычно это сегодня сейчас срочно очень быстрее побыстрее поскорее скорее"
        " только ровно всего итого под двоих себя рф российских свидания доброго хорошего удачи интернет"
        " интернета инет инета дома домашний дача дачи дачу дачный офис офиса гараж тв телевидение кабельное"
        " услуга услуги услугу услуг связь связи провайдер компания абонплата абонентская плата плату"
        " квартплата квартплату телефона мобильного пополняем пересланное переслано январь февраль март"
        " апрель май июнь июль август сентябрь октябрь ноябрь декабрь internet tv to for with of in is up"
        " top the this home now today only just total bill asap lot fwd fw re na za po dlya interneta"
    ),
    Meaning.SPOILER: (
        "тыс тысяч тыщ тыща тыщи млн миллион миллиона миллионов мильон сот сотен сотня сотни сотню десяток"
        " полтора полторы половина пол минус minus thousand hundred million доллар доллара долларов долл usd"
        " евро eur юань юаня юаней тенге kzt бакс баксов грн гривен процентов процент около примерно"
        " приблизительно порядка минимум максимум хотя свыше бонусов бонуса баллов балл скидка скидку кэшбэк"
        " фунт фунта фунтов франк франка франков манат маната манатов крона кроны крон иена иены иен йена"
        " йены йен вон лари сомов сумов рупия рупии рупий злотый злотых шекель шекелей драм драмов лир"
        " лиры цент цента центов кусок куска кусков косарь косаря косарей штук"
        " pounds pound gbp yen jpy yuan cny francs byn"
        " бонус подарок приз выигрыш комиссия лимит гб мб гигабайт мегабайт мегабит мбит минут минуты лет"
        " about around"
    ),
    Meaning.SUFFIX_SPOILER: "к k т t тр м m",
    Meaning.BOUND: "до от from till",
    Meaning.NUMERAL: (
        "ноль один одна два две три четыре пять шесть семь восемь девять десять двадцать тридцать сорок"
        " пятьдесят шестьдесят семьдесят восемьдесят девяносто сто двести триста четыреста пятьсот шестьсот"
        " семьсот восемьсот девятьсот тысяча тысячу тысячи"
    ),
    Meaning.TIMES: "раз раза",
}

# Said of a top-up, these take it back, put it off, ask or complain; the last are of other things by our name.
DOUBTS = (
    "уже нельзя где почему зачем куда откуда потом позже позднее попозже завтра послезавтра вчера позавчера"
    " вечером утром днем ночью после может возможно наверное наверно видимо кажется вроде например пример"
    " примеру типа чтобы ошибка ошибке ошибкой ошибочно ошибся случайно обратно назад возврат возврата"
    " вернуть верните верни жалоба претензия перерасчет снять сними снимите стой погоди подожди тест шутка"
    " оплатил заплатил платил положил внес перевел отправил пополнил закинул кинул скинул списал снял вернул"
    " просил писал звонил пошутил пришел думал сказал придет придут идет приходит работает поступит поступят"
    " спрошу спросить спроси брать берите возьми возьмите"
    " говорит кто чей жду ждем опять дважды неверно неверный неправильно неправильный некорректно неоплачено"
    " непонятно ошибочный мошенники мошенничество обман воры хрен фиг вызов вызова карта карты карте карту"
    " картой card блокировка блокировку отсрочка отсрочку рассрочка рассрочку обещанный доверительный"
    " подписка подписку проверка ложный понедельник вторник среду четверг пятницу субботу воскресенье"
    " выходные выходных неделе следующей следующий later tomorrow yesterday already paid refund return"
    " returned back where why maybe wrong mistake error charged twice double dont don was were did has have"
    " example test wait soon who scam fraud dispute instead vernite zavtra potom uzhe uje gde pochemu"
    " oplatil zaplatil vozvrat oshibka страхование страховка страховая полис осаго банк банка кредит кредита"
    " такси автосервис лизинг ломбард аптека отель гостиница агентство недвижимость магазин билет билеты"
    " insurance bank loan taxi"
)
# Before a yes they greet; behind it the yes is a greeting too, or the beginning of something else.
NOT_BEHIND_YES = (
    "здравствуйте здравствуй здраствуйте здрасьте здрасте привет приветствую приветик салют йо девушка ребята"
    " друзья оператор уважаемый уважаемые privet zdravstvuite zdravstvuyte hello hi hey dear мне меня нам нас"
    " вам вас у me mne"
)
# Of the mailings those that need a consent, and the words that turn them on.
ADVERTISING = "реклама рекламу рекламы рекламе рекламой reklama reklamu ads advertising advertisements"
TURN_ON = "включить включи включите вкл подключить подключи подключите on enable"
# A rhythm is autopay's; "за месяц" is not one.
RHYTHMS = (
    "каждый каждые каждую каждое ежемесячно еженедельно ежедневно регулярно автоматически every daily"
    " weekly monthly regularly"
)

// The page's words in Russian and English, and the switch between them.

const WORDS = {
  ru: {
    title: "Aliance: пополнение и баланс",
    step_link: "Привяжите счёт.",
    step_link_how: "В Telegram: «Старт», логин и пароль",
    step_card: "Пополните картой.",
    step_card_how: "Выберите сумму, подставьте тестовую карту.",
    step_autopay: "Включите автоплатёж.",
    step_autopay_how: "Запомните карту, примите предложение, переведите время.",
    step_staff: "Отправьте рассылку.",
    step_staff_how: "Telegram сотрудника 2001 пишет, 2002 утверждает:",
    step_sms: "Пополните по SMS.",
    step_sms_how: "Отправьте и ответьте «да»:",
    whose: "Чей Telegram показать",
    which: "Какой телефон показать",
    ledger: "Лицевой счёт",
    open_apart: "Открыть отдельно",
    payment: "Оплата",
    close: "Закрыть",
    no_ledger: "Здесь будет книга проводок: адрес страницы не задан (--ledger-url).",
    ledger_waits: "Книга проводок откроется, когда запустится Aliance.",
    no_telegram: "Подключён внешний Telegram: пишите боту оттуда.",
    no_sms: "Подключён внешний SMS-центр: пишите с телефона.",
    time: "Время в Aliance",
    time_waits: "Ждём Aliance",
    time_moves: "Время идёт",
    time_1: "+1 день",
    time_7: "+7 дней",
    time_30: "+30 дней",
    card_mood: "Сохранённая карта:",
    card_pays: "платит",
    card_no_money: "нет денег",
    card_lost: "утеряна",
    balance: "На счёте телефона",
    empty: "Сообщений пока нет. Выберите подсказку ниже или напишите сами.",
    message: "Сообщение",
    send: "Отправить",
    from: "от",
    waiting: "отправляется",
    delivered: "доставлено",
    failed: "Не отправлено. Попробуйте ещё раз.",
    log: "Сообщения",
    hints: "Подсказки",
    switch: "English",
  },
  en: {
    title: "Aliance: top-up and balance",
    step_link: "Link the account.",
    step_link_how: "In Telegram: Start, login and password",
    step_card: "Pay by card.",
    step_card_how: "Choose a sum, fill in the test card.",
    step_autopay: "Connect autopay.",
    step_autopay_how: "Have the card remembered, accept the offer, move the time.",
    step_staff: "Send a broadcast.",
    step_staff_how: "The Telegram of staff 2001 writes it, 2002 approves:",
    step_sms: "Pay by SMS.",
    step_sms_how: "Send and answer «да»:",
    whose: "Whose Telegram to show",
    which: "Which phone to show",
    ledger: "Account ledger",
    open_apart: "Open apart",
    payment: "Payment",
    close: "Close",
    no_ledger: "The ledger is shown here: its address was not given (--ledger-url).",
    ledger_waits: "The ledger opens as soon as Aliance is running.",
    no_telegram: "A Telegram of the outside is connected: write to the bot there.",
    no_sms: "An SMS centre of the outside is connected: write from a phone.",
    time: "The time in Aliance",
    time_waits: "Waiting for Aliance",
    time_moves: "Time passes",
    time_1: "+1 day",
    time_7: "+7 days",
    time_30: "+30 days",
    card_mood: "Remembered card:",
    card_pays: "pays",
    card_no_money: "no money",
    card_lost: "lost",
    balance: "On the phone's account",
    empty: "No messages yet. Choose a hint below or write your own.",
    message: "Message",
    send: "Send",
    from: "from",
    waiting: "sending",
    delivered: "delivered",
    failed: "Not sent. Please try again.",
    log: "Messages",
    hints: "Hints",
    switch: "Русский",
  },
};

const KEY = "aliance-language";

export function language() {
  return localStorage.getItem(KEY) === "en" ? "en" : "ru";
}

export function word(name) {
  return WORDS[language()][name];
}

export function roubles(kopecks) {
  return new Intl.NumberFormat(language(), { style: "currency", currency: "RUB" }).format(kopecks / 100);
}

export function switchLanguage() {
  localStorage.setItem(KEY, language() === "en" ? "ru" : "en");
  speak();
  document.dispatchEvent(new CustomEvent("language", { detail: { language: language() } }));
}

/** Put the words of the language into everything below `root` that asks for one. */
export function speak(root = document) {
  document.documentElement.lang = language();
  for (const place of root.querySelectorAll("[data-word]")) place.textContent = word(place.dataset.word);
  for (const place of root.querySelectorAll("[data-word-label]")) {
    place.setAttribute("aria-label", word(place.dataset.wordLabel));
  }
  for (const place of root.querySelectorAll("[data-word-title]")) place.title = word(place.dataset.wordTitle);
}

// One message as a bubble, with the buttons under it.

import { documentCard } from "/page/telegram_files.js";
import { button, element, formatted } from "/page/telegram_text.js";
import { said } from "/page/telegram_words.js";
import { language } from "/page/words.js";

/** `pressed`: data of buttons whose press the bot has not answered yet. */
export function bubble(message, pressed, doing) {
  const fromBot = message.from === "bot";
  const made = element("li", `tg-message ${fromBot ? "in" : "out"}`);
  made.dataset.testid = "telegram-message";
  made.dataset.messageId = message.message_id;
  made.dataset.from = message.from;
  const body = element("div", "tg-bubble");
  const text = element("div", "tg-text");
  if (message.contact) text.append(card(message.contact));
  if (message.document) text.append(documentCard(message.document, doing.fileUrl(message)));
  if (message.text) text.append(formatted(message.text, message.entities, doing));
  const time = new Date(message.date * 1000).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" });
  text.append(element("span", "tg-time", message.edited ? `${said("edited")} ${time}` : time));
  body.append(text);
  made.append(body);
  if (message.buttons.length) made.append(keyboard(message, pressed, doing));
  return made;
}

/** The bot's keyboard below the line to write in. */
export function replyRows(rows, doing) {
  return rows.map((row) => {
    const line = element("div", "tg-reply-row");
    line.append(...row.map((one) => {
      const made = button("tg-reply", one.text, () => (one.contact ? doing.shareContact() : doing.write(one.text)));
      made.dataset.testid = "telegram-button";
      return made;
    }));
    return line;
  });
}

function card(contact) {
  const made = element("div", "tg-contact");
  made.append(element("b", "", contact.first_name), element("span", "", contact.phone_number));
  return made;
}

function keyboard(message, pressed, doing) {
  const made = element("div", "tg-keyboard");
  for (const row of message.buttons) {
    const line = element("div", "tg-row");
    line.append(...row.map((one) => inlineButton(message, one, pressed, doing)));
    made.append(line);
  }
  return made;
}

function inlineButton(message, one, pressed, doing) {
  const made = button("tg-button", one.text, () => {
    if (one.url) doing.follow(one.url);
    else if (one.copy) doing.copy(one.copy);
    else if ("data" in one) doing.press(message, one.data);
  });
  made.dataset.testid = "telegram-button";
  if (one.url) made.classList.add("leads-out");
  if ("data" in one) {
    made.dataset.data = one.data;
    made.classList.toggle("waits", pressed.includes(one.data));
  }
  return made;
}

// A Telegram phone: the chat with the bot as the simulator keeps it, and everything a person can do in it.

import { onTopic } from "/page/events.js";
import { bubble, replyRows } from "/page/telegram_bubble.js";
import { attachButton } from "/page/telegram_files.js";
import { closeMenu, openDialog, openMenu, showToast } from "/page/telegram_panels.js";
import { button, element } from "/page/telegram_text.js";
import { said } from "/page/telegram_words.js";
import { language } from "/page/words.js";

const NEAR_END_PX = 60; // whoever reads older messages is not pulled away from them

export function mountTelegram(root, { user }) {
  const phone = new TelegramPhone(root, user);
  phone.open();
  return { destroy: () => phone.close() };
}

class TelegramPhone {
  constructor(root, user) {
    this.root = root;
    this.place = `/phone/telegram/${user}`;
    this.topic = `telegram:${user}`;
    this.bubbles = new Map();
    this.seenToasts = null;
    this.doing = {
      write: (text) => this.write(text),
      follow: (url) => this.follow(url),
      press: (message, data) => this.tell("press", { message_id: message.message_id, data }, said("gone")),
      copy: (text) => this.copy(text),
      shareContact: () => this.askForContact(),
      fileUrl: (message) => `${this.place}/files/${message.message_id}`,
    };
    this.speak = () => this.inLanguage();
  }

  open() {
    this.root.classList.add("tg");
    this.root.dataset.testid = "telegram-phone";
    this.build();
    this.stop = onTopic(this.topic, () => this.read());
    document.addEventListener("language", this.speak);
    this.inLanguage();
  }

  close() {
    this.closed = true;
    this.stop();
    document.removeEventListener("language", this.speak);
    this.root.classList.remove("tg");
  }

  build() {
    this.name = element("strong", "tg-name");
    this.status = element("span", "tg-status");
    this.avatar = element("span", "tg-avatar");
    this.avatar.setAttribute("aria-hidden", "true");
    this.more = button("tg-more", "⋮", () => this.actions());
    this.more.dataset.testid = "telegram-menu";
    const names = element("div", "tg-names");
    names.append(this.name, this.status);
    const head = element("header", "tg-head");
    head.append(this.avatar, names, this.more);

    this.log = element("ol", "tg-log");
    this.log.setAttribute("aria-live", "polite");
    this.log.tabIndex = 0;
    this.panels = element("div", "tg-panels");
    this.foot = element("footer", "tg-foot");
    this.buildComposer();
    const body = element("div", "tg-body");
    body.append(this.log, this.panels);
    this.root.append(head, body, this.foot);
    this.root.addEventListener("pointerdown", (event) => closeMenu(this.panels, event.target));
  }

  buildComposer() {
    this.commands = button("tg-commands", "/", () => this.toggleCommands());
    this.commands.dataset.testid = "telegram-commands";
    this.input = element("textarea", "tg-input");
    this.input.dataset.testid = "telegram-input";
    this.input.rows = 1;
    this.sendButton = element("button", "tg-send");
    this.sendButton.type = "submit";
    this.sendButton.dataset.testid = "telegram-send";
    this.replies = element("div", "tg-replies");
    this.replies.setAttribute("role", "group");
    this.composer = element("form", "tg-composer");
    [this.attach, this.chooser] = attachButton(this.place, () => showToast(this.panels, said("failed")));
    this.composer.append(this.commands, this.attach, this.chooser, this.input, this.sendButton);
    this.composer.addEventListener("submit", (event) => this.submit(event));
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.submit(event);
    });
  }

  inLanguage() {
    this.log.setAttribute("aria-label", said("log"));
    this.more.setAttribute("aria-label", said("more"));
    this.commands.setAttribute("aria-label", said("commands"));
    this.attach.setAttribute("aria-label", said("attach"));
    this.input.setAttribute("aria-label", said("message"));
    this.sendButton.setAttribute("aria-label", said("send"));
    this.replies.setAttribute("aria-label", said("keyboard"));
    this.bubbles.clear();
    this.log.replaceChildren();
    this.footKind = null;
    this.measure();
    // The person's Telegram speaks the language of the page, and a bot is told which one that is.
    this.ask("profile", { language_code: language() });
    this.read();
  }

  /** Changes that come while a reading is under way ask for one more, so that the last word wins. */
  async read() {
    this.wanted = true;
    if (this.reading) return;
    this.reading = true;
    while (this.wanted && !this.closed) {
      this.wanted = false;
      const screen = await fetch(`${this.place}/messages`).then((answer) => answer.json(), () => null);
      if (this.closed) break;
      if (screen) this.show(screen);
      else this.status.textContent = said("offline");
    }
    this.reading = false;
  }

  show(screen) {
    this.screen = screen;
    this.name.textContent = screen.bot.name;
    this.avatar.textContent = [...screen.bot.name][0] ?? "";
    this.status.textContent = screen.blocked ? said("blocked") : screen.action ? said("typing") : said("bot");
    this.showMessages(screen);
    this.showFoot(screen);
    this.showToasts(screen.toasts);
  }

  showMessages({ messages, waiting, bot }) {
    const { log } = this;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
    const before = this.bubbles;
    this.bubbles = new Map();
    for (const message of messages) {
      const pressed = waiting.filter((query) => query.message_id === message.message_id).map(({ data }) => data);
      const key = JSON.stringify([message, pressed]);
      const old = before.get(message.message_id);
      const made = old?.key === key ? old.made : bubble(message, pressed, this.doing);
      if (old && old.made !== made) replaceKeepingFocus(old.made, made);
      if (!old) log.append(made);
      this.bubbles.set(message.message_id, { key, made });
      before.delete(message.message_id);
    }
    for (const { made } of before.values()) made.remove();
    this.showAbout(messages, bot);
    const newest = messages.at(-1)?.message_id;
    if (atEnd || newest !== this.newest) log.scrollTop = log.scrollHeight;
    this.newest = newest;
  }

  showAbout(messages, bot) {
    this.about?.remove();
    if (messages.length) return;
    this.about = element("li", "tg-about");
    this.about.append(element("b", "", said("about")), element("p", "", bot.description || said("nothing_yet")));
    this.log.append(this.about);
  }

  /** Until the bot is started there is nothing to write in, and after a block one can only lift it. */
  showFoot(screen) {
    const kind = screen.blocked ? "unblock" : screen.messages.length ? "composer" : "start";
    if (kind !== this.footKind) {
      this.footKind = kind;
      const act = kind === "start" ? () => this.write("/start") : () => this.unblock();
      const only = button("tg-only", said(kind), act);
      only.dataset.testid = `telegram-${kind}`;
      this.foot.replaceChildren(...(kind === "composer" ? [this.composer, this.replies] : [only]));
      this.measure();
    }
    this.input.placeholder = screen.placeholder || said("message");
    this.commands.hidden = !screen.commands.length;
    this.showReplies(screen.reply_keyboard);
  }

  showReplies(rows) {
    const key = JSON.stringify(rows);
    if (key === this.repliesKey) return;
    this.repliesKey = key;
    this.replies.hidden = !rows;
    this.replies.replaceChildren(...replyRows(rows ?? [], this.doing));
    this.log.scrollTop = this.log.scrollHeight;
  }

  showToasts(toasts) {
    const first = this.seenToasts === null;
    this.seenToasts ??= new Set();
    for (const toast of toasts) {
      if (this.seenToasts.has(toast.query_id)) continue;
      this.seenToasts.add(toast.query_id);
      if (first) continue; // they were shown when they came
      if (toast.url) this.follow(toast.url);
      else if (toast.alert) openDialog(this.panels, toast.text, [[said("ok"), () => {}]]);
      else showToast(this.panels, toast.text);
    }
  }

  actions() {
    const blocked = this.screen?.blocked;
    const items = blocked
      ? [[said("unblock"), () => this.unblock()]]
      : [
          [said("own_contact"), () => this.tell("contact", { own: true })],
          [said("other_contact"), () => this.tell("contact", { own: false })],
          [said("block"), () => this.tell("block", { blocked: true })],
        ];
    openMenu(this.panels, items, { top: true });
  }

  toggleCommands(begun = "") {
    const found = (this.screen?.commands ?? []).filter(({ command }) => `/${command}`.startsWith(begun || "/"));
    const items = found.map(({ command, description }) => [`/${command}`, () => this.send(`/${command}`), description]);
    openMenu(this.panels, items, { keepFocus: Boolean(begun) });
  }

  typed() {
    this.measure();
    const begun = this.input.value;
    if (/^\/\w*$/.test(begun)) this.toggleCommands(begun);
    else closeMenu(this.panels);
  }

  measure() {
    this.sendButton.disabled = !this.input.value.trim();
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
  }

  submit(event) {
    event.preventDefault();
    if (this.input.value.trim()) this.send(this.input.value);
  }

  async send(text) {
    this.input.value = "";
    this.measure();
    closeMenu(this.panels);
    if (!(await this.write(text))) {
      this.input.value ||= text;
      this.measure();
    }
  }

  write(text) {
    return this.tell("text", { text });
  }

  askForContact() {
    const share = () => this.tell("contact", { own: true });
    openDialog(this.panels, said("share"), [[said("yes"), share], [said("no"), () => {}]]);
  }

  async unblock() {
    // Telegram's applications start a bot again when it is unblocked.
    await this.tell("block", { blocked: false });
    await this.write("/start");
  }

  async follow(url) {
    // A link to the bot starts it; any other is the page's to open.
    if ((await this.ask("open", { url }))?.started) return;
    this.root.dispatchEvent(new CustomEvent("open-url", { bubbles: true, detail: { url } }));
  }

  copy(text) {
    const done = () => showToast(this.panels, said("copied"));
    return navigator.clipboard?.writeText(text).then(done);
  }

  async tell(action, facts, complaint = said("failed")) {
    const answered = await this.ask(action, facts);
    if (!answered) showToast(this.panels, complaint);
    return Boolean(answered);
  }

  async ask(action, facts) {
    const answer = await fetch(`${this.place}/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(facts),
    }).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }
}

function replaceKeepingFocus(old, made) {
  const at = [...old.querySelectorAll("button")].indexOf(document.activeElement);
  old.replaceWith(made);
  if (at >= 0) made.querySelectorAll("button")[at]?.focus({ preventScroll: true });
}

// A phone with short messages: what came and what went, a line to write in, hints to tap.

import { onTopic } from "/page/events.js";
import { language, roubles, word } from "/page/words.js";

const ANSWERS = ["да", "баланс"];
const LONGEST_TEXT = 1000;
const TALLEST_INPUT_PX = 120;

// Characters of the GSM 7-bit alphabet (3GPP TS 23.038) take one septet, those of its extension two.
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
  "abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION = "\f^{}\\[~]|€";

export function segmentsOf(text) {
  const septets = [...text].reduce(
    (sum, sign) => sum + (BASIC.includes(sign) ? 1 : EXTENSION.includes(sign) ? 2 : NaN),
    0,
  );
  const [length, single, part] = Number.isNaN(septets) ? [text.length, 70, 67] : [septets, 160, 153];
  return { length, most: single, count: length <= single ? 1 : Math.ceil(length / part) };
}

function element(tag, className, { text = "", ...properties } = {}) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  const { testid, ...rest } = properties;
  if (testid) made.dataset.testid = testid;
  return Object.assign(made, rest);
}

function bubble(message, shortCode) {
  const outgoing = message.direction === "mo";
  const made = element("li", `sms-bubble ${outgoing ? "out" : "in"}`, { testid: "sms-message" });
  made.dataset.direction = message.direction;
  made.dataset.segments = message.segments;
  if (!outgoing && message.from !== shortCode) {
    made.append(element("span", "sms-from", { text: `${word("from")} ${message.from}` }));
  }
  made.append(element("span", "sms-text", { text: message.text }));
  made.append(element("span", "sms-meta", { text: meta(message, outgoing) }));
  return made;
}

function meta(message, outgoing) {
  const at = new Date(message.at).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" });
  const parts = message.segments > 1 ? `${message.segments} SMS` : "";
  const state = outgoing ? word(message.state === "waiting" ? "waiting" : "delivered") : "";
  return [at, parts, state].filter(Boolean).join(" · ");
}

class SmsPhone {
  constructor(root, { msisdn, shortCode, example }) {
    this.msisdn = msisdn;
    this.shortCode = shortCode;
    this.newest = null;
    root.classList.add("sms");
    root.append(this.head(), this.messages(), this.hints([example, ...ANSWERS]), this.trouble(), this.composer());
    this.speak = this.speak.bind(this);
    document.addEventListener("language", this.speak);
    this.stops = [
      onTopic(`sms:${msisdn}`, () => this.read()),
      onTopic("provider", () => this.readBalance()),
      () => document.removeEventListener("language", this.speak),
    ];
    this.measure();
    this.speak();
  }

  head() {
    const head = element("header", "sms-head");
    this.balance = element("span", "sms-balance", { testid: "phone-balance" });
    head.append(element("strong", "", { text: this.shortCode }), this.balance);
    return head;
  }

  messages() {
    this.log = element("ol", "sms-log", { tabIndex: 0, ariaLive: "polite" });
    return this.log;
  }

  hints(texts) {
    this.chips = element("div", "sms-hints", { role: "group" });
    for (const text of texts) {
      const chip = element("button", "sms-hint", { text, type: "button", testid: "sms-hint" });
      chip.addEventListener("click", () => this.fill(text));
      this.chips.append(chip);
    }
    return this.chips;
  }

  trouble() {
    this.problem = element("p", "sms-problem", { role: "alert" });
    return this.problem;
  }

  composer() {
    const form = element("form", "sms-composer");
    this.input = element("textarea", "sms-input", { rows: 1, maxLength: LONGEST_TEXT, testid: "sms-input" });
    this.count = element("span", "sms-count");
    this.button = element("button", "sms-send", { type: "submit", testid: "sms-send" });
    form.append(this.input, this.count, this.button);
    this.input.addEventListener("input", () => this.measure());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.send(event);
    });
    form.addEventListener("submit", (event) => this.send(event));
    return form;
  }

  fill(text) {
    this.input.value = text;
    this.measure();
    this.input.focus();
  }

  measure() {
    const { length, most, count } = segmentsOf(this.input.value);
    this.count.textContent = count > 1 ? `${count} SMS` : `${length}/${most}`;
    this.button.disabled = !this.input.value.trim();
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, TALLEST_INPUT_PX)}px`;
  }

  speak() {
    this.log.ariaLabel = word("log");
    this.log.dataset.empty = word("empty");
    this.chips.ariaLabel = word("hints");
    this.input.placeholder = this.input.ariaLabel = word("message");
    this.button.ariaLabel = word("send");
    this.read();
    this.readBalance();
  }

  async read() {
    const answer = await fetch(`/phone/sms/${this.msisdn}/messages`).catch(() => null);
    if (!answer?.ok) return; // the stream of changes tells when the simulator is back
    const { messages } = await answer.json();
    this.log.replaceChildren(...messages.map((message) => bubble(message, this.shortCode)));
    const newest = messages.at(-1)?.id ?? null;
    if (newest !== this.newest) this.log.scrollTop = this.log.scrollHeight;
    this.newest = newest;
  }

  async readBalance() {
    const answer = await fetch(`/phone/provider/balance/${this.msisdn}`).catch(() => null);
    if (!answer?.ok) return;
    this.balance.textContent = `${word("balance")}: ${roubles((await answer.json()).kopecks)}`;
  }

  async send(event) {
    event.preventDefault();
    const text = this.input.value;
    if (!text.trim()) return;
    this.input.value = "";
    this.problem.textContent = "";
    this.measure();
    const answer = await fetch(`/phone/sms/${this.msisdn}/send`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, to: this.shortCode }),
    }).catch(() => null);
    if (answer?.ok) return;
    this.problem.textContent = word("failed");
    this.input.value ||= text;
    this.measure();
  }

  destroy() {
    for (const stop of this.stops) stop();
  }
}

export function mountSms(root, { msisdn, shortCode = "3116", example = "aliance 100080 100" }) {
  return new SmsPhone(root, { msisdn, shortCode, example });
}

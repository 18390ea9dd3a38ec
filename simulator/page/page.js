// The demo page: reads its configuration, puts a phone into each place, shows the ledger.

import { mountSms } from "/page/sms.js";
import { openLink } from "/page/overlay.js";
import { mountTime } from "/page/time.js";
import { language, speak, switchLanguage, word } from "/page/words.js";

const LEDGER_RETRY_MS = 1000;

function place(id) {
  return document.getElementById(id);
}

function note(element, name) {
  const text = document.createElement("p");
  text.className = "note";
  text.dataset.word = name;
  text.textContent = word(name);
  element.replaceChildren(text);
}

/** A picker of people and a place that shows the chosen one. */
function show(pickerId, people, element, mount) {
  const picker = place(pickerId);
  picker.replaceChildren(
    ...people.map(({ address, name }) => {
      const label = name.includes(address) ? name : `${address} · ${name}`;
      return new Option(label, address);
    }),
  );
  picker.hidden = people.length < 2;
  let shown = null;
  const change = () => {
    shown?.destroy?.();
    element.replaceChildren();
    shown = mount(element, picker.value);
  };
  picker.addEventListener("change", change);
  change();
}

async function showLedger(address) {
  const sheet = place("ledger");
  if (!address) {
    note(sheet, "no_ledger");
    return;
  }
  note(sheet, "ledger_waits");
  // The product starts after the simulator: a frame opened too early would stay an error page.
  while (!(await fetch(address, { mode: "no-cors" }).then(() => true, () => false))) {
    await new Promise((resolve) => setTimeout(resolve, LEDGER_RETRY_MS));
  }
  const frame = document.createElement("iframe");
  frame.dataset.testid = "ledger-frame";
  frame.dataset.wordTitle = "ledger";
  frame.title = word("ledger");
  frame.src = address;
  sheet.replaceChildren(frame);
  place("ledger-link").href = address;
  place("ledger-link").hidden = false;
}

async function showTelegram(config) {
  const { mountTelegram } = await import("/page/telegram.js");
  show("user", config.users, place("telegram"), (element, user) => mountTelegram(element, { user }));
}

async function start() {
  speak();
  const config = await (await fetch("/phone/config")).json();
  place("example").textContent = `${config.sms_example} → ${config.short_code}`;
  place("hint").textContent = config.hint;
  place("hint").hidden = !config.hint;
  if (config.clock) mountTime();
  if (config.sms) {
    const { short_code: shortCode, sms_example: example } = config;
    const mount = (element, msisdn) => mountSms(element, { msisdn, shortCode, example });
    show("phone", config.phones, place("sms"), mount);
  } else {
    note(place("sms"), "no_sms");
  }
  if (!config.telegram) note(place("telegram"), "no_telegram");
  await Promise.all([config.telegram && showTelegram(config), showLedger(config.ledger_url)]);
}

function nameLanguageSwitch() {
  place("language").textContent = word("switch");
}

place("language").addEventListener("click", switchLanguage);
document.addEventListener("language", nameLanguageSwitch);
document.addEventListener("open-url", (event) => openLink(event.detail.url, language()));
nameLanguageSwitch();
await start();

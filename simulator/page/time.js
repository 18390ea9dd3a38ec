// The product's date, the buttons that send it ahead day by day, and what remembered cards do on the way.

import { onTopic } from "/page/events.js";
import { language, word } from "/page/words.js";

const WHILE_MOVING_MS = 250;
const AT_REST_MS = 15000;
const NO_ANSWER_MS = 1000;

const place = document.getElementById("time");
const shown = document.getElementById("time-now");
const progress = document.getElementById("time-progress");
const buttons = [...place.querySelectorAll("button[data-days]")];
const mood = document.getElementById("card-mood");

let told = null;
let waiting = null;

function show() {
  const moving = told?.moving ?? false;
  place.classList.toggle("moving", moving);
  for (const button of buttons) button.disabled = !told || moving;
  progress.hidden = !moving;
  if (!told) {
    shown.textContent = word("time_waits");
    return;
  }
  const options = { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" };
  const format = new Intl.DateTimeFormat(language(), { ...options, timeZone: told.zone });
  shown.textContent = format.format(new Date(told.now));
  shown.dateTime = told.now;
  progress.max = Math.max(progress.max, told.days_left);
  progress.value = progress.max - told.days_left;
}

async function ask(options) {
  clearTimeout(waiting);
  let heard = false;
  try {
    const answer = await fetch("/phone/clock", options);
    // A page beside this one may have sent it ahead: then it is followed, not sent again.
    heard = answer.ok;
    if (heard) told = await answer.json();
  } catch {
    told = null;
  }
  show();
  const pause = told?.moving ? WHILE_MOVING_MS : AT_REST_MS;
  waiting = setTimeout(ask, heard ? pause : NO_ANSWER_MS);
}

function go(days) {
  progress.max = days;
  progress.value = 0;
  for (const button of buttons) button.disabled = true;
  ask({ method: "POST", body: JSON.stringify({ days }) });
}

async function readMood() {
  mood.value = (await (await fetch("/phone/provider/saved-cards")).json()).mood;
}

function tellMood() {
  return fetch("/phone/provider/saved-cards", { method: "POST", body: JSON.stringify({ mood: mood.value }) });
}

export function mountTime() {
  place.hidden = false;
  for (const button of buttons) button.addEventListener("click", () => go(Number(button.dataset.days)));
  mood.addEventListener("change", tellMood);
  document.addEventListener("language", show);
  onTopic("provider", readMood);
  readMood();
  ask();
}

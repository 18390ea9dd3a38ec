// Documents in the chat: a bubble that is saved by a click, and the clip by which a person sends one.

import { button, element } from "/page/telegram_text.js";
import { language } from "/page/words.js";

export function documentCard(file, url) {
  const made = element("a", "tg-document");
  made.href = url;
  made.download = file.name;
  made.dataset.testid = "telegram-document";
  made.append(element("b", "", file.name), element("span", "", size(file.size)));
  return made;
}

/** The clip and its hidden chooser; the same file can be chosen again. */
export function attachButton(place, failed) {
  const chooser = element("input", "tg-chooser");
  chooser.type = "file";
  chooser.hidden = true;
  chooser.dataset.testid = "telegram-file";
  chooser.addEventListener("change", () => {
    const [file] = chooser.files;
    if (file) send(place, file).then((sent) => sent || failed());
    chooser.value = "";
  });
  const made = button("tg-attach", "📎", () => chooser.click());
  made.dataset.testid = "telegram-attach";
  return [made, chooser];
}

async function send(place, file) {
  const answer = await fetch(`${place}/document?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream" },
    body: file,
  }).catch(() => null);
  return Boolean(answer?.ok);
}

function size(bytes) {
  const [value, unit] = bytes < 1024 ? [bytes, "byte"] : [Math.round(bytes / 1024), "kilobyte"];
  return new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: "short" }).format(value);
}

// What lies over the chat for a while: toasts, a question, a menu.

import { button, element } from "/page/telegram_text.js";

const TOAST_MS = 3500;

export function showToast(place, text) {
  const toast = element("div", "tg-toast", text);
  toast.dataset.testid = "telegram-toast";
  toast.setAttribute("role", "status");
  place.append(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
}

/** `answers`: pairs of a word and what it does; every one closes the dialog. */
export function openDialog(place, text, answers) {
  const shade = element("div", "tg-shade");
  const dialog = element("div", "tg-dialog");
  dialog.dataset.testid = "telegram-dialog";
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-label", text);
  dialog.append(element("p", "", text));
  const line = element("div", "tg-answers");
  for (const [word, act] of answers) {
    line.append(button("tg-answer", word, () => {
      shade.remove();
      act();
    }));
  }
  dialog.append(line);
  shade.append(dialog);
  place.append(shade);
  line.firstElementChild.focus();
}

/** Wherever one touches but in the menu and at what opens it, `touched`, it goes away. */
export function closeMenu(place, touched = null) {
  if (!touched?.closest(".tg-menu, .tg-more, .tg-commands, .tg-input")) place.querySelector(".tg-menu")?.remove();
}

/** `items`: word, what it does, and a description if there is one. A second opening closes the menu. */
export function openMenu(place, items, { top = false, keepFocus = false } = {}) {
  const old = place.querySelector(".tg-menu");
  old?.remove();
  if (!items.length || (old && !keepFocus && old.classList.contains("top") === top)) return;
  const menu = element("div", `tg-menu ${top ? "top" : ""}`);
  menu.setAttribute("role", "menu");
  for (const [word, act, description] of items) {
    const item = button("tg-item", word, () => {
      menu.remove();
      act();
    });
    item.dataset.testid = "telegram-item";
    item.setAttribute("role", "menuitem");
    if (description) item.append(element("span", "", description));
    menu.append(item);
  }
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") menu.remove();
  });
  place.append(menu);
  if (!keepFocus) menu.firstElementChild.focus();
}

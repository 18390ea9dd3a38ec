// A message's text with its entities as elements. Offsets are UTF-16 units, as the indices of a string are.

const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
  spoiler: "span",
};
const LINKS = new Set(["text_link", "url", "mention", "hashtag", "email", "phone_number", "bot_command"]);

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function button(className, text, onClick) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/** `doing`: what a touch of a link does: follow(url), write(text). */
export function formatted(text, entities, doing) {
  const whole = document.createDocumentFragment();
  const sorted = [...entities].sort((one, other) => one.offset - other.offset || other.length - one.length);
  fill(whole, text, 0, text.length, sorted, doing);
  return whole;
}

function fill(parent, text, from, to, entities, doing) {
  let at = from;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < at || end <= entity.offset) continue;
    parent.append(text.slice(at, entity.offset));
    const inside = entities.slice(index + 1).filter((other) => other.offset < end);
    const made = wrap(entity, text.slice(entity.offset, end), doing);
    fill(made, text, entity.offset, end, inside, doing);
    parent.append(made);
    at = end;
  }
  parent.append(text.slice(at, to));
}

function wrap(entity, covered, doing) {
  if (LINKS.has(entity.type)) return link(entity, covered, doing);
  const made = element(TAGS[entity.type] ?? "span");
  if (entity.type === "spoiler") {
    made.className = "tg-spoiler";
    made.addEventListener("click", () => made.classList.add("seen"), { once: true });
  }
  return made;
}

function link(entity, covered, doing) {
  const address = entity.type === "text_link" ? entity.url : entity.type === "url" ? covered : "";
  const made = element("a", "tg-link");
  made.href = /^https?:/i.test(address) ? address : "#";
  made.addEventListener("click", (event) => {
    event.preventDefault();
    if (entity.type === "bot_command") doing.write(covered);
    else if (address) doing.follow(address);
  });
  return made;
}

// One stream of changes for the whole page: a browser opens few connections to one server.

const listeners = new Map();
let stream = null;

function open() {
  stream = new EventSource("/phone/events");
  stream.addEventListener("message", (event) => tell(JSON.parse(event.data).topic));
  // After a break nobody knows what was missed: everything is read again.
  stream.addEventListener("open", () => [...listeners.keys()].forEach(tell));
}

function tell(topic) {
  for (const listener of listeners.get(topic) ?? []) listener();
}

/** Call `listener` whenever the topic has changed; returns how to stop. */
export function onTopic(topic, listener) {
  if (!stream) open();
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  return () => listeners.get(topic).delete(listener);
}

// Shows the statement anew whenever the server says that it has changed; the browser reconnects by itself.
const ledger = document.getElementById("ledger");
const events = new EventSource(ledger.dataset.events);
events.onmessage = (event) => {
  const known = new Set([...ledger.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key));
  ledger.innerHTML = JSON.parse(event.data);
  for (const row of ledger.querySelectorAll("tr[data-key]")) {
    row.classList.toggle("fresh", known.size > 0 && !known.has(row.dataset.key));
  }
  ledger.dataset.live = "yes";
};
events.onerror = () => {
  ledger.dataset.live = "no";
};

// Opens the links that the phones show: the provider's card page over the page, all else in a window of its own.

const overlay = document.getElementById("overlay");
const frame = document.getElementById("overlay-frame");

export function openLink(address, language) {
  const url = new URL(address, location.href);
  if (!["http:", "https:"].includes(url.protocol)) return;
  if (/^\/provider\/card\/\d+/.test(url.pathname)) {
    // The card page comes from this server, under whatever name the product knows it.
    frame.src = `${url.pathname}?lang=${language}`;
    overlay.showModal();
    return;
  }
  // A login page refuses to be framed, as it should.
  window.open(url.href, "_blank", "popup,noopener,noreferrer,width=480,height=720");
}

function clear() {
  frame.src = "about:blank";
}

document.getElementById("overlay-close").addEventListener("click", () => overlay.close());
overlay.addEventListener("close", clear);
overlay.addEventListener("click", (event) => {
  if (event.target === overlay) overlay.close();
});
window.addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data?.type === "close-overlay") overlay.close();
});

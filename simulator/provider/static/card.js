// The card page's small comforts: digits in groups, a test card at one tap, and the way back out of a frame.

const form = document.querySelector("form");

function grouped(input, size, sign, most) {
  const digits = input.value.replace(/\D/g, "").slice(0, most);
  input.value = digits.match(new RegExp(`.{1,${size}}`, "g"))?.join(sign) ?? "";
}

if (form?.elements.number) {
  const { number, expiry, cvc } = form.elements;
  number.addEventListener("input", () => grouped(number, 4, " ", 19));
  expiry.addEventListener("input", () => grouped(expiry, 2, "/", 4));
  document.getElementById("fill").addEventListener("click", (event) => {
    number.value = event.currentTarget.dataset.number;
    grouped(number, 4, " ", 19);
    expiry.value = `12/${String(new Date().getFullYear() + 3).slice(2)}`;
    cvc.value = "123";
  });
}

// A second click before the answer has come would only send the same form again.
form?.addEventListener("submit", () => form.querySelector("button.pay").setAttribute("aria-busy", "true"));

if (window.parent !== window) {
  document.getElementById("back")?.addEventListener("click", (event) => {
    event.preventDefault();
    window.parent.postMessage({ type: "close-overlay" }, window.location.origin);
  });
}

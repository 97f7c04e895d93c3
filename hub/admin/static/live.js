// Keeps Today up to date while it is left open, and stops when asked to. Without this script the page reloads itself once a minute.
"use strict";
(() => {
  const place = document.getElementById("live");
  const button = document.getElementById("live-switch");
  if (!place || !button || !place.dataset.again || !window.fetch) return;
  const every = Number(place.dataset.again);
  const word = button.querySelector(".live-word");
  let timer = 0;

  const isOn = () => button.dataset.state === "on";
  const openedIn = (where) => [...where.querySelectorAll("details")].map((one) => one.open);

  const show = (fresh) => {
    const theirs = fresh.getElementById("live");
    const asOf = fresh.getElementById("as-of");
    // Whoever is about to press something in there is not to lose it from under the finger.
    if (!theirs || place.contains(document.activeElement)) return;
    const opened = openedIn(place);
    const same = opened.length === theirs.querySelectorAll("details").length;
    place.replaceChildren(...theirs.childNodes);
    if (same) [...place.querySelectorAll("details")].forEach((one, at) => { one.open = opened[at]; });
    if (asOf) document.getElementById("as-of").textContent = asOf.textContent;
    document.documentElement.dataset.renewed = String(Number(document.documentElement.dataset.renewed || 0) + 1);
  };

  const again = async () => {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      if (answer.redirected) {
        // Nobody is logged in any more: the door says so.
        location.reload();
        return;
      }
      if (answer.ok && isOn()) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The hub does not answer just now; it is asked again.
    }
    if (isOn()) timer = setTimeout(again, every);
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    button.dataset.state = isOn() ? "off" : "on";
    button.setAttribute("aria-pressed", String(isOn()));
    word.textContent = isOn() ? button.dataset.on : button.dataset.off;
    clearTimeout(timer);
    if (isOn()) again();
  });
  timer = setTimeout(again, every);
})();

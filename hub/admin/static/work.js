// Shows how far long work is without a reload. Without this script the page says the same when it is opened again.
"use strict";
(() => {
  const place = document.getElementById("work");
  if (!place || !place.dataset.again || !window.fetch) return;
  const again = async () => {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.redirected) return;
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("work");
        // Whoever is about to press something in there is not to lose it from under the finger.
        if (fresh && !place.contains(document.activeElement)) place.replaceChildren(...fresh.childNodes);
        if (fresh && !fresh.dataset.again) return;
      }
    } catch {
      // The hub does not answer just now; it is asked again.
    }
    setTimeout(again, Number(place.dataset.again));
  };
  setTimeout(again, Number(place.dataset.again));
})();

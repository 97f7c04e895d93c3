// What a script adds at the till: the field keeps the focus, keys typed while a page loads are not lost, the verdict sounds, a
// chosen picture goes at once, counts run down, the badge and the warnings stay fresh, and a scan that a device read is shown.
// Every page does its work without it. It stands in the head, so that it hears keys before the page is there.
"use strict";

(() => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  let early = "";
  let field = null;
  let ready = false;

  // A keyboard scanner types whenever it likes: what comes before the field is there is kept for it.
  const isKey = (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  document.addEventListener("keydown", (event) => {
    const busy = document.activeElement && document.activeElement.matches("input, select, textarea");
    // The field may take the focus in the middle of a scan: what began before it goes on here, or its two halves change places.
    const begun = early && busy && document.activeElement.matches("[data-focus]");
    if (!ready && (!busy || begun)) {
      if (isKey(event)) early += event.key;
      else if (event.key === "Enter" && early) early += "\n";
      else return;
      if (begun) event.preventDefault();
      return;
    }
    const onControl = document.activeElement && document.activeElement.matches("button, a, summary");
    // A space or Enter on a button presses it; any other key is the beginning of a scan.
    if (field && !busy && isKey(event) && !(onControl && event.key === " ")) field.focus();
  });

  const takeEarly = () => {
    if (!field || !early) return;
    const [first, ...rest] = early.split("\n");
    early = "";
    field.value = first;
    if (rest.length && field.form) field.form.requestSubmit();
  };

  const keepFocus = () => {
    field = document.querySelector("[data-focus]");
    if (!field) return;
    field.focus();
    // What stands there from before is replaced by the next scan, not lengthened by it.
    if (field.value) field.select();
    document.addEventListener("click", (event) => {
      if (!event.target.closest("a, button, input, label, select, summary, table, textarea")) field.focus();
    });
    window.addEventListener("pageshow", () => field.focus());
  };

  const playSound = () => {
    const audio = document.querySelector("[data-sound]");
    if (audio) audio.play().catch(() => {});
  };

  // A phone's picture has many megabytes; a QR needs few of them, and a shop's Wi-Fi is slow.
  const shrink = async (file) => {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, 1800 / Math.max(bitmap.width, bitmap.height));
    if (scale === 1) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob ? new File([blob], "picture.jpg", { type: "image/jpeg" }) : file;
  };

  const sendPictures = () => {
    for (const picture of document.querySelectorAll("input[type=file]")) {
      picture.addEventListener("change", async () => {
        if (!picture.files.length) return;
        const words = picture.parentElement.querySelector("[data-reading]");
        picture.parentElement.classList.add("busy");
        if (words) words.textContent = words.dataset.reading;
        try {
          const small = await shrink(picture.files[0]);
          if (small !== picture.files[0]) {
            const files = new DataTransfer();
            files.items.add(small);
            picture.files = files.files;
          }
        } catch { /* What the browser cannot unfold goes as it is; the server says what it thinks of it. */ }
        picture.form.requestSubmit();
      });
    }
  };

  const onceEach = () => {
    for (const form of document.querySelectorAll("form")) {
      form.addEventListener("submit", () => {
        for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
      });
    }
  };

  const countDown = () => {
    for (const place of document.querySelectorAll("[data-count]")) {
      const end = performance.now() + Number(place.dataset.count) * 1000;
      const tick = () => {
        const left = Math.ceil((end - performance.now()) / 1000);
        if (left > 0) {
          place.textContent = String(left);
          setTimeout(tick, 250);
        } else if (place.dataset.then !== undefined) place.textContent = place.dataset.then;
        else if (place.dataset.gone !== undefined) place.parentElement.remove();
        else place.textContent = "0";
      };
      tick();
    }
  };

  const keepFresh = () => {
    const badge = document.getElementById("badge");
    if (!badge) return;
    let around = null;
    setInterval(async () => {
      try {
        const answer = await fetch(badge.dataset.state, { cache: "no-store" });
        if (answer.status === 401) {
          // Whoever is signed out sees that, unless this is the page for signing in.
          if (document.querySelector("[name=mark]")) location.reload();
          return;
        }
        const state = await answer.json();
        badge.className = "badge tone-" + state.tone;
        if (badge.textContent !== state.text) badge.textContent = state.text;
        badge.title = state.line;
        const place = document.getElementById("around");
        // In its place, and not by loading the page anew: somebody may be typing.
        if (place && around !== state.around) place.innerHTML = around = state.around;
      } catch { /* The kiosk itself is restarting: the next look tells. */ }
    }, 2000);
  };

  const listen = async () => {
    const listening = document.getElementById("listening");
    if (!listening) return;
    let after = listening.dataset.after;
    const address = new URL(listening.dataset.next, location.href);
    for (;;) {
      try {
        address.searchParams.set("after", after);
        const answer = await fetch(address, { cache: "no-store" });
        if (answer.status === 401) { location.reload(); return; }
        const heard = await answer.json();
        after = heard.after;
        if (heard.go) { location.assign(heard.go); return; }
        await pause(heard.again_ms);
      } catch { await pause(2000); }
    }
  };

  // A page that waits for somebody else's answer looks again.
  const lookAgain = () => {
    const waiting = document.querySelector("[data-again]");
    if (waiting) setTimeout(() => location.reload(), 1000 * Number(waiting.dataset.again));
  };

  document.addEventListener("DOMContentLoaded", () => {
    ready = true;
    keepFocus();
    takeEarly();
    playSound();
    sendPictures();
    onceEach();
    countDown();
    keepFresh();
    lookAgain();
    listen();
  });
})();

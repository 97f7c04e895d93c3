// What a script adds at the till: the field keeps the focus, the verdict sounds, a chosen picture goes at once, the badge stays
// fresh. Every page does its work without it.
"use strict";

const field = document.querySelector("[data-focus]");
if (field) {
  field.focus();
  // A keyboard scanner types into whatever has the focus: whoever touched the page beside a control gets the field back.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, input, label, select, summary, table")) field.focus();
  });
  document.addEventListener("keydown", (event) => {
    const typing = document.activeElement && document.activeElement.matches("input, select, textarea, button, a, summary");
    if (!typing && event.key.length === 1 && !event.ctrlKey && !event.metaKey) field.focus();
  });
}

const audio = document.querySelector("[data-sound]");
if (audio) audio.play().catch(() => {});

const picture = document.getElementById("picture");
if (picture) picture.addEventListener("change", () => { if (picture.files.length) picture.form.requestSubmit(); });

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
  });
}

const badge = document.getElementById("badge");
if (badge) {
  setInterval(async () => {
    try {
      const answer = await fetch(badge.dataset.state, { cache: "no-store" });
      if (answer.status === 401) { if (document.querySelector(".scan")) location.reload(); return; }
      const state = await answer.json();
      // Cut off, or back again: the whole page says so, unless somebody is typing.
      const changed = !badge.classList.contains("tone-" + state.tone);
      if (changed && document.querySelector(".scan-form") && !document.querySelector("#text").value) location.reload();
      badge.className = "badge tone-" + state.tone;
      if (badge.textContent !== state.text) badge.textContent = state.text;
      badge.title = state.line;
    } catch { /* The kiosk itself is restarting: the next look tells. */ }
  }, 4000);
}

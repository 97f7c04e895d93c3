/* Looks again every two seconds and puts the new figures in place; counts taps at once. Without it the pages load themselves again. */
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const every = Number(live.dataset.every) * 1000;
  let sending = 0;
  let timer = 0;

  const opened = () => new Set([...live.querySelectorAll("details[open][id]")].map((one) => one.id));

  const show = (told) => {
    if (!told.signed_in) { location.reload(); return; }
    const before = opened();
    const focused = document.activeElement && live.contains(document.activeElement) ? document.activeElement.id : "";
    const draft = document.createElement("template");
    draft.innerHTML = told.html;
    if (draft.innerHTML === live.innerHTML) return;
    for (const one of draft.content.querySelectorAll("details[id]")) if (before.has(one.id)) one.open = true;
    live.replaceChildren(draft.content);
    if (focused) { const again = document.getElementById(focused); if (again) again.focus({ preventScroll: true }); }
    if (told.stage !== live.dataset.stage) {
      live.dataset.stage = told.stage;
      const word = live.querySelector("[data-say]");
      document.getElementById("said").textContent = word ? word.textContent : "";
    }
  };

  const look = async () => {
    clearTimeout(timer);
    try {
      if (!sending && !document.hidden) {
        const answer = await fetch(live.dataset.poll, { headers: { Accept: "application/json" }, cache: "no-store" });
        const told = await answer.json();
        if (!sending) show(told);
        live.classList.remove("stale");
      }
    } catch {
      live.classList.add("stale");
    }
    timer = setTimeout(look, every);
  };

  const steps = [];
  const send = async () => {
    sending += 1;
    const form = live.querySelector("form[data-heads]");
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "set");
    body.set("heads", String(steps.at(-1)));
    steps.length = 0;
    try {
      const answer = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body });
      const told = await answer.json();
      if (!steps.length) show(told);
      live.classList.remove("stale");
    } catch {
      live.classList.add("stale");
    }
    sending -= 1;
    if (steps.length) send();
  };

  live.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-step]");
    if (!button) return;
    event.preventDefault();
    const number = live.querySelector("[data-number]");
    const heads = Math.max(0, Math.min(9999, Number(number.dataset.number) + Number(button.dataset.step)));
    number.dataset.number = String(heads);
    number.textContent = String(heads);
    steps.push(heads);
    if (!sending) send();
  });

  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  timer = setTimeout(look, every);
})();

// Keys on the screen for a till without a keyboard: they type where the caret is, and the field keeps the focus.
"use strict";

(() => {
  const show = (pad, open) => {
    pad.hidden = !open;
    const field = document.getElementById(pad.dataset.pad);
    // With our keys on the screen the device's own would only cover them.
    if (open) { field.dataset.mode ??= field.inputMode; field.inputMode = "none"; }
    else if (field.dataset.mode !== undefined) field.inputMode = field.dataset.mode;
    const key = document.querySelector(`[data-opens="${pad.dataset.pad}"]`);
    if (key) key.setAttribute("aria-expanded", String(open));
    return field;
  };

  const press = (field, key) => {
    const from = field.selectionStart ?? field.value.length;
    const to = field.selectionEnd ?? from;
    if (key === "clear") field.value = "";
    else if (key === "erase") field.setRangeText("", from === to ? Math.max(0, from - 1) : from, to, "end");
    else if (field.maxLength < 0 || field.value.length - (to - from) < field.maxLength) field.setRangeText(key, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  for (const pad of document.querySelectorAll("[data-pad]")) {
    // A small phone has keys of its own that are better than ours for everything but a PIN.
    const own = matchMedia("(max-width: 599px)").matches && !pad.classList.contains("pad-pin");
    if (pad.hasAttribute("data-open") && !own) show(pad, true);
    // The field must not lose its focus to a key.
    pad.addEventListener("pointerdown", (event) => event.preventDefault());
    pad.addEventListener("mousedown", (event) => event.preventDefault());
    pad.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]");
      const field = document.getElementById(pad.dataset.pad);
      if (key) { press(field, key.dataset.key); field.focus(); }
    });
    const opener = document.querySelector(`[data-opens="${pad.dataset.pad}"]`);
    if (opener && !own) {
      opener.hidden = false;
      opener.addEventListener("click", () => {
        const open = pad.hidden;
        for (const other of document.querySelectorAll("[data-pad]:not([data-open])")) show(other, other === pad && open);
        document.getElementById(pad.dataset.pad).focus();
      });
    }
  }
})();

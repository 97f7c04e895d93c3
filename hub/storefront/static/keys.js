// A keyboard on the page, for a screen that has none: it comes with a touch of the search field, and goes with one beside it.
// Letters and digits; Chinese is found by touching a word.
"use strict";

{
  const ROWS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
  const words = JSON.parse(document.getElementById("screen").dataset.keys || "{}");
  let field = null, panel = null;

  const key = (text, label, press) => {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.textContent = text;
    if (label) button.setAttribute("aria-label", label);
    // The field keeps the cursor.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => { press(); if (field) field.dispatchEvent(new Event("input", { bubbles: true })); });
    return button;
  };
  const type = (text) => field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  const erase = () => {
    const end = field.selectionEnd, start = field.selectionStart === end ? Math.max(0, end - 1) : field.selectionStart;
    field.setRangeText("", start, end, "end");
  };

  const show = (input) => {
    hide();
    field = input;
    panel = document.createElement("div");
    panel.className = "keys";
    panel.setAttribute("role", "group");
    panel.setAttribute("aria-label", words.keys);
    ROWS.forEach((letters, number) => {
      const row = document.createElement("div");
      row.append(...[...letters].map((letter) => key(letter, "", () => type(letter))));
      if (number === 2) row.append(key("⌫", words.erase, erase));
      if (number === 3) row.append(key("␣", words.space, () => type(" ")), key("✓", words.search, () => field.form.requestSubmit()));
      panel.append(row);
    });
    field.form.append(panel);
    const box = field.form.getBoundingClientRect();
    panel.classList.toggle("below", box.top < panel.offsetHeight + 24);
    const beyond = box.left + panel.offsetWidth - (document.documentElement.clientWidth - 16);
    if (beyond > 0) panel.style.insetInlineStart = `${-beyond}px`;
  };
  const hide = () => {
    if (panel) panel.remove();
    panel = field = null;
  };

  document.addEventListener("pointerup", (event) => {
    if (event.pointerType !== "touch") return;
    if (event.target.matches(".search .input")) show(event.target);
    else if (panel && !panel.contains(event.target)) hide();
  });
}

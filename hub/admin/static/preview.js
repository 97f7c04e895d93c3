// Shows the offer beside the form as it is typed. Without this script the buttons above the frame do the same.
"use strict";
(() => {
  const form = document.getElementById("offer-form");
  const frame = document.getElementById("shown");
  const buttons = [...document.querySelectorAll("button[data-kind]")];
  if (!form || !frame || !buttons.length || !window.fetch) return;
  let kind = frame.dataset.kind;
  let waiting = 0;
  let asking = false;
  let wanted = null;

  const put = (page) => {
    const inside = frame.contentDocument;
    if (!inside || !inside.body) return;
    inside.body.replaceWith(inside.importNode(page.body, true));
  };

  // One question at a time: what changes meanwhile is asked for afterwards, so that no older answer comes last, and a picture
  // that is on its way is known to every later question.
  const ask = async (withFile) => {
    const fields = new FormData(form);
    if (!withFile) fields.delete("upload");
    const address = buttons.find((button) => button.dataset.kind === kind).formAction;
    try {
      const answer = await fetch(address, { method: "POST", body: fields, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const picture = answer.headers.get("Shopbell-Picture");
      if (withFile && picture !== null && form.elements.picture) form.elements.picture.value = picture;
      put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The network is away: the preview stays as it was, and the buttons still work later.
    }
  };

  const show = async (withFile) => {
    clearTimeout(waiting);
    wanted = wanted === null ? withFile : wanted || withFile;
    if (asking) return;
    asking = true;
    while (wanted !== null) {
      const file = wanted;
      wanted = null;
      await ask(file);
    }
    asking = false;
  };

  const soon = (event) => {
    if (event.target === form.elements.upload) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => show(false), 300);
  };

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  for (const choice of document.querySelectorAll("[name=card_language]")) choice.addEventListener("change", soon);
  for (const button of buttons) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      kind = button.dataset.kind;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      show(false);
    });
  }
  if (form.elements.upload) form.elements.upload.addEventListener("change", () => show(true));
})();

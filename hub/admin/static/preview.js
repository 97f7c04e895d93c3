// Shows the offer card beside the form as it is typed. Without this script the Preview button does the same.
"use strict";
(() => {
  const form = document.getElementById("offer-form");
  const screen = document.getElementById("preview");
  if (!form || !screen || !window.fetch) return;
  const upload = form.elements.upload;
  let language = "";
  let chosen = "";
  let waiting = 0;
  let latest = 0;

  const paint = () => {
    if (!chosen) return;
    const frame = screen.querySelector(".picture");
    if (!frame) return;
    let image = frame.querySelector("img");
    if (!image) {
      image = document.createElement("img");
      image.alt = "";
      const blank = frame.querySelector(".blank");
      if (blank) blank.replaceWith(image); else frame.prepend(image);
    }
    image.src = chosen;
  };

  const show = async () => {
    const turn = ++latest;
    const fields = new FormData(form);
    fields.delete("upload");
    if (language) fields.set("card_language", language);
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: fields, credentials: "same-origin" });
      if (!answer.ok || answer.redirected || turn !== latest) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      screen.replaceChildren(...page.body.childNodes);
      paint();
    } catch {
      // The network is away: the card stays as it was, and the Preview button still works later.
    }
  };

  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 250);
  };

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  for (const button of document.querySelectorAll("[data-card-language]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      language = button.dataset.cardLanguage;
      for (const other of document.querySelectorAll("[data-card-language]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      show();
    });
  }
  if (upload) {
    upload.addEventListener("change", () => {
      chosen = "";
      const file = upload.files[0];
      if (!file || !file.type.startsWith("image/")) return;
      const reader = new FileReader();
      reader.addEventListener("load", () => { chosen = String(reader.result); paint(); });
      reader.readAsDataURL(file);
    });
  }
})();

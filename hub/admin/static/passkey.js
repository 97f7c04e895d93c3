// Asks this device for a passkey and sends its answer with the form that carries the question. Without this script, or where the
// browser has no passkeys, that form is not shown.
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential || !navigator.credentials) return;

  const octets = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const question = JSON.parse(form.dataset.passkey);
  question.challenge = octets(question.challenge);
  if (question.user) question.user.id = octets(question.user.id);
  for (const known of [...(question.excludeCredentials || []), ...(question.allowCredentials || [])]) known.id = octets(known.id);

  const ask = () =>
    question.user ? navigator.credentials.create({ publicKey: question }) : navigator.credentials.get({ publicKey: question });

  const sorry = form.querySelector("[data-sorry]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    sorry.hidden = true;
    try {
      const found = await ask();
      const response = {};
      for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
        if (found.response[name]) response[name] = text(found.response[name]);
      form.elements.answer.value = JSON.stringify({
        id: found.id, rawId: text(found.rawId), type: found.type, response, clientExtensionResults: {},
      });
      form.submit();
    } catch {
      sorry.hidden = false;
    }
  });
})();

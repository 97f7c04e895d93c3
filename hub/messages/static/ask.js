// Asks the browser for a subscription and brings it to the shop. Without this script the page says that it needs one.
"use strict";

(() => {
  const form = document.querySelector("[data-push]");
  if (!form) { return; }
  const show = (name) => { for (const one of form.querySelectorAll("[data-say]")) { one.hidden = one.dataset.say !== name; } };
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) { show("cannot"); return; }
  const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  form.querySelector("[data-yes]").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const worker = await navigator.serviceWorker.register("/push/worker.js", { scope: "/push/" });
      await new Promise((done) => {
        const one = worker.installing || worker.waiting || worker.active;
        if (one.state === "activated") { done(); } else { one.addEventListener("statechange", () => { if (one.state === "activated") { done(); } }); }
      });
      const found = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: octets(form.dataset.push) });
      const plain = found.toJSON();
      const answer = await fetch(form.action, {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ endpoint: plain.endpoint, p256dh: plain.keys.p256dh, auth: plain.keys.auth }),
      });
      show(answer.ok ? "done" : "failed");
    } catch (wrong) {
      show(wrong.name === "NotAllowedError" ? "refused" : "failed");
    }
  });
})();

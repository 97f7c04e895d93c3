// What a script adds at the screen of a counter: offers take turns without a reload, a page that nobody touches asks and then
// wipes itself, each page tells that it lives, and a lost server is waited for. Without it every page does its work by itself.
"use strict";

const own = document.getElementById("screen");
let told = own.dataset;
// A guest whom the till has asked is not kept waiting.
const BEAT_MS = told.asks ? 3_000 : 10_000, LOOK_MS = 500, LOST_BEATS = 2;

// The page's own refresh is for browsers without script: from here on the script says when.
addEventListener("load", () => setTimeout(() => window.stop(), 0));
for (const refresh of document.querySelectorAll("meta[http-equiv=refresh]")) refresh.remove();

// A page out of the browser's memory belongs to somebody who has left.
addEventListener("pageshow", (event) => { if (event.persisted) location.replace(told.start); });

const now = () => performance.now() / 1000;
let touchedAt = now() - Number(told.elapsed || 0);
let touchedSinceBeat = false, leaving = false;
for (const kind of ["pointerdown", "keydown", "wheel", "input", "touchmove"]) {
  addEventListener(kind, () => { touchedAt = now(); touchedSinceBeat = true; }, { passive: true, capture: true });
}

function go(url) {
  if (leaving) return;
  leaving = true;
  // In the place of this page, so that nothing is left to go back to.
  location.replace(url);
}

// Heartbeat, and how long each offer stood in front while somebody could see it.

const seen = new Map();
let countedAt = now(), lost = 0;
function count(came) {
  const at = now(), front = Number(told.front);
  if (front && told.page) {
    const line = seen.get(front) || [0, 0];
    if (document.visibilityState === "visible") line[1] += at - countedAt;
    if (came) line[0] += 1;
    seen.set(front, line);
  }
  countedAt = at;
}
function heartbeat() {
  count(false);
  const lines = [...seen].map(([campaign, [times, seconds]]) => [campaign, times, Math.round(seconds * 10) / 10]);
  seen.clear();
  const beat = { page: told.page || "", visit: told.visit || "", touched: touchedSinceBeat, seen: lines };
  touchedSinceBeat = false;
  return JSON.stringify(beat);
}
async function tell() {
  try {
    const answer = await fetch(told.beat, {
      method: "POST", body: heartbeat(), headers: { "Content-Type": "application/json" }, signal: AbortSignal.timeout(5000),
    });
    if (!answer.ok) throw new Error(answer.status);
    lost = 0;
    const said = await answer.json();
    if (said.go && told.attract) go(said.go);
  } catch {
    lost += 1;
    // The page from the worker's store says so calmly, and comes back by itself. Somebody's coupon stays where it is.
    if (lost >= LOST_BEATS && told.attract && navigator.serviceWorker && navigator.serviceWorker.controller) go(told.start);
  }
}
if (told.beat) {
  if (document.visibilityState === "visible") count(true);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") countedAt = now(); else count(false); });
  addEventListener("pagehide", () => navigator.sendBeacon(told.beat, new Blob([heartbeat()], { type: "application/json" })));
  setInterval(tell, BEAT_MS);
  tell();
}

// Nothing is left behind.

function wipe() {
  try { sessionStorage.clear(); localStorage.clear(); } catch { /* Switched off: then there is nothing in them. */ }
  go(told.wipe);
}
const asking = document.querySelector(".idle");
if (told.wipe) {
  const idle = Number(told.idle), warn = Number(told.warn);
  const left = asking && asking.querySelector(".count");
  document.documentElement.classList.add("scripted");
  if (asking) asking.querySelector(".button").addEventListener("click", (event) => { event.preventDefault(); touchedAt = now(); look(); });
  const look = () => {
    const gone = now() - touchedAt;
    if (asking) asking.classList.toggle("due", gone >= idle);
    if (left) left.textContent = gone >= idle ? String(Math.max(0, Math.ceil(idle + warn - gone))) : "";
    if (gone >= idle + warn) wipe();
  };
  setInterval(look, LOOK_MS);
  look();
}

// A coupon that changes.

if (told.turn) {
  setTimeout(async () => {
    await tell();
    go(told.turnUrl);
  }, (Number(told.turn) + 0.3) * 1000);
}

// Pages follow each other in one place of the browser's history.

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || link.origin !== location.origin || link.hash) return;
  event.preventDefault();
  go(link.href);
});
document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  try {
    if (form.method !== "post") return go(`${form.action}?${body}`);
    const answer = await fetch(form.action, { method: "POST", body, signal: AbortSignal.timeout(15_000) });
    if (answer.redirected && answer.ok) return go(answer.url);
  } catch { /* The browser itself tries, and the worker answers where nobody else does. */ }
  form.submit();
});

// The offers take turns.

if (told.attract) {
  if (location.pathname + location.search !== told.start) history.replaceState(null, "", told.start);
  // A page that lives all day gathers memory: now and then a turn is a page of its own.
  const held = 45, freshAfter = 20;
  let turnedAt = now(), turning = false, turns = 0;
  setInterval(async () => {
    if (turning || leaving || now() - turnedAt < Number(told.attract)) return;
    if (touchedAt > turnedAt && now() - touchedAt < held) return;
    // Whatever somebody typed and left is gone with the old page.
    turning = true;
    try {
      const answer = await fetch(told.start, { signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw new Error(answer.status);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = next.getElementById("screen");
      if (!fresh || !fresh.dataset.attract) throw new Error("no offers");
      turns += 1;
      if (fresh.src !== own.src || turns > freshAfter) return go(told.start);
      await Promise.allSettled([...next.images].slice(0, 3).map((image) => { const warm = new Image(); warm.src = image.src; return warm.decode(); }));
      if (leaving) return;
      const came = fresh.dataset.front !== told.front;
      count(false);
      for (const part of ["header.top", "main", "footer.foot"]) {
        const old = document.querySelector(part), fit = next.querySelector(part);
        if (old && fit) old.replaceWith(document.adoptNode(fit));
      }
      // The tally goes on under the mark of the page that is now in front of people.
      await tell();
      told = { ...fresh.dataset };
      if (came) count(true);
    } catch { /* The next turn tries again; the heartbeat says when the server is lost. */ }
    turnedAt = now();
    turning = false;
  }, 250);
  if (navigator.serviceWorker) navigator.serviceWorker.register(told.worker).catch(() => {});
}

// While the server is away.

if (told.moment) {
  setInterval(async () => {
    try {
      const answer = await fetch(told.moment, { cache: "no-store", signal: AbortSignal.timeout(3000) });
      if (answer.ok) go(told.start);
    } catch { /* Not yet. */ }
  }, 2000);
}

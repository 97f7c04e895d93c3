// Keeps one page for when the server is away. It holds that page, its style, its script and its bell, and nothing of any visit.
"use strict";

const STORE = "shopbell-shell", PATIENCE_MS = 10_000;
const [MOMENT] = SHELL;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    await caches.delete(STORE);
    const store = await caches.open(STORE);
    await store.addAll(SHELL.map((url) => new Request(url, { cache: "no-cache" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin || url.pathname.startsWith("/till")) return;
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (event.request.method === "GET" && SHELL.includes(url.pathname + url.search)) event.respondWith(piece(event.request));
});

async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    // A front server that has lost ours says so with one of these.
    if (![502, 503, 504].includes(answer.status)) return answer;
  } catch { /* The server is away, or says nothing. */ }
  return (await kept(MOMENT)) || Response.error();
}

async function piece(request) {
  try {
    return await fetch(request);
  } catch {
    const url = new URL(request.url);
    return (await kept(url.pathname + url.search)) || Response.error();
  }
}

async function kept(url) {
  return (await caches.open(STORE)).match(url);
}

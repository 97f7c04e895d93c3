// Shows what the shop sends, also while no page of it is open.
"use strict";

self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data ? event.data.json() : {}; } catch (_wrong) { told = {}; }
  event.waitUntil(self.registration.showNotification(told.title || "", {
    body: told.text || "", tag: told.tag || "", data: { link: told.link || "" },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const link = event.notification.data && event.notification.data.link;
  if (link && link.startsWith("https://")) { event.waitUntil(self.clients.openWindow(link)); }
});

// A board comes anew each minute without a blink. Where the hub does not answer, what is shown stays, and says that it is old.
const again = Number(document.currentScript.dataset.again) * 1000;

async function renew() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.status === 404) { location.reload(); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh) throw new Error("no board");
    document.querySelector("main").replaceWith(fresh);
  } catch {
    const late = document.querySelector(".board-late");
    if (late) late.hidden = false;
  }
}

setInterval(renew, again);

// Looks for alarms again while a page is left open, and calls where somebody has switched the sound on.
"use strict";
(() => {
  const EVERY_MS = 10000;
  const CALL_MS = 4000;
  const LOST_AFTER = 2;
  let box = document.getElementById("alarms");
  if (!box || !window.fetch) return;
  const button = document.getElementById("sound");
  const url = box.dataset.url;
  const lostText = box.dataset.lost;
  let audio = null;
  let failures = 0;

  const isCalling = () => failures >= LOST_AFTER || Number(box.dataset.unseen) > 0;

  const call = () => {
    if (!audio || audio.state !== "running" || !isCalling()) return;
    for (const [start, pitch] of [[0, 880], [0.25, 660], [0.5, 880]]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      const at = audio.currentTime + start;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.4, at + 0.03);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.25);
    }
    document.documentElement.dataset.called = String(Number(document.documentElement.dataset.called || 0) + 1);
  };

  const lost = () => {
    const band = document.createElement("section");
    band.className = "alarm-band";
    band.setAttribute("role", "alert");
    const text = document.createElement("strong");
    text.textContent = lostText;
    band.append(text);
    box.replaceChildren(band);
  };

  const replace = (fresh, id) => {
    const mine = document.getElementById(id);
    const theirs = fresh.getElementById(id);
    // What is the same is left alone, so that a screen reader does not read it out again.
    if (mine && theirs && mine.innerHTML !== theirs.innerHTML) mine.replaceWith(document.adoptNode(theirs));
  };

  const look = async () => {
    try {
      const answer = await fetch(url, { credentials: "same-origin", cache: "no-store" });
      if (answer.redirected) {
        // Nobody is logged in any more: the door says so.
        clearInterval(looking);
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error("no answer");
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      failures = 0;
      replace(fresh, "alarms");
      replace(fresh, "wall");
      box = document.getElementById("alarms");
    } catch {
      failures += 1;
      if (failures === LOST_AFTER) lost();
    }
  };

  if (button && window.AudioContext) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (audio) {
        await audio.close();
        audio = null;
      } else {
        audio = new AudioContext();
        await audio.resume();
        call();
      }
      button.setAttribute("aria-pressed", String(Boolean(audio)));
      button.textContent = audio ? button.dataset.on : button.dataset.off;
    });
  }
  const looking = setInterval(look, EVERY_MS);
  setInterval(call, CALL_MS);
})();

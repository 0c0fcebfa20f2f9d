// Countdowns. The server decides when time is up; this only shows it, by the server's clock.
//
// - <time data-expires-at="2026-11-24T10:46:00Z" data-server-now="2026-11-24T10:41:00Z" data-total="300">5:00</time>
//   data-total (seconds) drives the .ring in the same .hold, .acard or [data-countdown-box].
// - data-countdown-label ("hold") is the word in announcements, heard at 2 minutes, 1 minute and the end only.
// - Under a minute the box gets .soon and [data-when-soon] inside it is shown; at the end the element
//   sends carebridge:expired, which bubbles: hx-trigger="carebridge:expired" can ask the server what is true now.

const say = (text) => document.dispatchEvent(new CustomEvent("carebridge:announce", { detail: { text } }));
const seen = new WeakMap(); // element → { expires, left }: what was last shown, so each threshold is said once
let offset = 0; // milliseconds the server's clock is ahead of ours
let probe = 0;

const padded = (number) => String(number).padStart(2, "0");
const minutes = (seconds) => `${Math.floor(seconds / 60)}:${padded(seconds % 60)}`;
const clock = (seconds) => (seconds < 3600 ? minutes(seconds) : `${Math.floor(seconds / 3600)}:${padded(Math.floor(seconds / 60) % 60)}:${padded(seconds % 60)}`);

function adopt(el) {
  const expires = Date.parse(el.dataset.expiresAt);
  const known = seen.get(el);
  if (known?.expires === expires) return known;
  if (el.dataset.serverNow) offset = Date.parse(el.dataset.serverNow) - Date.now();
  const state = { expires, left: Infinity };
  seen.set(el, state);
  return state;
}

function announce(el, before, left) {
  if (!el.closest(".hold, [data-countdown-box]") || before === Infinity) return;
  const label = el.dataset.countdownLabel ?? "hold";
  if (before > 120 && left <= 120) say(`2 minutes left on this ${label}.`);
  if (before > 60 && left <= 60) say(`1 minute left on this ${label}.`);
  if (before > 0 && left === 0) say(`This ${label} has ended.`);
}

function show(el) {
  const state = adopt(el);
  if (Number.isNaN(state.expires)) return;
  const left = Math.max(0, Math.ceil((state.expires - Date.now() - offset) / 1000));
  if (left === state.left) return;
  const box = el.closest(".hold, .acard, [data-countdown-box]");
  el.textContent = clock(left);
  box?.classList.toggle("soon", left <= 60);
  box?.querySelectorAll("[data-when-soon]").forEach((hint) => { hint.hidden = left > 60; });
  box?.querySelector(".ring")?.style.setProperty("--p", Math.min(100, (left / (Number(el.dataset.total) || 300)) * 100));
  announce(el, state.left, left);
  const ended = left === 0 && state.left > 0;
  state.left = left;
  if (ended) el.dispatchEvent(new CustomEvent("carebridge:expired", { bubbles: true }));
}

const tick = () => document.querySelectorAll("[data-expires-at]").forEach(show);

// A laptop that slept, or a clock somebody corrected: ask the server for the time whenever the page is looked at again.
async function resync() {
  tick();
  const icon = document.querySelector("link[rel=icon]");
  if (!icon || !document.querySelector("[data-expires-at]") || Date.now() - probe < 5000) return;
  probe = Date.now();
  try {
    const answer = await fetch(icon.href, { method: "HEAD", cache: "no-store" });
    const now = Date.now();
    const server = Date.parse(answer.headers.get("Date") ?? "");
    // The Date header counts whole seconds, so half a second is its best guess.
    if (server) offset = server + 500 - (probe + now) / 2;
    tick();
  } catch {
    // No network: the clock at hand is the best there is.
  }
}

addEventListener("focus", resync);
document.addEventListener("visibilitychange", () => { if (!document.hidden) resync(); });
document.addEventListener("htmx:afterSettle", tick);
setInterval(tick, 1000);
tick();

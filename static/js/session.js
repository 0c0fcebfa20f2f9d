// The end of a session: warned of before, and nothing typed is lost by it. The server decides when; this only asks.
//
// - #session-ending carries what the server knows: data-now, data-idle-at, data-ends-at, data-warn (seconds), data-key.
// - Somebody who types or clicks is there, even if nothing is sent: the server hears of it at most every 30 s.
// - Requests that no hand caused in the last minute say X-Background, and don't keep anybody signed in.
// - At the end, or when htmx is answered 401, what was typed is locked away (kept_input.js) and the sign-in page opens
//   in this tab; it leads back here.

import { keep, restore } from "./kept_input.js";

const BY_HAND_MS = 60_000;
const TELL_MS = 30_000;
const LAST_WORDS_MS = 5 * 60_000; // before the twelve hours are over
const box = document.getElementById("session-ending");
const time = box.querySelector("time");
const state = { idleAt: 0, endsAt: 0, offset: 0 };
let lastInput = 0;
let toldAt = Date.now();
let askedAt = 0;
let leaving = false;

const now = () => Date.now() + state.offset;
const minutes = (ms) => {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

function learn({ now: server, idle_at: idleAt, ends_at: endsAt }) {
  state.offset = Date.parse(server) - Date.now();
  state.idleAt = Date.parse(idleAt);
  state.endsAt = Date.parse(endsAt);
}

async function ask(method) {
  askedAt = Date.now();
  if (method === "POST") toldAt = askedAt;
  const headers = { "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "" };
  try {
    const answer = await fetch(box.dataset.url, { method, headers, cache: "no-store" });
    if (answer.ok) learn(await answer.json());
    if (answer.status === 401) await leave();
  } catch {
    // No network: the clock at hand is the best there is, and the server still holds the end.
  }
  show();
}

async function leave() {
  if (leaving) return;
  leaving = true;
  await keep(box.dataset.key);
  location.assign(`${box.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function show() {
  const old = state.endsAt - now() <= LAST_WORDS_MS && state.endsAt - state.idleAt <= 1000;
  const left = state.idleAt - now();
  const due = old ? left <= LAST_WORDS_MS : left <= Number(box.dataset.warn) * 1000;
  box.querySelector("[data-when-idle]").hidden = old;
  box.querySelector("[data-when-old]").hidden = !old;
  box.querySelector("[data-stay]").hidden = old;
  time.textContent = minutes(left);
  if (due && box.hidden) {
    const text = `You will be signed out in ${minutes(left)} minutes. ${old ? "" : "Press any key to stay signed in."}`;
    document.dispatchEvent(new CustomEvent("carebridge:announce", { detail: { text } }));
  }
  box.hidden = !due;
}

function tick() {
  const left = state.idleAt - now();
  if (lastInput > toldAt && Date.now() - toldAt >= (box.hidden ? TELL_MS : 0)) ask("POST");
  // Another tab may have been in use: ask before warning and before leaving.
  else if (left <= Number(box.dataset.warn) * 1000 && Date.now() - askedAt >= (left <= 0 ? 1000 : 20_000)) ask("GET");
  else show();
}

for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) {
  addEventListener(kind, (event) => { if (event.isTrusted) lastInput = Date.now(); }, { capture: true, passive: true });
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask("GET"); });
box.querySelector("[data-stay]").addEventListener("click", () => ask("POST"));

document.addEventListener("htmx:configRequest", (event) => {
  if (Date.now() - Math.max(lastInput, toldAt) > BY_HAND_MS) event.detail.headers["X-Background"] = "1";
});
document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) leave(); });

learn({ now: box.dataset.now, idle_at: box.dataset.idleAt, ends_at: box.dataset.endsAt });
restore(box.dataset.key);
setInterval(tick, 1000);

// Live updates. A message says that something changed, never what: the page asks again over HTTP.
//
// - <div id="board-grid" data-live hx-get="…" hx-trigger="carebridge:refresh" hx-swap="outerHTML"> asks again on connect,
//   on reconnect, on a message, every 30 s, and every 15 s while there is no socket. Answer with an ETag: an unchanged
//   element costs a 304 and is left alone. data-etag="…" may carry the ETag of the first rendering.
// - data-live-clinic and data-live-day (YYYY-MM-DD) narrow an element to messages {"clinic": …, "day": …} that match.
// - Put [data-live] inside what scrolls, and ids on what can have focus: then scroll and focus survive.
// - .live[data-ws] in the top bar names the socket and shows the state; data-zone is the zone of its times.
// - A page that looks again in its own way listens to carebridge:nudge {clinic, day} and to carebridge:check (connect,
//   reconnect, every 30 s), and sends carebridge:seen once it has.
// - carebridge:changed, from the server (HX-Trigger) or a module, refreshes at once.
// - window.carebridge.live holds the counters: connections, reconnects, messages, staleSeconds, state.

const POLL_MS = 15_000;
const CHECK_MS = 30_000;
const GIVE_UP_AFTER = 3; // failed attempts before the words change from "reconnecting" to "offline"
const badge = document.querySelector(".live[data-ws]");
const etags = new Map(); // address → ETag of what is on screen
const counters = { connections: 0, reconnects: 0, messages: 0, staleSeconds: 0, state: "retry" };
window.carebridge = { ...window.carebridge, live: counters };

let failures = 0;
let retryTimer = 0;
let soonTimer = 0;
let freshAt = Date.now();
let askedAt = 0;

const clock = (at) => new Date(at).toLocaleTimeString("en-GB", {
  hour: "2-digit", minute: "2-digit", timeZone: badge?.dataset.zone || undefined,
});
const WORDS = {
  live: () => "Live",
  retry: () => `Reconnecting, showing ${clock(freshAt)}`,
  off: () => (Date.now() - freshAt > 2 * POLL_MS ? `Offline, showing ${clock(freshAt)}` : "Offline, checking every 15 s"),
  out: () => "Signed out. Reload to sign in",
};

function show(state) {
  counters.state = state;
  if (!badge) return;
  badge.dataset.state = state === "out" ? "off" : state;
  const words = badge.querySelector("[data-live-text]");
  if (words.textContent !== WORDS[state]()) words.textContent = WORDS[state]();
}

function concerns(el, message) {
  const same = (mine, theirs) => !mine || theirs === undefined || theirs === null || mine === String(theirs);
  return !message || (same(el.dataset.liveClinic, message.clinic) && same(el.dataset.liveDay, message.day));
}

function refresh(message) {
  askedAt = Date.now();
  if (!message) document.dispatchEvent(new CustomEvent("carebridge:check"));
  for (const el of document.querySelectorAll("[data-live][hx-get]")) {
    // Never pull a field from under somebody's fingers; the next check will do.
    const busy = el.querySelector("input:focus, textarea:focus, select:focus");
    if (!busy && concerns(el, message)) htmx.trigger(el, "carebridge:refresh");
  }
}

// Several changes in one moment (a move is two) make one request.
function refreshSoon(message) {
  clearTimeout(soonTimer);
  soonTimer = setTimeout(() => refresh(message), 120);
}

function connect() {
  clearTimeout(retryTimer);
  const address = new URL(badge.dataset.ws, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  const pending = [];
  socket.addEventListener("open", () => {
    counters.connections += 1;
    if (counters.connections > 1) counters.reconnects += 1;
    failures = 0;
    show("live");
    refresh();
  });
  socket.addEventListener("message", (event) => {
    counters.messages += 1;
    let message = null;
    try { message = JSON.parse(event.data); } catch { /* not ours to read: refresh everything */ }
    document.dispatchEvent(new CustomEvent("carebridge:nudge", { detail: message }));
    pending.push(JSON.stringify([message?.clinic, message?.day]));
    // Messages about different days or clinics in one moment: ask for everything.
    const mixed = new Set(pending).size > 1;
    refreshSoon(mixed ? null : message);
    setTimeout(() => pending.shift(), 120);
  });
  socket.addEventListener("close", (event) => {
    if (event.code === 4401 || event.code === 4403) return show("out");
    failures += 1;
    show(failures >= GIVE_UP_AFTER || !navigator.onLine ? "off" : "retry");
    // Spread out: a restarted server should not meet every screen of every clinic in the same second.
    const wait = Math.min(30_000, 500 * 2 ** failures) * (0.5 + Math.random());
    retryTimer = setTimeout(connect, wait);
  });
}

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, triggeringEvent, path, headers } = event.detail;
  if (!elt.matches("[data-live]") || triggeringEvent?.type !== "carebridge:refresh") return;
  const etag = etags.get(path) ?? elt.dataset.etag;
  if (etag) headers["If-None-Match"] = etag;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (!requestConfig.elt.matches("[data-live]") || ![200, 304].includes(xhr.status)) return;
  freshAt = Date.now();
  const etag = xhr.getResponseHeader("ETag");
  if (etag) etags.set(requestConfig.path, etag);
  show(counters.state);
});

document.addEventListener("carebridge:seen", () => {
  freshAt = Date.now();
  show(counters.state);
});
document.addEventListener("carebridge:changed", () => refreshSoon());
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

function beat() {
  const connected = counters.state === "live";
  if (!connected && badge) counters.staleSeconds = Math.round((Date.now() - freshAt) / 1000);
  const due = Date.now() - askedAt >= (connected ? CHECK_MS : POLL_MS);
  if (due && !document.hidden) refresh();
  show(counters.state);
}

if (badge) {
  // Not before htmx listens to what is refreshed: whatever changed meanwhile would wait for the next check.
  document.addEventListener("DOMContentLoaded", connect);
  addEventListener("online", () => { if (counters.state !== "live") { failures = 0; connect(); } });
  setInterval(beat, 1000);
}

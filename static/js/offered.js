// The times that are offered, kept true while somebody works with them.
//
// A message says that a clinic's day changed, never what: the same search is posted again, at most every two seconds, and
// answered with 204 while the times are the same. Nothing on the page moves: a time that is gone is struck out where it
// stands, one that came back is whole again, and times that are new are shown when asked for.
//
// Rows that were unfolded stay so when a new search shows them again.
//
// - .results-head[data-offered] is the version of the times on screen; .offered-note has [data-taken], [data-freed].

const EVERY_MS = 2000;
const form = document.getElementById("find-form");
const results = document.getElementById("results");
const $ = (query, scope = results) => scope.querySelector(query);
const slots = (scope = results) => [...scope.querySelectorAll(".dgroup .slot[value]")];

let timer = 0;
let askedAt = 0;
let shownFor = search();

// What the times depend on. Typing a name, or asking about one time, is not a search.
function search() {
  const facts = [...new FormData(form)].filter(([name]) => !/^(ask_|patient_text|csrf|shown)/.test(name));
  return JSON.stringify(facts);
}

function concerns({ clinic, day } = {}) {
  const data = new FormData(form);
  const ticked = data.getAll("clinic");
  const here = !clinic || ticked.length === 0 || ticked.includes(String(clinic));
  return here && (!day || ((data.get("from") || day) <= day && day <= (data.get("to") || day)));
}

function askSoon() {
  // Spread out: one change should not bring every open search to the server in the same moment.
  const wait = Math.max(150 + 250 * Math.random(), askedAt + EVERY_MS - Date.now());
  timer ||= setTimeout(ask, wait);
}

async function ask() {
  timer = 0;
  const head = $("[data-offered]");
  if (!head || document.hidden || shownFor !== search()) return;
  if (document.querySelector(".htmx-request")) return askSoon();
  askedAt = Date.now();
  const body = new FormData(form);
  for (const name of ["slot", "hold"]) {
    const field = document.querySelector(`#booking-form [name=${name}]`);
    if (field) body.set(name, field.value);
  }
  body.set("offered", head.dataset.offered);
  // No hand causes it, so it keeps nobody signed in.
  const headers = { "HX-Request": "true", "X-Background": "1" };
  const answer = await fetch(form.getAttribute("hx-post"), { method: "POST", body, headers })
    .catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = answer.status === 204 ? null : new DOMParser().parseFromString(await answer.text(), "text/html").body;
  // Another search, or a hold that was taken meanwhile, makes this answer old.
  if ($("[data-offered]") !== head || shownFor !== search()) return;
  if (document.querySelector(".htmx-request")) return askSoon();
  if (fresh) adopt(fresh, head);
  document.dispatchEvent(new CustomEvent("carebridge:seen"));
}

function adopt(fresh, head) {
  const version = $("[data-offered]", fresh)?.dataset.offered;
  if (!version) return;
  const offered = new Set(slots(fresh).map((el) => el.value));
  const shown = slots();
  shown.forEach((el) => strike(el, !offered.has(el.value)));
  const known = new Set(shown.map((el) => el.value));
  say(shown.filter((el) => el.matches(".gone")).length, [...offered].filter((value) => !known.has(value)).length);
  head.dataset.offered = version;
  $("h2", head).replaceChildren(...$(".results-head h2", fresh).childNodes);
  for (const count of results.querySelectorAll(".dgroup h3 .count")) {
    count.firstChild.textContent = shownIn(count.closest(".dgroup"));
  }
  replaceFirst($(".first", fresh));
}

const shownIn = (group) => group.querySelectorAll(".slot[value]:not(.gone)").length;

function strike(el, gone) {
  if (el.matches(".gone") === gone) return;
  el.classList.toggle("gone", gone);
  if (gone) {
    el.setAttribute("aria-disabled", "true");
    el.title = "Taken a moment ago";
  } else {
    el.removeAttribute("aria-disabled");
    el.removeAttribute("title");
  }
}

function say(taken, freed) {
  $("[data-taken]").textContent = taken ? `${taken} time${taken === 1 ? " was" : "s were"} taken a moment ago.` : "";
  const button = $("[data-freed]");
  button.textContent = freed ? `Show ${freed} more that came free` : "";
  button.hidden = !freed;
}

function replaceFirst(fresh) {
  const old = $(".first");
  if (!old || !fresh || old.value === fresh.value) return;
  const focused = old === document.activeElement;
  old.replaceWith(fresh);
  htmx.process(fresh);
  if (focused) fresh.focus({ preventScroll: true });
}

// A time that is gone can still be read, not pressed.
document.addEventListener("click", (event) => {
  if (!event.target.closest(".slot.gone")) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

let unfolded = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target === results) unfolded = [...results.querySelectorAll(".more-times[open]")].map((fold) => fold.id);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== results) return;
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== results) return;
  shownFor = search();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-freed]")) results.focus({ preventScroll: true });
});
document.addEventListener("carebridge:nudge", (event) => { if (concerns(event.detail ?? {})) askSoon(); });
document.addEventListener("carebridge:check", askSoon);

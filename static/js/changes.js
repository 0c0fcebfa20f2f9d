// What changed on the board by itself: marked for a moment, counted in a quiet note, without moving what is being read.
//
// - .appt: id, data-version, data-visit (one visit may have a card in two rooms), data-was: the visit it was moved from.
//   A held time has no version; it is marked, not counted, because holds come and go.
// - #arrived (hidden, [data-arrived-count], [data-arrived-where]) is the note. Pressing it leads to the first change that
//   is out of sight. Changes made on this screen are not news here.

const MARK_MS = 2400;
const NOTE_MS = 8000;
const OWN_MS = 2500;
const scroller = document.querySelector("[data-board]");
const note = document.getElementById("arrived");
const cards = () => [...scroller.querySelectorAll(".appt[id]")];

let known = look();
let changed = new Map(); // visit → id of its card, null once it is gone from this day
let timer = 0;
let ownAt = 0;
let places = [];

function look() {
  const facts = (el) => ({ version: el.dataset.version, visit: el.dataset.was || el.dataset.visit });
  return new Map(scroller ? cards().map((el) => [el.id, facts(el)]) : []);
}

function mark(card) {
  card.classList.remove("flash");
  void card.offsetWidth; // lets the same card be marked twice in a row
  card.classList.add("flash");
  setTimeout(() => card.classList.remove("flash"), MARK_MS);
}

const inView = (el) => {
  const [box, frame] = [el.getBoundingClientRect(), scroller.getBoundingClientRect()];
  return box.bottom > frame.top && box.top < frame.bottom && box.right > frame.left && box.left < frame.right;
};

function say() {
  const hidden = [...changed.values()].map((id) => document.getElementById(id)).find((el) => el && !inView(el));
  note.querySelector("[data-arrived-count]").textContent = `${changed.size} change${changed.size === 1 ? "" : "s"} arrived`;
  note.querySelector("[data-arrived-where]").textContent = hidden ? "Show" : "";
  note.hidden = false;
  hideLater();
}

function hideLater() {
  clearTimeout(timer);
  timer = setTimeout(() => (note.matches(":hover, :focus-visible") ? hideLater() : hide()), NOTE_MS);
}

function hide() {
  note.hidden = true;
  changed = new Map();
}

function compare() {
  const before = known;
  known = look();
  if (before.size === 0 && known.size === 0) return;
  const news = new Map();
  for (const [id, { visit }] of before) if (!known.has(id) && visit) news.set(visit, null);
  for (const [id, { version, visit }] of known) {
    if (before.get(id)?.version === version && before.has(id)) continue;
    mark(document.getElementById(id));
    if (visit) news.set(visit, id);
  }
  if (news.size === 0 || Date.now() - ownAt < OWN_MS) return;
  news.forEach((id, visit) => changed.set(visit, id));
  say();
}

note?.addEventListener("click", () => {
  const shown = [...changed.values()].map((id) => document.getElementById(id)).filter(Boolean);
  const card = shown.find((el) => !inView(el)) ?? shown[0];
  hide();
  if (!card) return;
  card.scrollIntoView({ block: "center", inline: "nearest" });
  card.querySelector("a")?.focus({ preventScroll: true });
  mark(card);
});

// Rows of the list move when one is added above them: what was at the top of the screen stays there.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!scroller?.contains(event.detail.target)) return;
  const top = scroller.getBoundingClientRect().top;
  const rows = [...scroller.querySelectorAll("tr.appt")].map((el) => [el.id, el.getBoundingClientRect().top]);
  places = rows.filter(([, y]) => y > top).slice(0, 8);
});

document.addEventListener("htmx:afterSwap", () => {
  const [id, y] = places.find(([row]) => document.getElementById(row)) ?? [];
  places = [];
  if (id) scroller.scrollTop += document.getElementById(id).getBoundingClientRect().top - y;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { requestConfig, elt, successful } = event.detail;
  if (successful && requestConfig.verb !== "get" && !elt.matches("[data-reads]")) ownAt = Date.now();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (scroller?.contains(event.detail.elt)) compare();
});

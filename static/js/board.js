// The day board: arrow keys between cards, scroll to now, the now-line, filters, density, side panel. What changed by
// itself is marked in js/changes.js.
//
// - main.board-layout (style="--units:132": five-minute rows in the day) > .toolbar and .board-main > .panel,
//   .board-scroll[data-board] (scrolls, keeps its place) > .board[data-live], #drawer.
// - .board: data-day-start (ISO instant of row 0), data-zone. style="--cols:9" and, today only, --now-y (rows since row 0).
//   .now-pill in .time-rail shows the time; on other days leave both out.
// - .appt: id, data-st. [data-now] is the row of the list above which lies what has begun.
// - .fchip[data-st][aria-pressed]: pressing some dims the cards of all other statuses. data-service on .appt works the
//   same with select[data-filter-service].
// - [data-density="comfort|compact"][aria-pressed], [data-toggle-panel][aria-pressed]: kept in this browser.

const FIVE_MINUTES = 300_000;
const layout = document.querySelector(".board-layout");
const scroller = document.querySelector("[data-board]");
const all = (query, scope = document) => [...scope.querySelectorAll(query)];
const press = (button, on) => button.setAttribute("aria-pressed", String(on));
const pressed = (button) => button.getAttribute("aria-pressed") === "true";

// Arrows: up and down inside a column, left and right to the card nearest in time.
function neighbour(card, key) {
  const columns = all(".col", scroller).map((col) => all(".acard", col).filter((el) => el.getClientRects().length));
  const at = columns.findIndex((cards) => cards.includes(card));
  if (at < 0) return null;
  const here = columns[at].indexOf(card);
  if (key === "ArrowDown") return columns[at][here + 1];
  if (key === "ArrowUp") return columns[at][here - 1];
  const top = (el) => el.getBoundingClientRect().top;
  const away = (el) => Math.abs(top(el) - top(card));
  const step = key === "ArrowLeft" ? -1 : 1;
  for (let i = at + step; columns[i]; i += step) {
    if (columns[i].length) return columns[i].reduce((best, el) => (away(el) < away(best) ? el : best));
  }
  return null;
}

scroller?.addEventListener("keydown", (event) => {
  if (!event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey) return;
  const card = document.activeElement.closest(".acard");
  const next = card && neighbour(card, event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// Now: the server places the line when it renders; after that it moves by itself.
function moveNow() {
  const board = scroller?.querySelector(".board");
  if (!board?.dataset.dayStart || !board.style.getPropertyValue("--now-y")) return;
  const rows = (Date.now() - Date.parse(board.dataset.dayStart)) / FIVE_MINUTES;
  const units = Number(getComputedStyle(board).getPropertyValue("--units")) || 120;
  const pill = board.querySelector(".now-pill");
  const off = rows < 0 || rows > units;
  board.classList.toggle("now-off", off);
  board.style.setProperty("--now-y", String(rows));
  if (!pill) return;
  pill.hidden = off;
  // Two times on top of each other read as neither.
  const rowHeight = pill.parentElement.clientHeight / units;
  for (const hour of all("span:not(.now-pill)", pill.parentElement)) {
    const near = Math.abs(Number(hour.style.getPropertyValue("--y")) - rows) * rowHeight < 15;
    hour.style.visibility = near && !off ? "hidden" : "";
  }
  pill.style.setProperty("--y", String(rows));
  pill.textContent = new Date().toLocaleTimeString("en-GB", {
    hour: "2-digit", minute: "2-digit", timeZone: board.dataset.zone || undefined,
  });
}

function scrollToNow() {
  const target = scroller?.querySelector(".acard[aria-current]") ?? scroller?.querySelector("[data-now]")
    ?? scroller?.querySelector(".now-pill:not([hidden])") ?? scroller?.querySelector(".acard");
  if (!target) return;
  const inside = target.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
  scroller.scrollTop = Math.max(0, inside - scroller.clientHeight * 0.36);
}

// Filters dim instead of hiding, so that a gap never looks free when it is not.
function applyFilters() {
  const chosen = all(".fchip[data-st]").filter(pressed).map((chip) => chip.dataset.st);
  const service = document.querySelector("select[data-filter-service]")?.value ?? "";
  for (const card of all(".appt[data-st]")) {
    const other = chosen.length > 0 && !chosen.includes(card.dataset.st);
    card.classList.toggle("dim", other || (service !== "" && card.dataset.service !== service));
  }
}

function setDensity(density) {
  layout.classList.toggle("compact", density === "compact");
  all("[data-density]").forEach((button) => press(button, button.dataset.density === density));
}

const panelShown = () => (document.querySelector(".panel")?.getClientRects().length ?? 0) > 0;

// Two classes, because the panel starts open on a wide screen and closed on a narrow one.
function setPanel(open) {
  layout.classList.toggle("nopanel", !open);
  layout.classList.toggle("showpanel", open);
}

function showPanelState() {
  const open = panelShown();
  all("[data-toggle-panel]").forEach((button) => press(button, open));
}

layout?.addEventListener("click", (event) => {
  const on = (query) => event.target.closest(query);
  const chip = on(".fchip[data-st]");
  const density = on("[data-density]")?.dataset.density;
  if (chip) {
    press(chip, !pressed(chip));
    applyFilters();
  }
  if (density) {
    localStorage.setItem("board-density", density);
    setDensity(density);
    scrollToNow();
  }
  if (on("[data-toggle-panel]")) {
    const open = !panelShown();
    localStorage.setItem("board-panel", open ? "open" : "closed");
    setPanel(open);
    showPanelState();
  }
});
layout?.addEventListener("change", (event) => {
  if (event.target.matches("select[data-filter-service]")) applyFilters();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (!scroller?.contains(event.detail.elt)) return;
  applyFilters();
  moveNow();
});

if (layout) {
  const density = localStorage.getItem("board-density");
  if (density) setDensity(density);
  // Never opened for the reader: on a narrow screen an open panel covers the board.
  if (localStorage.getItem("board-panel") === "closed") setPanel(false);
  showPanelState();
  addEventListener("resize", showPanelState);
  applyFilters();
  moveNow();
  scrollToNow();
  setInterval(moveNow, 20_000);
}

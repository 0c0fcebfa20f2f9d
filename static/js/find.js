// Find a slot: the patient combobox, the chosen time, and letting a hold go when the page is left.
//
// - <input role="combobox" aria-controls="patient-list" aria-expanded="false" aria-autocomplete="list" autocomplete="off"
//   data-value-input="id_patient" hx-post="…" hx-trigger="input delay:120ms" hx-target="#patient-list">
//   <ul role="listbox" id="patient-list" hidden> is filled with <li role="option" id="…" data-value="…" data-label="…">.
//   An option without data-value acts by itself (hx-get, a link): Enter clicks it. Choosing writes data-value into the
//   hidden input and sends it "change"; typing again empties it.
// - .slot buttons: the pressed one gets aria-pressed.
// - Keys are aria-keyshortcuts in the templates: 1 on .first, h on extend, Control+Enter on confirm; Esc clicks
//   [data-release] in the drawer (drawer.js).
// - [data-release-url] in the drawer: posted with navigator.sendBeacon when the page is left without booking.

const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
const optionsOf = (input) => [...listOf(input).querySelectorAll("[role=option]")];
const hiddenOf = (input) => document.getElementById(input.dataset.valueInput);
const comboOf = (el) => document.querySelector(`[role=combobox][aria-controls="${CSS.escape(el.closest("[role=listbox]")?.id ?? "")}"]`);

function open(input, shown) {
  listOf(input).hidden = !shown;
  input.setAttribute("aria-expanded", String(shown));
  if (!shown) activate(input, null);
}

function activate(input, option) {
  optionsOf(input).forEach((el) => el.setAttribute("aria-selected", String(el === option)));
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

function setValue(input, value) {
  const hidden = hiddenOf(input);
  if (!hidden || hidden.value === value) return;
  hidden.value = value;
  hidden.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(input, option) {
  if (option.dataset.value !== undefined) {
    input.value = option.dataset.label ?? option.textContent.trim();
    setValue(input, option.dataset.value);
  }
  open(input, false);
  input.focus();
}

function move(input, key) {
  const options = optionsOf(input);
  if (options.length === 0) return;
  open(input, true);
  const at = options.findIndex((el) => el.id === input.getAttribute("aria-activedescendant"));
  const last = options.length - 1;
  const to = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[key];
  activate(input, options[to]);
}

document.addEventListener("keydown", (event) => {
  const input = event.target.closest?.("[role=combobox]");
  if (!input || event.ctrlKey || event.metaKey || event.altKey) return;
  const shown = !listOf(input).hidden;
  const current = optionsOf(input).find((el) => el.id === input.getAttribute("aria-activedescendant"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp" || (shown && current && ["Home", "End"].includes(event.key))) {
    move(input, event.key);
  } else if (event.key === "Enter" && shown) {
    if (current) current.click();
  } else if (event.key === "Escape" && shown) {
    open(input, false);
  } else {
    if (event.key === "Tab" && shown) open(input, false);
    return;
  }
  // Handled here: Enter must not send the form, and Esc must not also let go of a hold.
  event.preventDefault();
}, true);

document.addEventListener("input", (event) => {
  const input = event.target.closest("[role=combobox]");
  if (!input) return;
  setValue(input, "");
  if (input.value.trim() === "") open(input, false);
});

// What was typed before anything listened is looked for as well. htmx listens by now: it came first.
document.addEventListener("DOMContentLoaded", () => {
  const input = document.activeElement?.closest("[role=combobox]");
  if (input && input.value !== input.defaultValue) input.dispatchEvent(new Event("input", { bubbles: true }));
});

// A press on an option must not take the focus from the field before the click arrives.
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest("[role=listbox] [role=option]") && comboOf(event.target)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  const combo = option && comboOf(option);
  if (combo) choose(combo, option);
  document.querySelectorAll("[role=combobox][aria-expanded=true]").forEach((input) => {
    if (input !== combo && input !== event.target) open(input, false);
  });
  const slot = event.target.closest(".slot");
  if (!slot) return;
  document.querySelectorAll(".slot[aria-pressed]").forEach((el) => el.removeAttribute("aria-pressed"));
  slot.setAttribute("aria-pressed", "true");
});

document.addEventListener("htmx:afterSwap", (event) => {
  const input = event.detail.target.id && document.querySelector(`[role=combobox][aria-controls="${CSS.escape(event.detail.target.id)}"]`);
  if (!input) return;
  const options = optionsOf(input);
  options.forEach((el, i) => { el.id ||= `${event.detail.target.id}-${i}`; });
  open(input, options.length > 0 && document.activeElement === input);
  // The first match is ready for Enter; a screen reader hears it and how many there are.
  if (options.length) activate(input, options[0]);
  const count = options.filter((el) => el.dataset.value !== undefined).length;
  const text = count === 1 ? "1 match." : `${count} matches.`;
  document.dispatchEvent(new CustomEvent("carebridge:announce", { detail: { text } }));
});

document.addEventListener("carebridge:drawer-closed", () => {
  document.querySelectorAll(".slot[aria-pressed]").forEach((el) => el.removeAttribute("aria-pressed"));
});

// Leaving: the time goes back at once instead of after five minutes. A form being sent keeps it.
let sending = false;
document.addEventListener("submit", () => { sending = true; });
document.addEventListener("htmx:afterRequest", () => { sending = false; });
addEventListener("pagehide", () => {
  const hold = document.querySelector("[data-release-url]");
  if (!hold || sending) return;
  const form = new FormData();
  form.set("csrfmiddlewaretoken", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]);
  navigator.sendBeacon(hold.dataset.releaseUrl, form);
});
addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("[data-release-url]")) location.reload();
});

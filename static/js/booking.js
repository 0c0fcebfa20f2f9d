// Around the booking drawer: one chosen patient for the whole page, fields that buttons fill in, "why it works".
//
// - <button type="submit" data-set="id_sort" value="nearest"> also writes its value into that field, so it stays.
// - carebridge:patient-chosen {id, label} (HX-Trigger, or [data-choose-patient][data-label]) puts the patient into the
//   search form; #id_patient then sends "change", on which the times and the open drawer ask the server again.
// - [data-change-patient] empties it. [data-new-patient] starts with the name that was typed.
// - .explain fragments arrive out of band; only the latest stays open.

const $ = (query, scope = document) => scope.querySelector(query);
let typed = "";

function choosePatient(id, label) {
  const hidden = $("#id_patient");
  if (!hidden) return;
  $("#patient-text").value = label;
  hidden.value = id;
  hidden.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("carebridge:patient-chosen", (event) => choosePatient(event.detail.id, event.detail.label));

document.addEventListener("click", (event) => {
  const setter = event.target.closest("[data-set]");
  if (setter) document.getElementById(setter.dataset.set).value = setter.value;
  const person = event.target.closest("[data-choose-patient]");
  if (person) choosePatient(person.dataset.choosePatient, person.dataset.label);
  if (event.target.closest("[data-change-patient]")) {
    choosePatient("", "");
    document.addEventListener("htmx:afterSettle", () => $("#booking-patient")?.focus(), { once: true });
  }
  const first = event.target.closest(".first");
  if (first) $(`.dgroup .slot[value="${CSS.escape(first.value)}"]`)?.setAttribute("aria-pressed", "true");
}, true);

// Typing a name or asking about a time is not yet a search.
document.addEventListener("change", (event) => {
  if (event.target.matches("[role=combobox], [data-quiet]")) event.stopPropagation();
}, true);

// On a phone the times stand below the form: Search leads there. On wider screens they are in view already.
document.addEventListener("submit", (event) => {
  if (event.target.id === "find-form" && event.submitter?.matches(".primary")) $("#results")?.scrollIntoView();
});

// htmx sends a form to the address of the button pressed last; for the search that would be the slot of a while ago.
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters } = event.detail;
  if (elt.id !== "find-form") return;
  event.detail.path = elt.getAttribute("hx-post");
  const slot = $("#booking-form [name=slot]")?.value;
  if (slot) parameters.slot = slot;
  else delete parameters.slot;
});

// Chosen in the drawer: the search form shows the same person.
document.addEventListener("change", (event) => {
  if (event.target.id !== "id_patient" || !event.target.value) return;
  const option = $(`[role=option][data-value="${CSS.escape(event.target.value)}"]`);
  if (option) $("#patient-text").value = option.dataset.label;
}, true);

document.addEventListener("input", (event) => {
  if (event.target.matches("[role=combobox]")) typed = event.target.value.trim();
});

document.addEventListener("htmx:afterSwap", (event) => {
  const form = event.detail.target.id === "dialog" && $("[data-new-patient]", event.detail.target);
  if (!form || form.elements.family_name.value || /\d/.test(typed)) return;
  const words = typed.split(/\s+/).filter(Boolean).map((word) => word[0].toUpperCase() + word.slice(1));
  form.elements.family_name.value = words.pop() ?? "";
  form.elements.given_name.value = words.join(" ");
  form.elements.given_name.focus();
});

function keepOnly(explanation) {
  document.querySelectorAll(".explain").forEach((el) => {
    if (el === explanation) return;
    el.hidden = true;
    el.replaceChildren();
  });
}

document.addEventListener("htmx:oobAfterSwap", (event) => {
  const { target } = event.detail;
  if (target.matches?.(".explain")) keepOnly(document.getElementById(target.id));
});
document.addEventListener("carebridge:drawer-closed", () => keepOnly(null));

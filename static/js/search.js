// The search palette. Ctrl K (the shortcut of .searchbox) opens it over any page; /search/ is the same as a page.
//
// - #palette-q is the combobox; arrows move in #palette-list, Enter follows the option, Tab changes the limit.
// - <template data-preview="option id"> beside an option is its preview; it is copied to #palette-side.
// - The words are posted, never put into the address: they are people's names.

const $ = (id) => document.getElementById(id);
const input = () => $("palette-q");
const shown = () => [...document.querySelectorAll("#palette-list [role=option]")].filter((el) => el.getClientRects().length);

function host() {
  let box = $("palette");
  if (box) return box;
  box = Object.assign(document.createElement("dialog"), { id: "palette", className: "palette-host", ariaLabel: "Search" });
  box.addEventListener("close", () => box.replaceChildren());
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  return document.body.appendChild(box);
}

async function open(address) {
  const box = host();
  if (box.open) return input()?.select();
  await htmx.ajax("GET", address, { target: box, swap: "innerHTML" });
  if (!box.childElementCount || box.open) return;
  box.showModal();
  input()?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.searchbox");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || $("palette-form")) return;
  event.preventDefault();
  open(link.href);
});

function activate(option) {
  shown().forEach((el) => el.setAttribute("aria-selected", String(el === option)));
  const field = input();
  if (!option) return field?.removeAttribute("aria-activedescendant");
  field?.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
  const side = $("palette-side");
  const preview = document.querySelector(`template[data-preview="${CSS.escape(option.id)}"]`);
  side?.replaceChildren(...(preview ? [preview.content.cloneNode(true)] : []));
}

function limit(to) {
  document.querySelectorAll("[data-limit]").forEach((tab) => tab.setAttribute("aria-pressed", String(tab === to)));
  const wanted = to.dataset.limit;
  document.querySelectorAll("#palette-list [data-group]").forEach((el) => {
    el.hidden = Boolean(wanted) && !el.dataset.group.split(" ").includes(wanted);
  });
  activate(shown()[0]);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-limit]");
  if (tab) limit(tab);
  const option = event.target.closest("#palette-list [data-open]");
  if (!option) return;
  event.preventDefault();
  location.assign(option.dataset.open);
});

// An option that sends its own form: the palette's own request must not swallow it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("#palette-form button[formaction]");
  if (!button) return;
  event.preventDefault();
  const form = document.createElement("form");
  form.method = "post";
  form.action = button.formAction;
  form.append(button.form.querySelector("[name=csrfmiddlewaretoken]").cloneNode());
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
  document.body.append(form);
  form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "palette-q" || event.altKey || event.ctrlKey || event.metaKey) return;
  const options = shown();
  const at = options.findIndex((el) => el.id === input().getAttribute("aria-activedescendant"));
  if (event.key === "ArrowDown") activate(options[(at + 1) % options.length]);
  else if (event.key === "ArrowUp") activate(options[at <= 0 ? options.length - 1 : at - 1]);
  else if (event.key === "Enter" && at >= 0) options[at].click();
  else if (event.key === "Tab" && document.querySelector("[data-limit]")) {
    const tabs = [...document.querySelectorAll("[data-limit]")];
    const pressed = tabs.findIndex((tab) => tab.getAttribute("aria-pressed") === "true");
    const next = tabs[pressed + (event.shiftKey ? -1 : 1)];
    // At either end Tab leaves for the rest of the palette, so nobody is trapped in the field.
    if (!next) return;
    limit(next);
  } else if (event.key === "Escape" && !$("palette")?.open) history.back();
  else return;
  event.preventDefault();
}, true);

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "palette-body") return;
  activate(shown()[0]);
});
if (input()) activate(shown()[0]);

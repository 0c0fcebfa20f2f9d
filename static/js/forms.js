// Forms: a button shows that it is busy and cannot send twice; a password can be shown.
//
// - Every form is guarded, with htmx or without. Nothing to add in the template.
// - <button type="button" data-show-password="id_password" aria-pressed="false"> shows the field with that id.

const submitterOf = (form, event) => event?.submitter ?? form.querySelector("[type=submit], button:not([type])");

function setBusy(form, button, busy) {
  if (busy) form.dataset.busy = "";
  else delete form.dataset.busy;
  button?.toggleAttribute("data-busy", busy);
  if (busy) button?.setAttribute("aria-disabled", "true");
  else button?.removeAttribute("aria-disabled");
}

// Without htmx: the page goes away, so busy ends only when the browser brings the page back from its cache.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.target === "_blank") return;
  if (form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]")) return;
  if ("busy" in form.dataset) return event.preventDefault();
  setBusy(form, submitterOf(form, event), true);
});

addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-busy]").forEach((form) => setBusy(form, submitterOf(form), false));
  document.querySelectorAll("[data-busy]").forEach((button) => setBusy(button, button, false));
});

// With htmx: busy from the request to its answer. A second press in between is dropped. Reads stay free to overlap, also
// those that are posted because they hold a name: [data-reads].
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (requestConfig.verb === "get" || elt.matches("[data-reads]")) return;
  if ("busy" in elt.dataset) return event.preventDefault();
  const button = elt.matches("form") ? submitterOf(elt, requestConfig.triggeringEvent) : elt;
  elt.addEventListener("htmx:afterRequest", () => setBusy(elt, button, false), { once: true });
  setBusy(elt, button, true);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show-password]");
  if (!button) return;
  const field = document.getElementById(button.dataset.showPassword);
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
  button.setAttribute("aria-label", show ? "Hide password" : "Show password");
  field.focus();
});

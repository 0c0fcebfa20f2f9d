// The drawer and the dialog, both filled by htmx.
//
// - <aside class="drawer" id="drawer" hidden> is a target for innerHTML: header, .body and footer. It opens when it has
//   content, takes its name from its first h2 and moves focus there (or to [autofocus]).
// - [data-close-drawer] and Esc close it and give focus back. Esc clicks [data-release] instead if the drawer has one.
//   data-close-url on #drawer is the address to return to.
// - <dialog id="dialog"> opens when it has content; [data-close-dialog] and Esc close it.
// - HX-Trigger: carebridge:close-drawer, carebridge:close-dialog close from the server.

const drawer = () => document.getElementById("drawer");
const dialog = () => document.getElementById("dialog");
let opener = null;

function nameByHeading(box) {
  const heading = box.querySelector("h2");
  if (!heading) return;
  heading.id ||= `${box.id}-title`;
  heading.tabIndex = -1;
  box.setAttribute("aria-labelledby", heading.id);
}

function openDrawer(box) {
  const fresh = box.hidden;
  box.hidden = box.childElementCount === 0;
  if (box.hidden) return;
  nameByHeading(box);
  // A refusal inside an open drawer moves focus to the error; app.js does that.
  if (fresh || !box.contains(document.activeElement)) (box.querySelector("[autofocus]") ?? box.querySelector("h2"))?.focus();
}

function closeDrawer() {
  const box = drawer();
  if (!box || box.hidden) return;
  box.hidden = true;
  box.replaceChildren();
  document.querySelectorAll(".acard[aria-current]").forEach((card) => card.removeAttribute("aria-current"));
  if (box.dataset.closeUrl) history.replaceState(null, "", box.dataset.closeUrl);
  // The page may have been refreshed meanwhile: the same card is then another element with the same id.
  const back = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
  (back || document.getElementById("content"))?.focus();
  opener = null;
  box.dispatchEvent(new CustomEvent("carebridge:drawer-closed", { bubbles: true }));
}

function closeDialog() {
  const box = dialog();
  if (box?.open) box.close();
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, target } = event.detail;
  if (target !== drawer() || drawer().contains(elt)) return;
  opener = elt;
  document.querySelectorAll(".acard[aria-current]").forEach((card) => card.removeAttribute("aria-current"));
  if (elt.matches(".acard")) elt.setAttribute("aria-current", "true");
});

function filled({ detail: { target } }) {
  if (target === drawer()) openDrawer(target);
  if (target !== dialog()) return;
  if (target.childElementCount === 0) return closeDialog();
  nameByHeading(target);
  if (!target.open) target.showModal();
}

document.addEventListener("htmx:afterSwap", filled);
document.addEventListener("htmx:oobAfterSwap", filled);

document.addEventListener("close", (event) => {
  if (event.target === dialog()) event.target.replaceChildren();
}, true);

document.addEventListener("carebridge:close-drawer", closeDrawer);
document.addEventListener("carebridge:close-dialog", closeDialog);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-dialog]")) closeDialog();
  if (!event.target.closest("[data-close-drawer]")) return;
  event.preventDefault();
  closeDrawer();
});

document.addEventListener("keydown", (event) => {
  const box = drawer();
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector("details.account[open], details[data-menu][open]");
  if (menu) {
    menu.open = false;
    return menu.querySelector("summary").focus();
  }
  if (!box || box.hidden) return;
  const release = box.querySelector("[data-release]");
  if (release) release.click();
  else closeDrawer();
});

const first = drawer();
if (first) {
  first.hidden = first.childElementCount === 0;
  if (!first.hidden) nameByHeading(first);
}

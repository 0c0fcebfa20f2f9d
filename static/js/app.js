// Every staff page: theme, keys, help, toasts, announcements, errors of the network.
//
// Conventions for templates and views
// - aria-keyshortcuts="n" on a link, button or field is all a shortcut needs: the key clicks (or focuses) it. One letter
//   works only while nobody types; "Control+K" and "Control+Enter" work always. In an open drawer or dialog its own win.
// - HX-Trigger: {"carebridge:toast": {"text": "…", "undo_url": "…", "kind": "bad"}} shows a toast; Undo posts to undo_url.
// - carebridge:announce {text} is read out politely and never seen.
// - After a 403, 409, 412, 422 or 429 answer the focus moves to the first field in error, else to the alert.
// - <button data-theme-toggle>, <button data-help>, <button data-print>.

const root = document.documentElement;
const $ = (query, scope = document) => scope.querySelector(query);
const typing = (el) => el?.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]");

function toggleTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

document.addEventListener("click", (event) => {
  const on = (query) => event.target.closest(query);
  if (on("[data-theme-toggle]")) toggleTheme();
  if (on("[data-help]")) $("#help")?.showModal();
  if (on("[data-print]")) print();
  document.querySelectorAll("details.account[open], details[data-menu][open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

// Keys. Some people type with their voice or by accident, so single letters can be switched off.
const singleKeys = () => localStorage.getItem("single-keys") !== "off";

function usable(el) {
  return !el.disabled && el.getAttribute("aria-disabled") !== "true" && el.getClientRects().length > 0;
}

function shortcutTarget(keys) {
  const dialogs = document.querySelectorAll("dialog[open]");
  const scope = dialogs[dialogs.length - 1] ?? document;
  const found = [...scope.querySelectorAll(`[aria-keyshortcuts="${CSS.escape(keys)}" i]`)].filter(usable);
  return found.find((el) => el.closest(".toast, .drawer")) ?? found[0];
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.altKey) return;
  const chord = event.ctrlKey || event.metaKey;
  if (!chord && (typing(event.target) || !singleKeys() || event.key.length > 1)) return;
  if (!chord && event.key === "?" && !$("dialog[open]")) {
    $("#help")?.showModal();
    return event.preventDefault();
  }
  const target = shortcutTarget(chord ? `Control+${event.key}` : event.key);
  if (!target) return;
  event.preventDefault();
  if (typing(target)) target.focus();
  else target.click();
});

const keySwitch = $("[data-single-keys]");
if (keySwitch) {
  keySwitch.checked = singleKeys();
  keySwitch.addEventListener("change", () => localStorage.setItem("single-keys", keySwitch.checked ? "on" : "off"));
}

// Toasts: one at a time, eight seconds, held while a pointer or the focus is on it.
const TOAST_MS = 8000;

function runClock(toast) {
  let left = TOAST_MS;
  let since = Date.now();
  let timer = setTimeout(() => toast.remove(), left);
  const pause = () => {
    clearTimeout(timer);
    left -= Date.now() - since;
  };
  const go = () => {
    clearTimeout(timer);
    if (toast.matches(":hover, :focus-within")) return;
    since = Date.now();
    timer = setTimeout(() => toast.remove(), Math.max(left, 1000));
  };
  toast.addEventListener("pointerenter", pause);
  toast.addEventListener("focusin", pause);
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusout", () => setTimeout(go));
}

function showToast({ text, undo_url: undoUrl, kind = "good" }) {
  const stack = $("#toasts");
  const toast = $(`template[data-toast="${kind === "bad" ? "bad" : "good"}"]`)?.content.firstElementChild.cloneNode(true);
  if (!stack || !toast) return;
  $("[data-toast-text]", toast).textContent = text;
  const undo = $("[data-undo]", toast);
  if (undoUrl) undo.dataset.undo = undoUrl;
  else undo.remove();
  stack.replaceChildren(toast);
  runClock(toast);
}

document.addEventListener("carebridge:toast", (event) => showToast(event.detail));
document.querySelectorAll("#toasts > .toast").forEach(runClock);

document.addEventListener("click", (event) => {
  const undo = event.target.closest("[data-undo]");
  if (!undo) return;
  event.preventDefault();
  undo.closest(".toast").remove();
  htmx.ajax("POST", undo.dataset.undo, { source: document.body, swap: "none" }).then(() => {
    document.dispatchEvent(new CustomEvent("carebridge:changed"));
  });
});

document.addEventListener("carebridge:announce", (event) => {
  const voice = $("#announce");
  if (voice) voice.textContent = event.detail.text;
});

// Answers that are not the page anybody asked for.
const quiet = (event) => event.detail.elt?.matches?.("[data-live], [data-quiet]");
const REFUSALS = {
  401: "You were signed out. Sign in again; nothing was saved.",
  403: "You may not do that. Nothing was saved. Reload if you have just signed in.",
  404: "That is gone, or not yours to see. Nothing was saved.",
};

document.addEventListener("htmx:responseError", (event) => {
  if (quiet(event)) return;
  const { status } = event.detail.xhr;
  const text = REFUSALS[status] ?? `That did not work, and nothing was saved. Try again. Code ${status}.`;
  showToast({ text, kind: "bad" });
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const text = "No answer from the server. Check the board before you try again.";
    if (!quiet(event)) showToast({ text, kind: "bad" });
  });
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (![403, 409, 412, 422, 429].includes(event.detail.xhr?.status)) return;
  const scope = event.detail.elt;
  const first = $('[aria-invalid="true"]', scope) ?? (scope.matches('[role="alert"]') ? scope : $('[role="alert"]', scope));
  if (first && !first.matches("input, select, textarea, button, a")) first.tabIndex = -1;
  first?.focus();
});

// A whole page where a part was asked for means the session ended and the server showed the sign-in page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (target === document.body || !/^\s*<!doctype/i.test(xhr.responseText)) return;
  event.preventDefault();
  location.reload();
});

// What somebody had typed when their session ended, kept in this tab until they have signed in again.
//
// It may name a patient, so it is encrypted with a key that the server gives to this one person's pages (session.js has
// it). Whoever else signs in here gets another key, can't read it, and it is thrown away. Passwords are never kept.

const STORE = "kept-input";
const KEPT_MS = 60 * 60_000;
const SKIPPED = "[type=password], [type=file], [type=submit], [type=button], [name=csrfmiddlewaretoken]";

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const fromText = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const keyOf = (hex, use) => crypto.subtle.importKey("raw", bytes(hex), "AES-GCM", false, [use]);
const here = () => location.pathname + location.search;
const formsHere = () => [...document.forms].filter((form) => !form.closest("nav"));

function changed(el) {
  if (el.type === "checkbox" || el.type === "radio") return el.checked !== el.defaultChecked;
  if (el.tagName === "SELECT") return [...el.options].some((option) => option.selected !== option.defaultSelected);
  return el.type === "hidden" ? el.value !== "" : el.value !== el.defaultValue;
}

// A form is told by its id, where it sends to and the patient it is about; its fields by name, and by value where
// several share a name. What was typed about one patient must never appear in a form about another.
const formName = (form) => `${form.id} ${form.getAttribute("hx-post") || form.getAttribute("action") || ""}`;
const patientOf = (form) => form.elements.namedItem("patient")?.value ?? null;

function collect() {
  const fields = [];
  for (const form of formsHere()) {
    const mine = [...form.elements].filter((el) => el.name && !el.matches(SKIPPED));
    if (!mine.some((el) => el.type !== "hidden" && changed(el))) continue;
    for (const el of mine.filter(changed)) {
      const box = el.type === "checkbox" || el.type === "radio";
      const whose = { form: formName(form), patient: patientOf(form) };
      fields.push({ ...whose, name: el.name, value: el.value, checked: box ? el.checked : undefined });
    }
  }
  return fields;
}

/** Lock away what is typed on this page; nothing typed, nothing kept. */
export async function keep(hexKey) {
  const fields = collect();
  sessionStorage.removeItem(STORE);
  if (!fields.length || !crypto.subtle) return;
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(fields));
  const locked = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(hexKey, "encrypt"), plain);
  sessionStorage.setItem(STORE, JSON.stringify({ path: here(), at: Date.now(), iv: toText(iv), locked: toText(locked) }));
}

function put({ form: name, patient, name: field, value, checked }) {
  // A patient may still have to be filled in: then this is where it was chosen.
  const form = formsHere().find((each) => formName(each) === name && [patient, ""].includes(patientOf(each)));
  const found = form && [...form.elements].filter((el) => el.name === field);
  const el = checked === undefined ? found?.[0] : found?.find((each) => each.value === value);
  if (!el) return null;
  if (el.type === "hidden" && el.value) return form; // the page knows better which time or visit it is about
  if (checked === undefined) el.value = value;
  else el.checked = checked;
  return form;
}

/** Give back what was kept for this page, to the person who typed it; fields that appear later get theirs then. */
export async function restore(hexKey) {
  const stored = JSON.parse(sessionStorage.getItem(STORE) ?? "null");
  if (!stored || (stored.path !== here() && Date.now() - stored.at < KEPT_MS)) return;
  sessionStorage.removeItem(STORE);
  let waiting;
  try {
    const parts = [{ name: "AES-GCM", iv: fromText(stored.iv) }, await keyOf(hexKey, "decrypt"), fromText(stored.locked)];
    waiting = JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(...parts)));
  } catch {
    return; // typed by somebody else
  }
  const fill = () => {
    const touched = new Set();
    waiting = waiting.filter((field) => {
      const form = put(field);
      if (form) touched.add(form);
      return !form;
    });
    for (const form of touched) form.dispatchEvent(new Event("change", { bubbles: true }));
    return touched.size;
  };
  const text = fill() && !waiting.length ? "What you had typed is back." : "What you had typed is kept for its form.";
  document.dispatchEvent(new CustomEvent("carebridge:toast", { detail: { text } }));
  document.addEventListener("htmx:afterSettle", () => { if (waiting.length) fill(); });
}

const hint = document.querySelector("[data-kept-input]");
if (hint) hint.hidden = !sessionStorage.getItem(STORE);

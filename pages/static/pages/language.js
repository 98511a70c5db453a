// The menu of languages: it closes like any menu, and what is typed on the page is there again in the other language.

const KEY = "urna-typed";
// What a person does not fill in, or what is not to be kept anywhere.
const LEFT_OUT = ["hidden", "password", "file", "submit", "button"];

const menu = document.querySelector(".language-menu");

const fields = () =>
  Array.from(document.querySelectorAll("main :is(input, select, textarea)")).filter(
    (field) => field.name && !LEFT_OUT.includes(field.type),
  );

const isMark = (field) => field.type === "radio" || field.type === "checkbox";

function keep() {
  const typed = fields().map((field) => [field.name, field.value, Boolean(field.checked)]);
  sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, typed }));
}

/** Fill in what was typed on this page before its language was changed; it is forgotten on whatever page comes next. */
function fillIn() {
  const kept = JSON.parse(sessionStorage.getItem(KEY));
  sessionStorage.removeItem(KEY);
  if (kept?.path !== location.pathname) return;
  for (const field of fields()) {
    for (const [name, value, checked] of kept.typed) {
      if (name !== field.name) continue;
      if (!isMark(field)) field.value = value;
      else if (value === field.value) field.checked = checked;
    }
  }
}

function close(event) {
  if (event.type === "keydown" ? event.key === "Escape" : !menu.contains(event.target)) menu.open = false;
}

try {
  // Before the scripts of the page read its fields.
  fillIn();
  menu?.querySelector("form").addEventListener("submit", keep);
} catch {
  // The browser keeps nothing: then the page comes back empty, as without scripts.
}
for (const kind of ["click", "keydown"]) document.addEventListener(kind, (event) => menu && close(event));

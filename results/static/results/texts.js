// Numbers and words as the server writes them.

export const locale = document.documentElement.lang || undefined;
const shareFormat = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const pluralRules = new Intl.PluralRules(locale);

/** Return "one" or "other"; some languages have more forms, as Spanish does for round millions, but the page has two. */
export const plural = (number) => (pluralRules.select(number) === "one" ? "one" : "other");

const written = new Map();

/** Write tenths of a percent, which the server has rounded; "" for a share without a base, or a hidden one. */
export function percent(permille) {
  if (permille == null) return "";
  if (!written.has(permille)) written.set(permille, shareFormat.format(permille / 1000));
  return written.get(permille);
}

/** Return a function that writes whole numbers as the page writes `thousand`: in some languages browsers group differently. */
export function grouping(thousand) {
  const separator = thousand.slice(1, -3);
  return (number) => (number == null ? "–" : String(number).replace(/\B(?=(\d{3})+$)/g, separator));
}

/** Of the texts in `root` with `data-when-<what>`, show those for `value`, and hide the others. */
export function choose(root, what, value) {
  for (const text of root.querySelectorAll(`[data-when-${what}]`)) {
    text.hidden = !text.getAttribute(`data-when-${what}`).split(" ").includes(value);
  }
}

export function write(element, text) {
  if (element.textContent === text) return;
  const only = element.firstChild;
  // A new text for the same node: at a new node browsers look at the styles of the whole list again.
  if (text && only?.nodeType === Node.TEXT_NODE && only === element.lastChild) only.data = text;
  else element.textContent = text;
}

/** Give a bar, if there is one, its length in tenths of a percent. */
export function setWidth(bar, permille) {
  const width = `${(permille || 0) / 10}%`;
  if (bar && bar.getAttribute("width") !== width) bar.setAttribute("width", width);
}

/** Return what an element shows, in one line. */
export const textOf = (element) => element.innerText.replace(/\s+/g, " ").trim();

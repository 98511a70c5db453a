// Numbers and words as the server writes them.

const page = document.documentElement;
const pluralRules = new Intl.PluralRules(page.lang || undefined);
// The server has written the forms of words for these numbers: there is one for each form in any language.
const SAMPLES = [1, 2, 3, 6, 11, 0, 100, 1000000];

/** Return which of the numbers that the server has written forms for has the form of this one, as text. */
export function plural(number) {
  const form = pluralRules.select(number ?? 0);
  return String(SAMPLES.find((sample) => pluralRules.select(sample) === form) ?? 100);
}

const [, before, point, after] = (page.dataset.percent ?? "123.4%").match(/^(.*)123(.)4(.*)$/);

/** Write tenths of a percent, which the server has rounded, as it writes 123.4 %; "" for a share without a base, or a hidden one. */
export function percent(permille) {
  if (permille == null) return "";
  return `${before}${Math.floor(permille / 10)}${point}${permille % 10}${after}`;
}

/** Return a function that writes the time of day in a zone, to the second; in UTC if the browser does not know the zone. */
export function clock(timeZone) {
  const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  let times;
  try {
    times = new Intl.DateTimeFormat("en-GB", { ...format, timeZone });
  } catch {
    times = new Intl.DateTimeFormat("en-GB", { ...format, timeZone: "UTC", timeZoneName: "short" });
  }
  const halves = page.dataset.clock.split(" ");
  return (date) => {
    const time = times.format(date);
    if (halves.length < 2) return time;
    const hour = Number(time.slice(0, 2));
    return `${hour % 12 || 12}${time.slice(2, 8)} ${halves[hour < 12 ? 0 : 1]}${time.slice(8)}`;
  };
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

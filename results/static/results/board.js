// Draw snapshots into the page that the server rendered. All words are in the page; this only picks among them.

import { stageOf, standingOf } from "./frames.js";

const locale = document.documentElement.lang || undefined;
const shareFormat = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const pluralRules = new Intl.PluralRules(locale);
// Some languages have more forms than the page has texts, as Spanish for round millions.
const plural = (number) => (pluralRules.select(number) === "one" ? "one" : "other");

// The server rounds to tenths of a percent; a share without a base, or one that is hidden, has no figure.
const percent = (permille) => (permille == null ? "" : shareFormat.format(permille / 1000));

/** Show, of the texts inside `root` marked with `data-when-<what>`, those that are for `value`. */
export function choose(root, what, value) {
  for (const text of root.querySelectorAll(`[data-when-${what}]`)) {
    text.hidden = !text.getAttribute(`data-when-${what}`).split(" ").includes(value);
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export class Board {
  constructor(root) {
    this.root = root;
    this.list = root.querySelector("[data-standings]");
    this.template = root.querySelector("[data-standing-template]");
    this.find = (name) => root.querySelector(`[data-${name}]`);
    // The page shows how it groups digits, which is not in every language what the browser would do.
    this.separator = root.dataset.thousand.slice(1, -3);
    this.clock = clockFor(this.find("as-of").dataset.timeZone);
  }

  whole(number) {
    return number === undefined ? "–" : String(number).replace(/\B(?=(\d{3})+$)/g, this.separator);
  }

  draw(snapshot) {
    const stage = stageOf(snapshot);
    choose(this.root, "phase", stage);
    this.find("phase").dataset.phase = stage;
    write(this.root.querySelector("h1"), snapshot.title);
    this.drawTurnout(snapshot.ballots);
    this.drawPending(stage === "final" ? 0 : snapshot.pending);
    if (this.list) this.drawStandings(snapshot);
  }

  drawTurnout(ballots) {
    write(this.find("ballots"), this.whole(ballots));
    choose(this.find("turnout"), "plural", plural(ballots));
  }

  drawPending(pending) {
    const place = this.find("pending");
    place.hidden = !pending;
    this.find("pending-unknown").hidden = pending !== null;
    if (!pending) return;
    write(this.find("pending-count"), this.whole(pending));
    choose(place, "plural", plural(pending));
  }

  drawStandings(snapshot) {
    const keys = (items, key) => Array.from(items, key).join(" ");
    if (keys(this.list.children, (row) => row.dataset.key) !== keys(snapshot.options, (option) => option.key)) {
      this.list.replaceChildren(...snapshot.options.map((option) => this.newRow(option.key)));
    }
    snapshot.options.forEach((option, index) => {
      const row = this.list.children[index];
      const standing = standingOf(option.key, snapshot);
      write(row.querySelector("[data-label]"), option.label);
      write(row.querySelector("[data-count]"), this.whole(option.count));
      write(row.querySelector("[data-share]"), percent(option.permille));
      row.querySelector("[data-bar]").setAttribute("width", `${(option.permille || 0) / 10}%`);
      row.dataset.standing = standing;
      choose(row, "standing", standing);
      choose(row, "plural", plural(option.count || 0));
    });
  }

  newRow(key) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    row.dataset.key = key;
    return row;
  }

  drawTime(asOf) {
    const place = this.find("as-of");
    place.dateTime = asOf;
    write(place, this.clock.format(new Date(asOf)));
  }

  drawAge(seconds, isStale) {
    const place = this.find("age");
    const ago = seconds < 120
      ? place.dataset.seconds.replace("{n}", seconds)
      : place.dataset.minutes.replace("{n}", Math.floor(seconds / 60));
    write(place, ago);
    const stale = this.find("stale");
    stale.hidden = !isStale;
    if (isStale) write(this.find("stale-ago"), ago);
  }

  drawLink(state) {
    const place = this.find("link");
    place.dataset.link = state;
    choose(place, "link", state);
  }

  /** Say in one line what the board shows, for those who hear it. */
  summary() {
    const text = (element) => element.innerText.replace(/\s+/g, " ").trim();
    const leaders = Array.from(this.list ? this.list.children : []).filter((row) => row.dataset.standing);
    const stale = this.find("stale").hidden ? [] : [this.find("stale-word")];
    return [...stale, this.find("phase"), this.find("turnout"), ...leaders].map(text).join(". ");
  }
}

function clockFor(timeZone) {
  const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  try {
    return new Intl.DateTimeFormat(locale, { ...format, timeZone });
  } catch {
    return new Intl.DateTimeFormat(locale, { ...format, timeZone: "UTC", timeZoneName: "short" });
  }
}

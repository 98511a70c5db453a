// Draw one contest of a wall into the section that the server rendered for it.

import { standingOf } from "./frames.js";
import { choose, percent, plural, write } from "./texts.js";

const MOVE_MS = 700;
// Bars grow for so many pauses.
const GROWING_PAUSES = 3;
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

// Methods that move votes from round to round: a hall sees how they stand in the end.
const WITH_ROUNDS = ["irv", "stv"];

/** Return a contest with whole votes and shares of the last round, where there are rounds. */
export function atLastRound(contest) {
  const { rounds, scale = 1 } = contest.working || {};
  if (!WITH_ROUNDS.includes(contest.method) || !rounds?.length) return contest;
  const { votes, exhausted = 0 } = rounds[0];
  const everything = Object.values(votes).reduce((sum, one) => sum + one, exhausted);
  const options = contest.options.map((option) => {
    const last = rounds.at(-1).votes[option.key] || 0;
    const permille = everything ? Math.floor((1000 * last) / everything) : null;
    return { ...option, count: Math.floor(last / scale), permille };
  });
  return { ...contest, options };
}

/** Return options as a hall reads them: those with a seat, then those that tie for one, then by numbers. */
export function rank(contest) {
  if (contest.method === "motion" || !contest.winners) return contest.options;
  const place = ({ key }) => (contest.winners.includes(key) ? contest.winners.indexOf(key) : contest.winners.length);
  const isTied = ({ key }) => contest.tied.includes(key);
  const order = (one, other) => place(one) - place(other) || isTied(other) - isTied(one) || other.count - one.count;
  return [...contest.options].sort(order);
}

/** How a reveal stands: how much of each number is seen, or how many of the last places; all of them once it is over. */
export function revealed(reveal, since, pause, places) {
  if (reveal === "bars") {
    const part = Math.min(1, since / (GROWING_PAUSES * pause));
    return { part: isStill.matches && part < 1 ? 0 : 1 - (1 - part) ** 3, places, isOver: part === 1 };
  }
  const seen = Math.min(places, 1 + Math.floor(since / pause));
  return { part: 1, places: seen, isOver: seen === places };
}

export class Panel {
  /** `whole` writes a number; `words` has the texts that rows show. */
  constructor(section, whole, words) {
    Object.assign(this, { section, whole, words });
    const rows = Array.from(section.querySelectorAll(".runner"));
    this.runners = new Map(rows.map((row) => [row.dataset.key, row]));
    this.race = section.querySelector(".race");
    this.folded = section.querySelector("[data-folded]");
  }

  get key() {
    return this.section.dataset.contest;
  }

  /** Draw a contest; `view` says whether its numbers are shown, and the reveal. Return whether a reveal goes on. */
  draw(counted, final, view) {
    const contest = atLastRound(counted);
    const places = Math.min(this.section.most || Infinity, contest.options.length);
    const state = view.reveal
      ? revealed(view.reveal, view.since, view.pause, places)
      : { part: 1, places, isOver: true };
    this.section.dataset.shows = view.numbers ? "numbers" : "names";
    this.section.toggleAttribute("data-revealing", !state.isOver);
    const isSorted = view.numbers && (state.isOver || view.reveal === "places");
    const options = isSorted ? rank(contest) : contest.options;
    this.order(options, state.isOver);
    options.forEach((option, place) => {
      const row = this.runners.get(option.key);
      if (!row) return;
      row.hidden = place >= places;
      row.toggleAttribute("data-secret", place < places - state.places);
      if (view.numbers) this.drawNumbers(row, option, state.part, standingOf(option.key, contest, final));
    });
    this.isDrawn = true;
    this.drawFolded(contest.options.length - places);
    if (view.numbers) this.drawHead(contest);
    return !state.isOver;
  }

  drawHead({ blank, reason }) {
    const place = this.section.querySelector("[data-blank]");
    if (place) {
      place.hidden = !blank;
      write(place.querySelector("[data-blank-count]"), this.whole(blank));
      choose(place, "plural", plural(blank));
    }
    choose(this.section, "reason", reason);
  }

  drawNumbers(row, option, part, standing) {
    const find = (name) => row.querySelector(`[data-${name}]`);
    if (!find("count")) return;
    write(find("count"), this.whole(Math.round(option.count * part)));
    write(find("share"), option.permille == null ? "" : percent(Math.round(option.permille * part)));
    find("bar").setAttribute("width", `${((option.permille || 0) * part) / 10}%`);
    row.dataset.standing = standing;
    if (find("rank")) write(find("rank"), this.words.standings[standing] || "");
  }

  drawFolded(number) {
    this.folded.hidden = number <= 0;
    write(this.folded, this.words.more.replace("{n}", this.whole(number)));
  }

  /** Put the rows into this order. Those that move glide there, unless that would tell what is still to be revealed. */
  order(options, glides) {
    const rows = options.map(({ key }) => this.runners.get(key)).filter(Boolean);
    const before = Array.from(this.race.querySelectorAll(".runner"));
    if (rows.every((row, at) => row === before[at])) return;
    const boxes = new Map(before.map((row) => [row, row.getBoundingClientRect()]));
    this.race.append(...rows, this.folded);
    // What stands there for the first time did not come from anywhere.
    if (isStill.matches || !glides || !this.isDrawn) return;
    for (const row of rows) {
      const [from, to] = [boxes.get(row), row.getBoundingClientRect()];
      if (!from.height || !to.height || (from.x === to.x && from.y === to.y)) continue;
      const start = `translate(${from.x - to.x}px, ${from.y - to.y}px)`;
      row.animate([{ transform: start }, { transform: "none" }], { duration: MOVE_MS, easing: "ease-in-out" });
    }
  }
}

// Draw snapshots on a wall. All words are in the page that the server rendered; this chooses among them, and fits them in.

import { isUrgent, nextMoment, stageNow, writeLeft } from "./countdown.js";
import { stageOf } from "./frames.js";
import { choose, grouping, percent, plural, write } from "./texts.js";
import { findRoom, fitPanels, fitReason, fitTitle, isCut } from "./wall_fit.js";
import { Panel } from "./wall_panel.js";

const PAGE_MS = 10000;
const SIDE_BY_SIDE = "*";

export class WallBoard {
  constructor(root, words, clock) {
    Object.assign(this, { root, words, clock });
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.whole = grouping(root.dataset.thousand);
    document.documentElement.classList.add("fitted");
    this.findPanels();
  }

  /** Find the panels, again after the page has replaced them. */
  findPanels() {
    const sections = Array.from(this.root.querySelectorAll(".panel"));
    this.panels = sections.map((section) => new Panel(section, this.whole, this.words));
    this.plan = "";
  }

  /** Lay everything out anew, as for a window of another size. */
  refit() {
    this.plan = "";
    this.draw(this.shown);
  }

  draw(snapshot) {
    this.shown = snapshot;
    write(this.root.querySelector("h1"), snapshot.title);
    this.find("turnout").hidden = snapshot.ballots === null;
    write(this.find("ballots"), this.whole(snapshot.ballots));
    choose(this.find("turnout"), "plural", plural(snapshot.ballots));
    this.drawEntitled(snapshot.turnout);
    this.tick(true);
  }

  drawEntitled(turnout) {
    const place = this.find("entitled");
    if (!place) return;
    place.hidden = !turnout;
    if (!turnout) return;
    write(this.find("voted"), this.whole(turnout.voted));
    write(this.find("entitled-count"), this.whole(turnout.entitled));
    write(this.find("entitled").querySelector("[data-share]"), percent(turnout.permille));
  }

  /** Draw what changes by the clock alone; with `isNew` all of it. */
  tick(isNew = false) {
    const now = this.clock.now();
    const stage = stageNow(this.shown, stageOf(this.shown), now);
    choose(this.root, "phase", stage);
    this.root.dataset.stage = stage;
    this.find("phase").dataset.phase = stage;
    this.drawLeft(nextMoment(this.shown, stage, now), now);
    const view = this.view(stage, now);
    const isPlanned = this.makePlan(stage, view);
    const page = Math.floor(now / PAGE_MS) % this.pages.length;
    const isTurned = isPlanned || page !== this.page;
    if (isTurned) this.turnTo(page);
    if (isNew || isTurned || this.isRevealing) this.drawPanels(view);
  }

  drawLeft(moment, now) {
    const place = this.find("countdown");
    place.hidden = !moment;
    this.root.toggleAttribute("data-urgent", moment !== null && isUrgent(moment.at - now));
    if (!moment) return;
    choose(place, "target", moment.target);
    write(this.find("left"), writeLeft(moment.at - now));
  }

  /** What the panels show now: names alone or numbers too, and how far a reveal is. */
  view(stage, now) {
    const { withheld, wall } = this.shown;
    const since = wall.reveal ? now - Date.parse(wall.reveal_at) : 0;
    const hides = withheld || wall.hides || since < 0 || stage === "scheduled" || stage === "cancelled";
    return { numbers: !hides, reveal: hides ? "" : wall.reveal, since, pause: wall.pause * 1000 };
  }

  /** Decide which panels stand together on a page, if there is a reason to; return whether there was. */
  makePlan(stage, view) {
    const { contest } = this.shown.wall;
    const plan = [contest, stage, view.numbers, this.shown.title, innerWidth, innerHeight].join("\n");
    if (plan === this.plan) return false;
    this.plan = plan;
    fitTitle(this.root.querySelector("h1"));
    fitReason(this.find("reason"));
    for (const panel of this.panels) panel.section.dataset.shows = view.numbers ? "numbers" : "names";
    const chosen = this.panels.filter(({ key }) => key === contest);
    const shown = chosen.length ? chosen : this.panels;
    const { many, across } = contest === SIDE_BY_SIDE ? findRoom(this.sections(shown)) : { many: 1, across: 1 };
    this.across = across;
    this.pages = [];
    for (let at = 0; at < shown.length; at += many) this.pages.push(shown.slice(at, at + many));
    if (!this.pages.length) this.pages = [[]];
    return true;
  }

  sections(panels) {
    return panels.map(({ section }) => section);
  }

  turnTo(page) {
    this.page = page;
    const which = this.find("which");
    which.hidden = this.pages.length === 1;
    write(which, `${this.whole(page + 1)} / ${this.whole(this.pages.length)}`);
    this.fitPage();
  }

  fitPage() {
    if (this.panels.length) fitPanels(this.sections(this.pages[this.page]), this.sections(this.panels), this.across);
  }

  drawPanels(view) {
    this.drawPage(view);
    // A longer number, or an option that has moved up, may need more room.
    if (!this.pages[this.page].some(({ section }) => isCut(section))) return;
    this.fitPage();
    this.drawPage(view);
  }

  drawPage(view) {
    const contests = new Map(this.shown.contests.map((contest) => [contest.key, contest]));
    const drawn = this.pages[this.page].filter(({ key }) => contests.has(key));
    const going = drawn.map((panel) => panel.draw(contests.get(panel.key), this.shown.final, view));
    this.isRevealing = going.includes(true);
  }

  /** Say how old the numbers are, once they are too old. */
  drawAge(seconds, isStale) {
    this.find("stale").hidden = !isStale;
    if (!isStale) return;
    const { dataset } = this.find("stale-ago");
    const ago = seconds < 120
      ? dataset.seconds.replace("{n}", seconds)
      : dataset.minutes.replace("{n}", Math.floor(seconds / 60));
    write(this.find("stale-ago"), ago);
  }
}

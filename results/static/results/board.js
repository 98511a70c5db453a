// Draw snapshots into the page that the server rendered. All words are in the page; this only chooses among them.

import { ContestBoard } from "./contest.js";
import { stageOf } from "./frames.js";
import { PaceBoard } from "./pace.js";
import { writeLeft } from "./time_left.js";
import { TurnoutBoard } from "./turnout.js";
import { choose, clock, grouping, plural, textOf, write } from "./texts.js";

export class Board {
  constructor(root, words) {
    this.root = root;
    this.words = words;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.whole = grouping(root.dataset.thousand);
    this.clock = clock(this.find("as-of").dataset.timeZone);
    this.turnout = new TurnoutBoard(this.find("entitled"), this.whole);
    this.pace = new PaceBoard(this.find("pace"), this.whole, this.find("as-of").dataset.timeZone);
    this.findContests();
  }

  /** Find the sections of the contests, again after the page has replaced them. */
  findContests() {
    const sections = Array.from(this.root.querySelectorAll("[data-contest]"));
    this.contests = new Map(
      sections.map((section) => [section.dataset.contest, new ContestBoard(section, this.whole, this.words)]),
    );
  }

  draw(snapshot) {
    const stage = stageOf(snapshot);
    choose(this.root, "phase", stage);
    this.find("phase").dataset.phase = stage;
    const heading = this.root.querySelector("h1");
    // Frames have the title in the paper's own language; the page may show it in another.
    if (!("translated" in heading.dataset)) write(heading, snapshot.title);
    this.drawBallots(snapshot.ballots);
    this.turnout.draw(snapshot);
    this.pace.draw(snapshot.pace);
    // Hidden results do not tell it either, nor those that go in steps.
    const tellsNothing = stage === "final" || snapshot.ballots === null || snapshot.step;
    this.drawPending(tellsNothing ? 0 : snapshot.pending);
    this.drawRest(stage === "final" ? 0 : snapshot.rest);
    if (snapshot.withheld) return;
    // A contest that was added or withheld is missing here until the page has loaded it from the server.
    for (const contest of snapshot.contests) this.contests.get(contest.key)?.draw(contest, snapshot.final);
  }

  drawBallots(ballots) {
    this.find("turnout").hidden = ballots === null;
    write(this.find("ballots"), this.whole(ballots));
    choose(this.find("turnout"), "plural", plural(ballots));
  }

  drawPending(pending) {
    const place = this.find("pending");
    place.hidden = !pending;
    this.find("pending-unknown").hidden = pending !== null;
    write(this.find("pending-count"), this.whole(pending || 0));
    choose(place, "plural", plural(pending || 0));
  }

  drawRest(seconds) {
    const place = this.find("rest");
    place.hidden = !seconds;
    write(place, place.dataset.rest.replace("{n}", this.whole(seconds)));
  }

  /** Say how long voting goes on, by the server's clock; both times in milliseconds. */
  drawLeft(closesAt, now) {
    const place = this.find("left");
    if (place && closesAt) write(place, writeLeft((Date.parse(closesAt) - now) / 1000, this.words.left));
  }

  drawWatching(number) {
    const place = this.find("watching");
    place.hidden = !number;
    write(place, place.dataset.watching.replace("{n}", this.whole(number)));
  }

  drawTime(asOf) {
    const place = this.find("as-of");
    place.dateTime = asOf;
    write(place, this.clock(new Date(asOf)));
  }

  /** Say what the line to the server does, and how old the data are. */
  drawLink({ state, age, stale, wait }) {
    const place = this.find("link");
    place.dataset.link = state;
    choose(place, "link", state);
    for (const text of place.querySelectorAll("[data-wait]")) {
      write(text, text.dataset.wait.replace("{n}", Math.max(1, wait)));
    }
    const ago = age < 120
      ? this.find("age").dataset.seconds.replace("{n}", age)
      : this.find("age").dataset.minutes.replace("{n}", this.whole(Math.floor(age / 60)));
    write(this.find("age"), ago);
    this.find("stale").hidden = !stale;
    if (stale) write(this.find("stale-ago"), ago);
  }

  /** What matters to somebody who hears the page: the phase, old data, and who is ahead. */
  sentences() {
    const stale = this.find("stale").hidden ? "" : textOf(this.find("stale-word"));
    const contests = Array.from(this.contests.values(), (contest) => contest.sentence());
    return [stale, textOf(this.find("phase")), ...contests].filter(Boolean);
  }
}

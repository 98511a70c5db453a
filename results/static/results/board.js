// Draw snapshots into the page that the server rendered. All words are in the page; this only chooses among them.

import { ContestBoard } from "./contest.js";
import { stageOf } from "./frames.js";
import { TurnoutBoard } from "./turnout.js";
import { choose, grouping, locale, plural, textOf, write } from "./texts.js";

export class Board {
  constructor(root, words) {
    this.root = root;
    this.words = words;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.whole = grouping(root.dataset.thousand);
    this.clock = clockFor(this.find("as-of").dataset.timeZone);
    this.turnout = new TurnoutBoard(this.find("entitled"), this.whole);
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
    write(this.root.querySelector("h1"), snapshot.title);
    this.drawBallots(snapshot.ballots);
    this.turnout.draw(snapshot);
    // Hidden results do not tell it either.
    this.drawPending(stage === "final" || snapshot.ballots === null ? 0 : snapshot.pending);
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

  /** Say what the board shows, for screen readers: a sentence for the whole, then one for each contest. */
  sentences() {
    const stale = this.find("stale").hidden ? [] : [this.find("stale-word")];
    const whole = [...stale, this.find("phase"), this.find("turnout")].map(textOf).join(". ");
    const contests = Array.from(this.contests.values(), (contest) => contest.sentence());
    return [whole, this.turnout.sentence(), ...contests].filter(Boolean);
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

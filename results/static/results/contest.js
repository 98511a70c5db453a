// Draw one contest into the section that the server rendered for it, and say in a sentence how it stands.

import { standingOf } from "./frames.js";
import { choose, percent, plural, setWidth, textOf, write } from "./texts.js";

const MOST_SPOKEN = 3;

export class ContestBoard {
  /** `whole` writes a number; `words` has the texts that rows show. */
  constructor(section, whole, words) {
    Object.assign(this, { section, whole, words });
    this.rows = new Map(Array.from(section.querySelectorAll("[data-key]"), (row) => [row.dataset.key, row]));
    this.parts = new Map(Array.from(this.rows.values(), (row) => [row, partsOf(row)]));
  }

  draw(contest, final) {
    this.drawHaving(contest);
    this.drawBlank(contest.blank);
    choose(this.section, "reason", contest.reason);
    this.drawWorking(contest.working);
    for (const option of contest.options) {
      const row = this.rows.get(option.key);
      if (row) this.drawRow(row, option, standingOf(option.key, contest, final));
    }
  }

  /** Where not everybody has the question, say of how many it is. */
  drawHaving({ ballots, entitled }) {
    const place = this.section.querySelector("[data-having]");
    if (!place) return;
    place.hidden = entitled === null;
    write(place.querySelector("[data-having-ballots]"), this.whole(ballots));
    write(place.querySelector("[data-having-entitled]"), this.whole(entitled));
  }

  drawBlank(blank) {
    const place = this.section.querySelector("[data-blank]");
    place.hidden = !blank;
    write(place.querySelector("[data-blank-count]"), this.whole(blank));
    choose(place, "plural", plural(blank));
  }

  drawWorking(working) {
    for (const place of this.section.querySelectorAll("[data-working]")) {
      write(place, this.whole(working[place.dataset.working]));
    }
    choose(this.section, "quorum", String(working.quorum_reached));
  }

  drawRow(row, option, standing) {
    const { count, votes, share, bar, rank } = this.parts.get(row);
    write(count, this.whole(option.count));
    write(votes, this.words.units[row.parentElement.dataset.unit][plural(option.count)]);
    write(share, percent(option.permille));
    setWidth(bar, option.permille);
    if (row.dataset.standing !== standing) row.dataset.standing = standing;
    if (rank) write(rank, this.words.standings[standing] || "");
  }

  /** Say who is ahead, or the state of a motion, without numbers: these change with each vote. */
  sentence() {
    const verdict = this.section.querySelector("[data-verdict]");
    const title = this.section.querySelector("[data-title]");
    const news = (verdict ? [verdict.hidden ? "" : textOf(verdict)] : this.leaders()).filter(Boolean).join(", ");
    return title && news ? `${textOf(title)}: ${news}` : news;
  }

  leaders() {
    const rows = Array.from(this.rows.values()).filter((row) => row.dataset.standing);
    const said = rows.slice(0, MOST_SPOKEN).map((row) => textOf(row.querySelector(".standing-name")));
    const more = rows.length - said.length;
    return more ? [...said, this.words.more.replace("{n}", this.whole(more))] : said;
  }
}

/** Return what of a row changes, found once: a list of 60 is drawn ten times a second. */
function partsOf(row) {
  return Object.fromEntries(["count", "votes", "share", "bar", "rank"].map((name) => [name, row.querySelector(`[data-${name}]`)]));
}

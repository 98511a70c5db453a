// Load a fresh copy of this page for parts that only the server writes: times in the election's own zone, why it is
// cancelled, questions that were edited before the opening, or mended before the first ballot, and what came after the
// last one.

const SPREAD_MS = 3000;
const RETRY_MS = 10000;
const PARTS = ["h1", "[data-reason]", "[data-files]", "[data-times]", "[data-contests]", "[data-ties]"];

const questionsOf = (snapshot) =>
  JSON.stringify(
    snapshot.contests.map(({ key, title, method, seats, options }) => [
      key, title, method, seats, options.map((option) => [option.key, option.label]),
    ]),
  );

/** Tell whether an election was extended, closed, cancelled, edited or released between two snapshots. */
export function outdates(snapshot, shown) {
  if (snapshot.opens_at !== shown.opens_at || snapshot.closes_at !== shown.closes_at) return true;
  if (snapshot.phase === "cancelled" && shown.phase !== "cancelled") return true;
  if (snapshot.mended_at !== shown.mended_at) return true;
  if (snapshot.withheld !== shown.withheld || snapshot.certified !== shown.certified) return true;
  // Before the opening nothing is counted, so that each new version is an edit, maybe of a rule that no snapshot shows.
  const isEdit = snapshot.phase === "scheduled" && snapshot.version !== shown.version;
  // After the last ballot it is a lot, the secret of a draw, or a second result.
  const isLate = snapshot.final && shown.final && snapshot.version !== shown.version;
  return isEdit || isLate || questionsOf(snapshot) !== questionsOf(shown);
}

export class Renewal {
  constructor(root, onRenewed, parts = PARTS) {
    Object.assign(this, { root, onRenewed, parts });
    this.timer = 0;
  }

  /** Renew soon; after a random time, so that not all pages send their request at the same moment. */
  want(wait = 0) {
    this.wanted = true;
    if (!this.timer) this.timer = setTimeout(() => this.renew(), wait + Math.random() * SPREAD_MS);
  }

  async renew() {
    let wait = 0;
    this.wanted = false;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      this.take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The server cannot be reached, and the page says so already.
      this.wanted = true;
      wait = RETRY_MS;
    }
    this.timer = 0;
    if (this.wanted) this.want(wait);
  }

  take(fresh) {
    for (const part of this.parts) this.root.querySelector(part).replaceChildren(...fresh.querySelector(part).childNodes);
    this.onRenewed();
  }
}

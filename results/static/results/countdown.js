// What a page counts down to, and how the time that is left is written.

// Longer times stand on the pages as dates.
const LONGEST_MS = 3600_000;
const URGENT_MS = 60_000;

/** The next moment that everybody waits for: null, or { target: "opens", "closes" or "reveal", at }, in milliseconds. */
export function nextMoment(snapshot, stage, now) {
  const moments = { opens: null, closes: null, reveal: snapshot.wall?.reveal_at };
  if (stage === "scheduled") moments.opens = snapshot.opens_at;
  if (stage === "open") moments.closes = snapshot.closes_at;
  const coming = Object.entries(moments)
    .filter(([, time]) => time)
    .map(([target, time]) => ({ target, at: Date.parse(time) }))
    .filter(({ at }) => at > now && at - now <= LONGEST_MS);
  return coming.sort((one, other) => one.at - other.at)[0] || null;
}

/** Tell whether so few milliseconds are left that the page makes much of them. */
export const isUrgent = (left) => left <= URGENT_MS;

/** Write milliseconds as minutes and seconds, and the last minute as seconds alone. */
export function writeLeft(left) {
  const seconds = Math.max(0, Math.ceil(left / 1000));
  if (seconds <= 60) return String(seconds);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The stage by the clock: nobody waits for a message to see that time is up. */
export function stageNow(snapshot, stage, now) {
  if (stage === "open" && snapshot.closes_at && Date.parse(snapshot.closes_at) <= now) return "counting";
  return stage;
}

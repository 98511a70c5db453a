// What a message means for the page. Nothing here uses the page, a socket or a clock.

export const isHeartbeat = (message) => message.type === "heartbeat";

/** Tell whether a snapshot replaces the one shown. Times are ISO texts of one fixed form, so that text order is time order. */
export const isNewer = (snapshot, shown) => snapshot.version >= shown.version && snapshot.as_of > shown.as_of;

/** Tell whether a heartbeat says that the shown snapshot was read again and has not changed. */
export const confirms = (heartbeat, shown) => heartbeat.version === shown.version && heartbeat.as_of >= shown.as_of;

/** The phase as people see it: closed is "counting" until it is final. */
export function stageOf(snapshot) {
  if (snapshot.final) return "final";
  return snapshot.phase === "closed" ? "counting" : snapshot.phase;
}

/** The standing of one option in its contest: "leading", "level", "winner", "tie", or "". */
export function standingOf(key, contest, final) {
  if (contest.tied?.includes(key)) return final ? "tie" : "level";
  if (contest.winners?.includes(key)) return final ? "winner" : "leading";
  return "";
}

/** Milliseconds before the next attempt to connect: half a second, doubled up to ten, and random, so that many pages do not connect at once. */
export const backoff = (attempt, random = Math.random()) => Math.min(10000, 500 * 2 ** attempt) * (0.5 + random / 2);

/** Age of what is shown, by this device's monotonic clock; two clocks are never compared. */
export class Age {
  /** `now` in milliseconds, `age` in seconds at that moment. */
  constructor(now, age = 0) {
    this.set(now, age);
  }

  set(now, age = 0) {
    this.readAt = now - age * 1000;
  }

  seconds(now) {
    return Math.max(0, Math.floor((now - this.readAt) / 1000));
  }
}

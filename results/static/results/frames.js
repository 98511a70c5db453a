// What a snapshot means in words. Nothing here uses the page, a socket or a clock.

/** The phase as people see it: closed is "counting" until it is final, and "withheld" where the result is not released then. */
export function stageOf(snapshot) {
  if (snapshot.final) return snapshot.withheld ? "withheld" : "final";
  return snapshot.phase === "closed" ? "counting" : snapshot.phase;
}

/** The standing of one option in its contest: "leading", "level", "winner", "tie", or "". */
export function standingOf(key, contest, final) {
  if (contest.tied?.includes(key)) return final ? "tie" : "level";
  if (contest.winners?.includes(key)) return final ? "winner" : "leading";
  return "";
}

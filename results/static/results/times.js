// Opening and closing times stand in the page in the election's own zone and the reader's language: the server writes them.

const SPREAD_MS = 3000;

/** Tell whether an election was extended or closed between two snapshots. */
export const movesTimes = (snapshot, shown) =>
  snapshot.opens_at !== shown.opens_at || snapshot.closes_at !== shown.closes_at;

/** Take the times inside `place` from a fresh copy of this page; spread, so that a hall does not ask at once. */
export function renewTimes(place, spread = SPREAD_MS) {
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...fresh.querySelector("[data-times]").childNodes);
    } catch {
      // Out of reach: the page says so already, and a reload brings the times.
    }
  }, Math.random() * spread);
}

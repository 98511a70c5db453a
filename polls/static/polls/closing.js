// The last minute of an election, on the ballot: everybody sees the seconds go by.

const LAST_MS = 60_000;
const TICK_MS = 250;

/** Count down in `place`, from a page that was made at `madeAt` by the box's clock, in milliseconds. */
function countDown(place, madeAt) {
  const sinceThen = performance.now() - performance.getEntriesByType("navigation")[0].responseStart;
  const shownAt = Date.now() - sinceThen;
  const tick = () => {
    const left = Number(place.dataset.closes) - madeAt - (Date.now() - shownAt);
    place.hidden = left > LAST_MS;
    place.querySelector("[role=timer]").textContent = Math.max(0, Math.ceil(left / 1000));
    if (left > 0) setTimeout(tick, TICK_MS);
  };
  tick();
}

// Not there for somebody whose vote is final.
const place = document.querySelector("[data-closes]");
if (place) {
  // Each ballot begins with its time by the clock of the ballot box, which is the one that closes.
  const id = document.querySelector("form.ballot [name=ballot_id]").value.replaceAll("-", "");
  countDown(place, Number.parseInt(id.slice(0, 12), 16));
}

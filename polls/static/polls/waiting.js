// A page that waits for an opening: it counts the seconds down, and comes again when the time has come.

const TICK_MS = 1000;
// Everybody who waits would come at once.
const SPREAD_MS = 1500;

const waiting = document.querySelector("[data-wait]");
const countdown = waiting.querySelector("[data-countdown]");
// By the server's clock, whatever this one says.
const opensAt = Date.now() + Number(waiting.dataset.wait);
const delay = Math.random() * SPREAD_MS;

/** Write a time as hours, minutes and seconds. */
function write(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function tick() {
  const left = opensAt - Date.now();
  if (left <= 0) {
    setTimeout(() => location.reload(), delay);
    return;
  }
  if (countdown) countdown.textContent = write(Math.ceil(left / 1000));
  setTimeout(tick, Math.min(TICK_MS, left));
}

for (const link of document.querySelectorAll("[data-without-script]")) link.hidden = true;
tick();

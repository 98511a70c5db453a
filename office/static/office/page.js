// The page of an election: numbers that stay fresh.

const PAUSE_MS = 2000;

const standing = document.querySelector("[data-refresh]");
let shown = "";

/** Put what the server says now in the place of what it said before; a button in use keeps the focus. */
async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(standing.dataset.refresh);
      // A sign-in that has ended is a redirection to a page that does not belong here.
      if (answer.ok && !answer.redirected) show(await answer.text());
    } catch {
      // The network is gone for the moment; the next look tells.
    }
  }
  setTimeout(refresh, PAUSE_MS);
}

const phase = () => standing.querySelector("[data-phase]").dataset.phase;

function show(text) {
  if (text === shown) return;
  shown = text;
  const focused = document.activeElement?.getAttribute("href");
  const before = phase();
  standing.innerHTML = text;
  // In another phase there is more to show than what stands here.
  if (phase() !== before) location.reload();
  else if (focused) standing.querySelector(`a[href="${focused}"]`)?.focus();
}

if (standing.dataset.refresh) setTimeout(refresh, PAUSE_MS);

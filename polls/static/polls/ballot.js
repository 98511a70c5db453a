// A second press is harmless to the count (the same ballot counts once), but it costs the voter a wait.

const RELEASE_MS = 8000;

const form = document.querySelector("form.ballot");
const button = form?.querySelector("button[type=submit]");
let label = "";
let timer = 0;

function release() {
  if (!label) return;
  clearTimeout(timer);
  button.removeAttribute("aria-disabled");
  button.textContent = label;
  label = "";
}

/** Let presses pass without effect, and say on the button why. */
function hold(text) {
  label ||= button.textContent;
  // Not `disabled`: that would take the focus away, and a press that got lost could not be repeated.
  button.setAttribute("aria-disabled", "true");
  button.textContent = text;
}

form?.addEventListener("submit", (event) => {
  if (label) {
    event.preventDefault();
    return;
  }
  hold(button.dataset.sending);
  timer = setTimeout(release, RELEASE_MS);
});

/** Count the seconds down that the server asks for; it is the voter who then presses again. */
function wait(until) {
  const seconds = Math.ceil((until - performance.now()) / 1000);
  if (seconds <= 0) {
    release();
    return;
  }
  hold(button.dataset.waiting.replace("{seconds}", seconds));
  timer = setTimeout(wait, 250, until);
}

// After a refused form this page is the answer to a POST: coming back to it must ask for a fresh form, not send again.
history.replaceState(history.state, "");

window.addEventListener("pageshow", (event) => {
  // A page out of the back-forward cache holds a form that was used already.
  if (event.persisted) location.reload();
  else if (button?.dataset.wait) wait(performance.now() + button.dataset.wait * 1000);
  else release();
});

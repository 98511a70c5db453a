// A second press does not harm the count (the same ballot counts once), but the voter would have to wait.

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

/** Make presses have no effect, and say on the button why. */
function hold(text) {
  label ||= button.textContent;
  // Not `disabled`: the button would lose the focus, and a press that was lost could not be repeated.
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

/** Tell whether anything is marked on the ballot. */
const isMarked = () =>
  Array.from(form.elements).some((one) => one.matches(":checked:not([value=''])") || (one.localName === "select" && one.value));

// In another language of the paper: what is marked goes along, and comes back on the page in that language.
for (const link of document.querySelectorAll(".paper-languages a")) {
  link.addEventListener("click", (event) => {
    if (!form || !isMarked() || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "paper_language", value: link.hreflang });
    form.append(field);
    form.submit();
  });
}

/** Count down the seconds that the server asks for; then the voter has to press again. */
function wait(until) {
  const seconds = Math.ceil((until - performance.now()) / 1000);
  if (seconds <= 0) {
    release();
    return;
  }
  hold(button.dataset.waiting.replace("{seconds}", seconds));
  timer = setTimeout(wait, 250, until);
}

// After a refused form this page is the answer to a POST: going back to it must load a fresh form, not send it again.
history.replaceState(history.state, "");

window.addEventListener("pageshow", (event) => {
  // A page from the back-forward cache has a form that was used already.
  if (event.persisted) location.reload();
  else if (button?.dataset.wait) wait(performance.now() + button.dataset.wait * 1000);
  else release();
});

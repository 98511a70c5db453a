// A kiosk: whoever walks away leaves nothing behind for the next one.

// Seconds without a touch or a key until a ballot asks whether somebody is there, and until it is cleared then.
const QUIET_S = 90;
const WARNING_S = 30;
// The same for what was typed on the page that asks for a card.
const TYPED_S = 45;
const TICK_MS = 250;
const TOUCHES = ["pointerdown", "pointermove", "keydown", "input", "wheel", "touchmove", "scroll"];

const dialog = document.querySelector("dialog.idle");
const firstPage = document.querySelector("[data-first-page]");
const next = document.querySelector("[data-next]");
const nextCard = document.querySelector("[data-next-card]");
// A clock that goes on while the device sleeps.
let touched = Date.now();

const quiet = () => (Date.now() - touched) / 1000;

/** Go to another page that takes the place of this one: there is no way back to it. */
const replaceBy = (address) => location.replace(address);

function every(work) {
  const timer = setInterval(() => work(() => clearInterval(timer)), TICK_MS);
}

// --- A ballot ---

function watchBallot() {
  const seconds = dialog.querySelector("[data-seconds]");
  const stay = () => {
    touched = Date.now();
    if (dialog.open) dialog.close();
  };
  dialog.querySelector("[data-stay]").addEventListener("click", stay);
  dialog.addEventListener("close", stay);
  every((stop) => {
    const left = Math.ceil(QUIET_S + WARNING_S - quiet());
    if (left <= 0) {
      stop();
      replaceBy(dialog.dataset.leftPage);
    } else if (left <= WARNING_S) {
      if (!dialog.open) dialog.showModal();
      seconds.textContent = left;
    }
  });
  // A scanner ends with Enter: the next card must not send the ballot of somebody who has left.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input:not([type=submit]), select")) event.preventDefault();
  });
  addEventListener("pagehide", () => {
    // What a browser may keep of this page, for the way back, is empty.
    document.querySelector("main").replaceChildren();
  });
}

// --- The page that asks for a card ---

function watchCard() {
  const field = document.querySelector("#code");
  const isFresh = !field.value && !document.querySelector(".notice");
  document.addEventListener("keydown", (event) => {
    // A scanner types wherever the focus is.
    if (document.activeElement === document.body && event.key.length === 1) field.focus();
  });
  every((stop) => {
    if (quiet() < TYPED_S || (isFresh && !field.value)) return;
    stop();
    replaceBy(firstPage.dataset.firstPage);
  });
}

// --- The page after a vote ---

function watchNext() {
  const end = Date.now() + next.dataset.next * 1000;
  const label = next.textContent;
  let typed = "";
  document.addEventListener("keydown", (event) => {
    if (!nextCard) return;
    if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) typed += event.key;
    if (event.key !== "Enter" || !typed) return;
    event.preventDefault();
    nextCard.elements.code.value = typed;
    nextCard.submit();
  });
  every((stop) => {
    const left = Math.ceil((end - Date.now()) / 1000);
    next.textContent = `${label} (${Math.max(left, 0)})`;
    if (left > 0 || (typed && quiet() < 2)) return;
    stop();
    replaceBy(next.href);
  });
}

for (const name of TOUCHES) {
  addEventListener(
    name,
    () => {
      // The warning is ended by its button: a draught or a cat must not keep a ballot open.
      if (!dialog?.open) touched = Date.now();
    },
    { capture: true, passive: true },
  );
}
// After a code or a refused form this page is the answer to a POST, which must not be sent again.
history.replaceState(history.state, "");
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
if (dialog) watchBallot();
if (firstPage) watchCard();
if (next) watchNext();

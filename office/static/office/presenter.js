// The presenter's buttons: what they send goes without a new page, so that a thumb finds each button where it was.

const form = document.querySelector("[data-presenter]");

/** Take what the server says now of buttons and messages; what is chosen but not sent stays. */
function take(page) {
  const fresh = page.querySelector("[data-presenter]");
  for (const button of fresh?.querySelectorAll("button[aria-pressed]") || []) {
    const mine = form.querySelector(`button[name="${button.name}"][value="${CSS.escape(button.value)}"]`);
    mine?.setAttribute("aria-pressed", button.getAttribute("aria-pressed"));
  }
  document.querySelector(".messagelist")?.remove();
  const messages = page.querySelector(".messagelist");
  if (messages) form.before(messages);
}

form.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button?.name) return;
  event.preventDefault();
  const lost = form.querySelector("[data-lost]");
  // By hand: a browser before 2023 ignores the button as the second argument of FormData.
  const body = new FormData(form);
  body.set(button.name, button.value);
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    lost.hidden = true;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // A sign-in that has ended is a page that does not belong here.
    if (!page.querySelector("[data-presenter]")) location.reload();
    take(page);
    button.closest("details")?.removeAttribute("open");
  } catch {
    lost.hidden = false;
  }
});

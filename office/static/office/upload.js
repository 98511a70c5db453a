// A voter list that is too large for one request is sent in parts; one that is too large at all is refused here.

const TRIES = 5;
const PAUSE_MS = 1500;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Send a form; try again while the server does not answer. A part that comes twice does no harm. */
async function send(address, form) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(address, { method: "POST", body: form, redirect: "error" });
      const answer = await response.json();
      if (!response.ok && !answer.problem) throw new Error(response.status);
      return answer;
    } catch (error) {
      if (attempt === TRIES) throw error;
      await wait(PAUSE_MS * attempt);
    }
  }
}

/** Send a file part by part; return the last answer, with the page that comes next, or with a problem. */
async function sendFile(form, field, show) {
  const [file] = field.files;
  const size = Number(field.dataset.part);
  let answer = {};
  for (let place = 0; place * size < file.size; place += 1) {
    const part = new FormData();
    part.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    part.set("size", file.size);
    part.set("place", place);
    part.set("list", answer.list ?? "");
    part.set("part", file.slice(place * size, (place + 1) * size), "part");
    answer = await send(form.dataset.parts, part);
    if (answer.problem) return answer;
    show(((place + 1) * size) / file.size);
  }
  return answer;
}

function watch(field) {
  const form = field.form;
  const [sending, looking, problem] = ["upload", "looking", "problem"].map((name) => form.querySelector(`[data-${name}]`));
  const button = form.querySelector("input[type=submit]");
  form.noValidate = false;
  field.addEventListener("change", () => {
    const isTooLarge = [...field.files].some((file) => file.size > Number(field.dataset.largest));
    field.setCustomValidity(isTooLarge ? field.dataset.tooLarge : "");
    field.reportValidity();
  });
  form.addEventListener("submit", async (event) => {
    if (!(field.files[0]?.size > Number(field.dataset.partsFrom))) return;
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    problem.hidden = true;
    sending.hidden = false;
    let answer = {};
    try {
      answer = await sendFile(form, field, (share) => {
        sending.querySelector("progress").value = share;
      });
    } catch {
      answer = { problem: problem.dataset.lost };
    }
    if (answer.page) {
      looking.hidden = false;
      location.assign(answer.page);
      return;
    }
    problem.textContent = answer.problem;
    problem.hidden = false;
    sending.hidden = true;
    button.disabled = false;
  });
  // On the way back from the preview the page may be as it was left.
  addEventListener("pageshow", () => {
    button.disabled = false;
    sending.hidden = true;
    looking.hidden = true;
  });
}

for (const field of document.querySelectorAll("form[data-parts] input[type=file][data-largest]")) watch(field);

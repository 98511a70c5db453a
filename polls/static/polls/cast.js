// Follow one ballot from "accepted" to "counted".

const FIRST_MS = 400;
const LONGEST_MS = 10000;
const GIVE_UP_MS = 5000;

const receipt = document.querySelector("[data-address]");

/** Milliseconds until the next request, longer each time and different for each voter. */
const pause = (attempt) => Math.min(LONGEST_MS, FIRST_MS * 1.6 ** attempt) * (0.75 + Math.random() / 2);

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function askState() {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), GIVE_UP_MS);
  try {
    const response = await fetch(receipt.dataset.address, { cache: "no-store", signal: controller.signal });
    return response.ok ? (await response.json()).state : "accepted";
  } catch {
    return "accepted"; // No answer says nothing about the ballot.
  } finally {
    clearTimeout(timer);
  }
}

function show(state) {
  receipt.dataset.state = state;
  for (const text of receipt.querySelectorAll("[data-when-state]")) {
    text.hidden = !text.dataset.whenState.split(" ").includes(state);
  }
  receipt.querySelector(".step:last-child").classList.add("done");
}

for (const link of receipt.querySelectorAll("[data-without-script]")) link.hidden = true;

async function follow() {
  let state = "accepted";
  for (let attempt = 0; state === "accepted"; attempt += 1) {
    await wait(pause(attempt));
    state = await askState();
  }
  if (state) show(state);
  else location.reload();
}

follow();

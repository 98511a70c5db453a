// The questions of a paper: added, folded, moved, and removed with an undo before saving.

import { makeMovable } from "./moving.js";
import { writeOptions } from "./option_lines.js";

const group = document.querySelector("[data-contests]");
const list = group.querySelector("[data-contest-list]");
const template = group.querySelector("[data-new-contest]");
const spoken = group.querySelector("[data-spoken]");
const total = document.getElementById(`id_${group.dataset.contests}-TOTAL_FORMS`);
const most = document.getElementById(`id_${group.dataset.contests}-MAX_NUM_FORMS`);

const contests = () => [...list.children];
const field = (contest, name) => contest.querySelector(`[name$="-${name}"]`);
const titleOf = (contest) => {
  const title = contest.querySelector("[data-title]");
  return field(contest, "title")?.value.trim() || title.dataset.none;
};

function say(name, contest) {
  const all = contests();
  spoken.textContent = spoken.dataset[name]
    .replace("{title}", titleOf(contest))
    .replace("{n}", all.indexOf(contest) + 1)
    .replace("{all}", all.length);
}

/** Number the contests as they stand; the fields of their positions say it to the server. */
function number() {
  contests().forEach((contest, place, { length }) => {
    contest.querySelector("[data-number]").textContent = place + 1;
    const position = field(contest, "position");
    if (!position) return;
    position.value = place;
    // Not disabled: a button that is would lose the focus.
    contest.querySelector("[data-up]").setAttribute("aria-disabled", place === 0);
    contest.querySelector("[data-down]").setAttribute("aria-disabled", place === length - 1);
  });
}

function moved(contest) {
  number();
  say("moved", contest);
}

/** Put a contest a place further up (-1) or down (1); whatever has the focus keeps it. */
function move(contest, by) {
  const other = by < 0 ? contest.previousElementSibling : contest.nextElementSibling;
  if (!other) return;
  // The neighbour moves, and not the contest, which has the focus.
  if (by < 0) contest.after(other);
  else contest.before(other);
  contest.scrollIntoView({ block: "nearest" });
  moved(contest);
}

/** Show the rules of the chosen method alone. */
function showRules(contest) {
  const method = field(contest, "method");
  if (!method) return;
  for (const rules of contest.querySelectorAll(".rules")) {
    rules.hidden = !rules.classList.contains(`rules-${method.value}`);
  }
  contest.querySelector(".field-seats").hidden = method.dataset.withoutSeats.split(" ").includes(method.value);
}

function summarise(contest) {
  contest.querySelector("[data-title]").textContent = titleOf(contest);
  const method = field(contest, "method");
  if (method) contest.querySelector("[data-method]").textContent = method.selectedOptions[0]?.textContent ?? "";
}

function showRemoval(contest) {
  const isRemoved = Boolean(field(contest, "DELETE")?.checked);
  contest.classList.toggle("going", isRemoved);
  contest.querySelector("[data-removed]")?.toggleAttribute("hidden", !isRemoved);
  contest.querySelector("[data-remove]")?.toggleAttribute("hidden", isRemoved);
  if (isRemoved) contest.querySelector("details").open = false;
}

function remove(contest, isRemoved) {
  field(contest, "DELETE").checked = isRemoved;
  showRemoval(contest);
  contest.querySelector(isRemoved ? "[data-undo]" : "[data-remove]").focus();
  say(isRemoved ? "removed" : "kept", contest);
}

function prepare(contest) {
  for (const button of contest.querySelectorAll(".contest-bar [hidden]")) button.hidden = false;
  contest.querySelector("[data-removal]")?.classList.add("unseen");
  contest.querySelector(".field-position")?.setAttribute("hidden", "");
  writeOptions(contest, (counted) => { contest.querySelector("[data-count]").textContent = counted; });
  showRules(contest);
  showRemoval(contest);
}

function add() {
  const index = Number(total.value);
  const made = document.createElement("template");
  made.innerHTML = template.innerHTML.replaceAll("__prefix__", index);
  const contest = made.content.querySelector("[data-contest]");
  list.append(contest);
  total.value = index + 1;
  prepare(contest);
  number();
  offerMore();
  field(contest, "title").focus();
}

function offerMore() {
  const button = group.querySelector("[data-add]");
  button.hidden = !template || (most.value !== "" && Number(total.value) >= Number(most.value));
}

/** Put the contests in the order of their fields: a form that was refused comes back as it was sent. */
function sort() {
  const place = (contest) => Number(field(contest, "position")?.value || Infinity);
  list.append(...contests().sort((one, other) => place(one) - place(other) || 0));
}

/** Take away the empty form that is there for browsers without JavaScript. */
function dropEmpty() {
  const last = list.lastElementChild;
  const texts = [...last.querySelectorAll("input[type=text], textarea")];
  if (contests().length < 2 || last.classList.contains("wrong") || field(last, "id")?.value || texts.some((text) => text.value)) return;
  last.remove();
  total.value = Number(total.value) - 1;
}

list.addEventListener("click", ({ target }) => {
  const contest = target.closest("[data-contest]");
  if (target.closest("[data-up]")) move(contest, -1);
  else if (target.closest("[data-down]")) move(contest, 1);
  else if (target.closest("[data-remove]")) remove(contest, true);
  else if (target.closest("[data-undo]")) remove(contest, false);
});
list.addEventListener("keydown", (event) => {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by || !event.target.closest("[data-handle]")) return;
  event.preventDefault();
  move(event.target.closest("[data-contest]"), by);
});
list.addEventListener("input", ({ target }) => {
  const contest = target.closest("[data-contest]");
  showRules(contest);
  summarise(contest);
});
group.querySelector("[data-add]").addEventListener("click", add);

if (list.lastElementChild) {
  if (template) dropEmpty();
  contests().forEach(prepare);
  sort();
  number();
  makeMovable(list, { handle: "[data-handle]", onMove: moved });
  offerMore();
}

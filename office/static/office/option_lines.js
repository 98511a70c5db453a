// The options of a question, one a line: counted, marked and moved while they are typed.

import { makeMovable } from "./moving.js";

// The beginnings that word processors write, as polls/labels.py leaves them out. What is shown here is a foretaste of
// what it reads; its rules stay the rules.
const BULLET = /^[-*+•·‣◦▪●○–—o]\s/u;
const NUMBER = /^(\d+)[.)]\s/u;

/** Return the labels of some lines, without the bullets or numbers that all of them have. */
export function readLabels(lines) {
  const labels = lines.map((line) => line.normalize("NFC").trim().split(/\s+/u).join(" "));
  if (labels.length < 2) return labels;
  const numbered = labels.every((label, place) => label.match(NUMBER)?.[1] === String(place + 1));
  const mark = numbered ? NUMBER : labels.every((label) => BULLET.test(label)) ? BULLET : null;
  return mark ? labels.map((label) => label.replace(mark, "")) : labels;
}

/** Return a text that is equal for two labels that look the same. */
const fold = (label) => label.normalize("NFKC").toLowerCase().replace(/[\p{Cc}\p{Cf}\p{Z}]/gu, "");

/**
 * Put tools below the options of a question: a count, buttons that move a line, and a list to drag them in.
 * `onCount` is called with their number in words.
 */
export function writeOptions(contest, onCount) {
  const text = contest.querySelector("textarea[name$='-option_lines']");
  const template = document.querySelector("[data-option-tools]");
  if (!text || !template) return;
  text.closest(".flex-container").after(template.content.cloneNode(true));
  new OptionLines(text, contest.querySelector(".option-tools"), onCount).show();
}

class OptionLines {
  constructor(text, tools, onCount) {
    this.text = text;
    this.onCount = onCount;
    this.list = tools.querySelector("[data-option-list]");
    this.count = tools.querySelector("[data-option-count]");
    this.spoken = tools.querySelector("[data-option-spoken]");
    this.words = tools.dataset;
    this.current = 0;
    text.addEventListener("input", () => this.showSoon());
    for (const event of ["click", "keyup", "select"]) text.addEventListener(event, () => this.follow());
    for (const where of [text, this.list]) where.addEventListener("keydown", (event) => this.press(event));
    tools.addEventListener("click", ({ target }) => this.click(target));
    makeMovable(this.list, { handle: "[data-line]", onMove: (item) => this.drop(item) });
  }

  /** The lines that are options, each with its place among all lines. */
  get lines() {
    const all = this.text.value.split("\n").map((line, at) => ({ line, at })).filter(({ line }) => line.trim());
    const labels = readLabels(all.map(({ line }) => line));
    return all.map(({ at }, place) => ({ at, label: labels[place] }));
  }

  /** Show them once before the next frame: a long text that a program types comes in as many steps as it has lines. */
  showSoon() {
    this.due ??= requestAnimationFrame(() => this.show());
  }

  show() {
    cancelAnimationFrame(this.due);
    this.due = null;
    const { words } = this;
    const labels = this.lines.map(({ label }) => label);
    const first = new Map();
    let wrong = 0;
    const items = labels.map((label, place) => {
      const folded = fold(label);
      let mark = "";
      if (!folded) mark = words.nothing;
      else if (first.has(folded)) mark = words.equal.replace("{n}", first.get(folded) + 1);
      else if ([...label].length > Number(words.longest)) mark = words.long;
      if (!first.has(folded)) first.set(folded, place);
      wrong += mark ? 1 : 0;
      return this.item(label, mark, place, labels.length);
    });
    this.list.replaceChildren(...items);
    this.list.hidden = !items.length;
    const counted = fill(labels.length === 1 ? words.one : words.other, { n: labels.length });
    this.count.textContent = wrong ? `${counted}, ${fill(words.wrong, { n: wrong })}` : counted;
    this.onCount(counted);
    this.count.classList.toggle("wrong", wrong > 0);
    this.follow();
  }

  item(label, mark, place, all) {
    const item = document.createElement("li");
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "handle";
    handle.dataset.line = place;
    handle.setAttribute("aria-label", fill(this.words.lineName, { label, n: place + 1, all }));
    const text = document.createElement("bdi");
    text.textContent = label;
    item.append(handle, text);
    if (mark) {
      const why = document.createElement("em");
      why.textContent = mark;
      item.classList.add("wrong");
      item.append(why);
    }
    return item;
  }

  /** Mark the option in whose line the caret is. */
  follow() {
    const before = this.text.value.slice(0, this.text.selectionStart).split("\n").length - 1;
    const { lines } = this;
    const found = lines.findLastIndex(({ at }) => at <= before);
    this.mark(Math.max(found, 0));
  }

  mark(place) {
    this.current = place;
    [...this.list.children].forEach((item, at) => {
      item.classList.toggle("current", at === place);
      // One stop of the Tab key for the whole list.
      item.firstChild.tabIndex = at === place ? 0 : -1;
    });
    const item = this.list.children[place];
    if (!item || this.list.scrollHeight <= this.list.clientHeight) return;
    const middle = item.offsetTop - (this.list.clientHeight - item.offsetHeight) / 2;
    if (!this.list.contains(document.activeElement)) this.list.scrollTop = middle;
  }

  /** Put an option in another place, and the caret with it. */
  move(from, to) {
    const { lines } = this;
    if (from === to || !lines[from] || !lines[to]) return;
    const labels = lines.map(({ label }) => label);
    const [label] = labels.splice(from, 1);
    labels.splice(to, 0, label);
    // Without numbers and bullets: after a move they would be no list any more, and stay.
    this.text.value = labels.join("\n");
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
    this.select(to);
    // At once, since the focus is to stay in the list.
    this.show();
    this.spoken.textContent = fill(this.words.moved, { label, n: to + 1, all: labels.length });
  }

  /** Put the caret at the end of an option's line. */
  select(place) {
    const { at } = this.lines[place];
    const end = this.text.value.split("\n").slice(0, at + 1).join("\n").length;
    this.text.setSelectionRange(end, end);
  }

  press(event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const inList = event.currentTarget === this.list;
    if (!by || !(inList || event.altKey)) return;
    event.preventDefault();
    // What was typed a moment ago may not be in the list yet.
    if (this.due) this.show();
    if (inList) this.current = Number(event.target.dataset.line);
    const to = this.current + by;
    if (!this.list.children[to]) return;
    if (event.altKey) this.move(this.current, to);
    else this.choose(to);
    if (inList) this.list.children[this.current].firstChild.focus();
  }

  click(target) {
    const item = [...this.list.children].findIndex((one) => one.contains(target));
    if (item >= 0) this.choose(item);
    else if (target.closest("[data-line-up]")) this.move(this.current, this.current - 1);
    else if (target.closest("[data-line-down]")) this.move(this.current, this.current + 1);
  }

  choose(place) {
    this.select(place);
    this.mark(place);
  }

  drop(item) {
    const to = [...this.list.children].indexOf(item);
    const from = Number(item.firstChild.dataset.line);
    this.move(from, to);
    this.list.children[to].firstChild.focus();
  }
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_match, name) => values[name]);

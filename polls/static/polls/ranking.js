// Rank options by pressing, dragging and arrow keys. The select boxes stay the form's truth: this sorts the rows that
// hold them, and sets them. Where a script fails, the rows stay as they are, and can be filled in by hand.

import { dragRow } from "./drag.js";
import { fill, labelOf, showSummary } from "./summary.js";

class Ranking {
  constructor(root) {
    this.root = root;
    this.mayBeEqual = "equal" in root.dataset;
    this.left = root.querySelector("[data-left]");
    this.rows = Array.from(root.querySelectorAll("[data-option]"));
    this.said = root.querySelector("[data-said]");
    this.list = document.createElement("ol");
    this.list.className = "ranks";
    root.querySelector("[data-name-left]").before(this.list);
    for (const row of this.rows) this.equip(row);
    for (const name of root.querySelectorAll("[data-with-script]")) name.hidden = false;
    root.classList.add("scripted");
    this.read();
  }

  equip(row) {
    const tools = this.root.querySelector("[data-tools]").content.cloneNode(true);
    for (const button of tools.querySelectorAll("button")) {
      button.setAttribute("aria-label", fill(button.getAttribute("aria-label"), { option: labelOf(row) }));
    }
    const [grip, tie, add, remove] = ["grip", "tie", "add", "remove"].map((name) => tools.querySelector(`[data-${name}]`));
    row.append(tools);
    grip.addEventListener("keydown", (event) => this.pressKey(event, row, grip));
    grip.addEventListener("pointerdown", (event) => {
      if (event.button === 0) dragRow(event, grip, row, this.ranked(), (place) => this.move(row, place));
    });
    tie?.addEventListener("click", () => this.toggleTie(row));
    add.addEventListener("click", () => this.add(row));
    remove.addEventListener("click", () => this.remove(row));
    row.querySelector("label").addEventListener("click", (event) => {
      if (this.isRanked(row)) return;
      event.preventDefault();
      this.add(row);
    });
    select(row).addEventListener("change", () => this.choose(row));
  }

  ranked() {
    return Array.from(this.list.children);
  }

  isRanked(row) {
    return row.parentElement === this.list;
  }

  /** Sort the rows as the select boxes have them. */
  read() {
    const chosen = this.rows.filter((row) => select(row).value);
    chosen.sort((one, other) => select(one).value - select(other).value);
    for (const [place, row] of chosen.entries()) {
      const before = chosen[place - 1];
      setTied(row, Boolean(this.mayBeEqual && before && select(row).value === select(before).value));
    }
    this.list.replaceChildren(...chosen);
    this.left.replaceChildren(...this.rows.filter((row) => !chosen.includes(row)));
    this.write();
  }

  /** Set the select boxes as the rows are sorted, and show the rest. */
  write() {
    let rank = 0;
    for (const row of this.ranked()) {
      if (!isTied(row)) rank += 1;
      select(row).value = rank;
      row.querySelector("[data-tie]")?.setAttribute("aria-pressed", isTied(row));
    }
    for (const row of this.left.children) select(row).value = "";
    this.root.querySelector("[data-name-left]").hidden = !this.left.children.length;
    const marked = this.ranked().map((row) => `${select(row).value} ${labelOf(row)}`);
    const left = this.rows.filter((row) => !this.isRanked(row)).map(labelOf);
    const { leftOne, leftOther } = this.root.querySelector("[data-summary]").dataset;
    showSummary(this.root, marked, left, left.length === 1 ? leftOne : leftOther);
  }

  add(row) {
    const next = row.nextElementSibling || row.previousElementSibling;
    setTied(row, false);
    this.list.append(row);
    this.write();
    this.sayRank(row);
    focus(next?.querySelector("[data-add]") || row.querySelector("[data-grip]"));
  }

  remove(row) {
    const next = row.nextElementSibling || row.previousElementSibling;
    this.leaveGroup(row);
    const later = this.rows.slice(this.rows.indexOf(row) + 1);
    this.left.insertBefore(row, later.find((one) => !this.isRanked(one)) || null);
    this.write();
    this.say(this.said.dataset.removed, { option: labelOf(row) });
    focus(next?.querySelector("[data-remove]") || row.querySelector("[data-add]"));
  }

  /** Put a ranked row at another place; between rows of one rank it gets that rank, too. */
  move(row, place) {
    this.leaveGroup(row);
    const others = this.ranked().filter((one) => one !== row);
    const next = others[place];
    setTied(row, Boolean(next && isTied(next)));
    this.list.insertBefore(row, next || null);
    this.write();
    this.sayRank(row);
    focus(row.querySelector("[data-grip]"));
  }

  /** Take a row out of its rank: if it was the first there, the next one becomes the first. */
  leaveGroup(row) {
    const next = row.nextElementSibling;
    if (next && !isTied(row)) setTied(next, false);
    setTied(row, false);
  }

  toggleTie(row) {
    setTied(row, !isTied(row));
    this.write();
    this.sayRank(row);
  }

  /** Take over a rank that was chosen in a select box. */
  choose(row) {
    const rank = Number(select(row).value);
    const box = select(row);
    if (!rank) {
      if (this.isRanked(row)) this.remove(row);
    } else if (this.mayBeEqual) {
      this.read();
      this.sayRank(row);
    } else {
      if (!this.isRanked(row)) this.list.append(row);
      this.move(row, Math.min(rank, this.ranked().length) - 1);
    }
    focus(box);
  }

  pressKey(event, row, grip) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const place = this.ranked().indexOf(row) + step;
    if (place < 0 || place >= this.ranked().length) return;
    this.move(row, place);
    grip.scrollIntoView({ block: "nearest" });
  }

  sayRank(row) {
    const values = { option: labelOf(row), rank: select(row).value, last: select(this.list.lastElementChild).value };
    this.say(this.said.dataset.moved, values);
  }

  say(sentence, values) {
    this.said.textContent = fill(sentence, values);
  }
}

const select = (row) => row.querySelector("select");
const isTied = (row) => row.classList.contains("tied");
const setTied = (row, tied) => row.classList.toggle("tied", tied);
const focus = (element) => element.focus({ preventScroll: true });

for (const root of document.querySelectorAll("[data-ranking]")) {
  // The ballot of somebody who cannot vote again is shown, and not filled in. A module runs once on a page.
  if (!root.matches(":disabled")) new Ranking(root);
}

// Keep the head of the record that this browser has seen last, and shout when a newer one does not fit it.
//
// It lies in the browser's storage, where the server cannot take it back. What cannot be checked is not called wrong.

import { Doubt, Tiles, fetchFrom, isSigned, readCheckpoint, readKey, same } from "./tlog.js";
import { grouping } from "./texts.js";

const PAUSE_MS = 10000;
// Of all pages that are open together. A check takes some five requests, 15 ms of a server's processor time.
const CHECKS_PER_S = 10;
// Where it is not known how many watch; and where the server has no seat free for more.
const SOME_WATCH = 300;
export const VERY_MANY_WATCH = 10000;
// A head comes up to two seconds after its ballots are shown.
const LAG_MS = 3000;
// Both heads are signed: they prove it. All else is looked at once more, since a server may just be coming back.
const PROVEN = ["fork", "key"];

/** Milliseconds between two checks of a page while so many watch, random, so that not all pages ask at the same moment. */
export const pause = (watching, random = Math.random()) => Math.max(PAUSE_MS, (watching / CHECKS_PER_S) * 1000) * (0.5 + random);

/** Why one signed head does not fit an older one of the same key, "" if it does; raises Doubt if that is not to be found out. */
async function compare(address, kept, found) {
  const [before, after] = [readCheckpoint(kept.note), readCheckpoint(found.note)];
  if (after.size < before.size) return "smaller";
  if (after.size === before.size) return same(before.root, after.root) ? "" : "fork";
  if (before.size === 0) return "";
  const [old, whole] = await new Tiles(address, after).roots(before.size);
  if (!same(whole, after.root)) return "tiles";
  return same(old, before.root) ? "" : "fork";
}

/** Fetch the newest head, and tell whether it fits the one that was kept, if any; raises Doubt. */
async function look(address, kept) {
  const found = { note: await (await fetchFrom(`${address}checkpoint`, { cache: "no-store" })).text(), at: Date.now() };
  const head = readCheckpoint(found.note);
  found.key = kept?.key ?? (await readKey(address));
  let signed = await isSigned(head, found.key);
  if (signed === false && kept) {
    found.key = await readKey(address);
    signed = found.key !== kept.key && (await isSigned(head, found.key));
    return { kept, found, misfit: signed ? "key" : "signature" };
  }
  if (!signed) throw new Doubt(signed === null ? "unsigned" : "forged");
  return { kept, found, misfit: kept ? await compare(address, kept, found) : "" };
}

/** Keeps the heads of the record of a page, and draws what is the matter with them. */
export class HeadKeeper {
  constructor(root) {
    this.root = root;
    this.alarm = root.querySelector("[data-heads]");
    this.address = this.alarm.dataset.heads;
    this.place = `urna head ${this.address}`;
    this.watching = SOME_WATCH;
    this.nextAt = performance.now() + Math.random() * PAUSE_MS;
    this.number = grouping(root.dataset.thousand);
    this.alarm.querySelector("[data-heads-forget]").addEventListener("click", () => this.forget());
    const stored = this.read();
    if (stored?.misfit) this.shout(stored);
  }

  /** What is stored: a head, or two that do not fit. Where storage is forbidden it lasts as long as the page. */
  read() {
    let text = null;
    try {
      text = localStorage.getItem(this.place);
    } catch {
      return this.stored;
    }
    try {
      if (text) this.stored = JSON.parse(text);
      if (!this.stored) return null;
      const { kept, found, misfit } = this.stored;
      for (const one of misfit ? [kept, found] : [this.stored]) readCheckpoint(one.note);
    } catch {
      // Somebody else wrote it.
      this.stored = null;
    }
    return this.stored;
  }

  write(stored) {
    this.stored = stored;
    try {
      localStorage.setItem(this.place, JSON.stringify(stored));
    } catch {
      // It is full or forbidden.
    }
  }

  /** Check soon, since the record may have grown. */
  want() {
    this.wantedAt = performance.now();
    if (!this.timer && !this.isOver) this.timer = setTimeout(() => this.turn(), Math.max(LAG_MS, this.nextAt - this.wantedAt));
  }

  async turn() {
    const began = performance.now();
    await this.check();
    this.timer = 0;
    this.nextAt = performance.now() + pause(this.watching);
    if (began - this.wantedAt < LAG_MS) this.want();
  }

  async check() {
    // First, so that no other tab keeps a newer head between the two.
    const kept = this.read();
    if (kept?.misfit) return this.shout(kept);
    try {
      let result = await look(this.address, kept);
      if (result.misfit && !PROVEN.includes(result.misfit)) {
        await new Promise((done) => setTimeout(done, LAG_MS));
        result = await look(this.address, kept);
      }
      if (result.misfit) this.shout(result);
      else this.keep(result.found);
    } catch (error) {
      this.isOver = error instanceof Doubt && error.verdict === "unsigned";
      this.tell(false);
    }
  }

  keep(found) {
    const now = this.read();
    if (now?.misfit) return this.shout(now);
    const size = readCheckpoint(found.note).size;
    if (!now || readCheckpoint(now.note).size <= size) this.write(found);
    this.size = size;
    this.tell(true);
  }

  /** Say in the section on the record that it was checked, or could not be. */
  tell(isChecked = this.isChecked) {
    this.isChecked = isChecked;
    const text = this.root.querySelector("[data-heads-kept]");
    if (!text || isChecked === undefined) return;
    const unchecked = this.stored ? text.dataset.headsUnchecked : "";
    text.textContent = isChecked ? text.dataset.headsKept.replace("{size}", this.number(this.size)) : unchecked;
  }

  shout(result) {
    this.isOver = true;
    this.write(result);
    for (const text of this.alarm.querySelectorAll("[data-misfit]")) text.hidden = text.dataset.misfit !== result.misfit;
    for (const one of ["kept", "found"]) {
      const { note, key, at } = result[one];
      const place = this.alarm.querySelector(`[data-head="${one}"]`);
      const link = place.querySelector("a");
      URL.revokeObjectURL(link.href);
      link.href = URL.createObjectURL(new Blob([note], { type: "text/plain" }));
      link.download = `${this.address.split("/").at(-3)}-${readCheckpoint(note).size}-${one}.checkpoint`;
      place.querySelector("time").textContent = new Date(at).toLocaleString(document.documentElement.lang);
      place.querySelector("[data-size]").textContent = this.number(readCheckpoint(note).size);
      place.querySelector("[data-key]").textContent = key.trim();
    }
    this.alarm.hidden = false;
  }

  /** Begin anew with the head of now, once somebody has taken note. */
  forget() {
    this.stored = null;
    try {
      localStorage.removeItem(this.place);
    } catch {
      // Forbidden.
    }
    this.alarm.hidden = true;
    this.isOver = false;
    this.nextAt = 0;
    this.want();
  }
}

/** Keep the heads of a page that has a place for it, where browsers hash and verify: over HTTPS, or from this device. */
export const keepHeads = (root) => (globalThis.crypto?.subtle && root.querySelector("[data-heads]") ? new HeadKeeper(root) : null);

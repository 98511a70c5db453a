// Load the working of the methods again, which only the server writes: sentences, tables and figures.

const PAUSE_MS = 4000;
const SPREAD_MS = 2000;
const RETRY_MS = 10000;

export class Working {
  /** `address` has the contests as the server writes them now. */
  constructor(root, address) {
    Object.assign(this, { root, address });
    this.timer = 0;
    this.wanted = false;
    document.addEventListener("visibilitychange", () => {
      if (this.wanted) this.want();
    });
  }

  /** Load it soon, at most once in some seconds, and only while somebody looks. */
  want(wait = 0) {
    this.wanted = true;
    if (this.timer || document.visibilityState === "hidden" || !this.root.querySelector("[data-told]")) return;
    this.timer = setTimeout(() => this.load(), wait + Math.random() * SPREAD_MS);
  }

  async load() {
    let pause = PAUSE_MS;
    this.wanted = false;
    try {
      const answer = await fetch(this.address, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      this.take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The server cannot be reached, and the page says so already.
      this.wanted = true;
      pause = RETRY_MS;
    }
    // The pause begins now: whatever comes meanwhile is loaded after it.
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (this.wanted) this.want();
    }, pause);
  }

  take(fresh) {
    for (const section of this.root.querySelectorAll("[data-contest]")) {
      const shown = section.querySelector("[data-told]");
      const told = fresh.querySelector(`[data-contest="${section.dataset.contest}"] [data-told]`);
      if (!shown || !told) continue;
      const scrolled = Array.from(shown.querySelectorAll(".scroll"), (one) => [one.scrollLeft, one === document.activeElement]);
      shown.replaceChildren(...told.childNodes);
      for (const [place, one] of shown.querySelectorAll(".scroll").entries()) {
        const [left, focused] = scrolled[place] || [0, false];
        one.scrollLeft = left;
        if (focused) one.focus({ preventScroll: true });
      }
    }
  }
}

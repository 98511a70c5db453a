// The times of an election: read back in full while they are written, in words or with the pickers.

const PAUSE_MS = 250;

const form = document.querySelector("[data-read-time]").closest("form");
const address = form.querySelector("[data-read-time]").dataset.readTime;
const zone = form.elements.time_zone;
// What the form showed when it was loaded: a time that was not edited stays that moment.
const shown = JSON.parse(form.elements.base?.value || "{}");

class Time {
  constructor(group) {
    this.group = group;
    this.name = group.dataset.time;
    this.parts = [0, 1, 2].map((part) => form.elements[`${this.name}_${part}`]);
    this.said = group.querySelector("[data-read-back]");
    this.asked = 0;
    group.addEventListener("input", () => this.readSoon());
    this.parts[2].addEventListener("change", () => this.settle());
  }

  readSoon() {
    clearTimeout(this.due);
    this.due = setTimeout(() => this.read(), PAUSE_MS);
  }

  /** Ask the server how the time is read, and say it; returns the answer, if it is to what is written now. */
  async read() {
    clearTimeout(this.due);
    const asked = ++this.asked;
    const query = new URLSearchParams({
      name: this.name,
      zone: zone.value,
      before: shown[this.name] ?? "",
      shown_in: shown.time_zone ?? zone.value,
    });
    this.parts.forEach((part, place) => query.set(place, part.value));
    // While words are written the pickers still show what was there before.
    if (this.parts[2].value) ["0", "1"].forEach((part) => query.delete(part));
    let answer;
    try {
      const response = await fetch(`${address}?${query}`);
      if (!response.ok || response.redirected) return null;
      answer = await response.json();
    } catch {
      // The network is gone for the moment; the server reads it when the form is saved.
      return null;
    }
    if (asked !== this.asked) return null;
    this.said.textContent = answer.problem ?? answer.text;
    this.said.classList.toggle("wrong", Boolean(answer.problem));
    return answer;
  }

  /** Put words that were understood into the pickers: from now on they mean this very moment. */
  async settle() {
    if (!this.parts[2].value.trim()) return;
    const answer = await this.read();
    if (!answer?.date) return;
    [this.parts[0].value, this.parts[1].value] = [answer.date, answer.time];
    this.parts[2].value = "";
  }
}

const times = [...form.querySelectorAll("[data-time]")].map((group) => new Time(group));
zone?.addEventListener("input", () => times.forEach((time) => time.readSoon()));

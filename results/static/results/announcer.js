// Tell screen readers what matters: who is ahead, a new phase, a line that is lost. Never more often than once in ten seconds.

export const PAUSE_MS = 10000;

export class Announcer {
  /** `sentences` returns what could be said now; what was said, or stood there at the beginning, is not said again. */
  constructor(place, sentences) {
    Object.assign(this, { place, sentences });
    this.said = sentences();
    this.timer = 0;
    this.spokeAt = -Infinity;
  }

  /** Something may be new: say it now, or together with what else there is when the pause is over. */
  look() {
    if (this.timer) return;
    const wait = this.spokeAt + PAUSE_MS - performance.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.speak(), wait);
    } else this.speak();
  }

  speak() {
    this.timer = 0;
    const sentences = this.sentences();
    const news = sentences.filter((sentence) => !this.said.includes(sentence));
    this.said = sentences;
    if (!news.length) return;
    this.spokeAt = performance.now();
    this.place.textContent = news.join(". ");
  }
}

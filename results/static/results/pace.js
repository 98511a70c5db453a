// Draw how many ballots were counted when: a plot, a sentence, and a table that says the same.

import { write } from "./texts.js";

const HEIGHT = 20;
const LEAST_WIDTH = 10;
const MINUTE_MS = 60000;

/** The outline of the columns; a step is one wide. */
export function outline(counted) {
  const most = Math.max(1, ...counted);
  const tops = counted.map((n, place) => `V${Math.floor(((most - n) * HEIGHT * 100) / most) / 100}H${place + 1}`);
  return `M0 ${HEIGHT}${tops.join("")}V${HEIGHT}Z`;
}

export class PaceBoard {
  /** `place` may be null; `whole` writes a number, `timeZone` is the election's. */
  constructor(place, whole, timeZone) {
    Object.assign(this, { place, whole });
    this.clock = clockFor(timeZone);
  }

  draw(pace) {
    if (!this.place) return;
    this.place.hidden = !pace;
    if (!pace) return;
    const { counted, every } = pace;
    const over = pace.goes_on ? counted.slice(0, -1) : counted;
    const sentence = this.place.querySelector("[data-pace-sentence]");
    write(sentence, sentence.dataset.paceSentence
      .replace("{every}", every)
      .replace("{last}", this.whole(over.at(-1) ?? 0))
      .replace("{most}", this.whole(Math.max(...counted))));
    const plot = this.place.querySelector("svg");
    plot.setAttribute("viewBox", `0 0 ${Math.max(LEAST_WIDTH, counted.length)} ${HEIGHT}`);
    plot.querySelector("path").setAttribute("d", outline(counted));
    this.drawTable(Date.parse(pace.first), every, counted);
  }

  drawTable(first, every, counted) {
    const body = this.place.querySelector("tbody");
    while (body.rows.length > counted.length) body.deleteRow(-1);
    while (body.rows.length < counted.length) {
      const row = body.insertRow();
      row.insertCell();
      row.insertCell();
    }
    counted.forEach((n, place) => {
      const [from, number] = body.rows[place].cells;
      write(from, this.clock(new Date(first + place * every * MINUTE_MS)));
      write(number, this.whole(n));
    });
  }
}

/** Return a function that writes a day and a time as the server does. */
function clockFor(timeZone) {
  const format = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  let clock;
  try {
    clock = new Intl.DateTimeFormat("en", { ...format, timeZone });
  } catch {
    clock = new Intl.DateTimeFormat("en", { ...format, timeZone: "UTC" });
  }
  return (moment) => {
    const part = Object.fromEntries(clock.formatToParts(moment).map(({ type, value }) => [type, value]));
    return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}`;
  };
}

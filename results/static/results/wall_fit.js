// Make what a wall shows as large as there is room for. Sizes are in hundredths of the height of the screen.

const TITLES = [5.8, 5, 4.3, 3.7, 3.2, 2.8, 2.5];
const QUESTIONS = [5, 4.2, 3.5, 3, 2.6, 2.4];
// Columns with the sizes that their options may have; what comes first is liked best.
const LAYOUTS = [
  [1, [7, 6, 5.2, 4.5, 3.9, 3.4]],
  [2, [5.2, 4.5, 3.9, 3.4, 3, 2.7]],
  [3, [3.4, 3, 2.7]],
];
// The last resort, in which some are folded away.
const SMALLEST = [
  [1, 2.7],
  [2, 2.7],
  [1, 2.3],
];
// Side by side each panel shows as many options at least, the number of the others among them.
const LEAST = 3;
const CONTESTS_IN_A_ROW = 4;

const set = (element, name, value) => element.style.setProperty(name, String(value));

/** Give a text the largest size at which it takes no more than this part of the screen's height. */
export function fitText(element, part, sizes) {
  for (const size of sizes) {
    set(element, "--size", size);
    if (element.offsetHeight <= part * innerHeight && element.scrollWidth <= element.clientWidth) return;
  }
}

export const fitTitle = (element) => fitText(element, 0.13, TITLES);

export const fitReason = (element) => fitText(element, 0.6, [4.5, 3.8, 3.2, 2.7, 2.3, 2.1]);

const runnersOf = (panel) => Array.from(panel.querySelectorAll(".runner"));

const isWide = (box) => box.scrollWidth > box.clientWidth + 1;

/** Return the height that an element needs, its border included. */
const heightOf = (box) => box.scrollHeight + box.offsetHeight - box.clientHeight;

/** Return how many options have room in a panel, at this size and in so many columns. */
function capacity(panel, columns, size) {
  const race = panel.querySelector(".race");
  set(race, "--size", size);
  set(race, "--columns", columns);
  const runners = runnersOf(panel);
  if (runners.some(isWide)) return 0;
  const highest = Math.max(...runners.map(heightOf));
  const gap = parseFloat(getComputedStyle(race).rowGap) || 0;
  return columns * Math.floor((race.clientHeight + gap) / (highest + gap));
}

/** Show the first options of a panel, as many as there is room for, in columns from top to bottom. */
function place(panel, columns, size, room) {
  const race = panel.querySelector(".race");
  const all = runnersOf(panel).length;
  const shown = room >= all ? all : Math.max(1, room - 1);
  set(race, "--size", size);
  set(race, "--columns", columns);
  set(race, "--rows", Math.ceil((shown + (shown < all)) / columns));
  panel.most = shown;
  race.classList.add("placed");
}

/** Prepare a panel for measuring: all its options are there, in one row each, under a title that is not too large. */
function prepare(panel, isOne) {
  const race = panel.querySelector(".race");
  race.classList.remove("placed");
  for (const runner of runnersOf(panel)) runner.hidden = false;
  panel.querySelector("[data-folded]").hidden = true;
  const title = panel.querySelector("h2");
  if (title) fitText(title, isOne ? 0.14 : 0.08, isOne ? QUESTIONS : QUESTIONS.slice(2));
}

/** Lay a panel out: the most beautiful way in which all have room, or else as many as there is room for. */
function fitPanel(panel, isOne) {
  prepare(panel, isOne);
  const all = runnersOf(panel).length;
  for (const [columns, sizes] of isOne ? LAYOUTS : [[1, [3.4, 3, 2.7, 2.4]]]) {
    for (const size of sizes) {
      const room = capacity(panel, columns, size);
      if (room >= all) return place(panel, columns, size, room);
    }
  }
  const ways = (isOne ? SMALLEST : SMALLEST.slice(2)).map(([columns, size]) => [columns, size, capacity(panel, columns, size)]);
  const best = ways.reduce((one, other) => (other[2] > one[2] ? other : one));
  return place(panel, ...best);
}

/** Show these panels and no others, in rows of so many. */
function show(panels, all, across) {
  for (const panel of all) panel.hidden = !panels.includes(panel);
  set(all[0].parentElement, "--across", across);
}

/** Return how many contests have room beside each other, and in how many columns; one alone always has. */
export function findRoom(panels) {
  for (let many = panels.length; many > 1; many -= 1) {
    for (let across = 1; across <= Math.min(many, CONTESTS_IN_A_ROW); across += 1) {
      show(panels.slice(0, many), panels, across);
      const isBroad = panels[0].clientWidth >= 0.35 * innerHeight;
      if (isBroad && panels.slice(0, many).every(hasRoom)) return { many, across };
    }
  }
  return { many: 1, across: 1 };
}

function hasRoom(panel) {
  prepare(panel, false);
  return capacity(panel, 1, 2.3) >= Math.min(LEAST, runnersOf(panel).length);
}

/** Show these panels, each as large as there is room for. */
export function fitPanels(panels, all, across) {
  show(panels, all, across);
  for (const panel of panels) fitPanel(panel, panels.length === 1);
}

/** Tell whether something of a panel is cut off, since a number has grown or an option has moved up. */
export function isCut(panel) {
  const overflows = (box) => box.scrollHeight > box.clientHeight + 1 || isWide(box);
  return runnersOf(panel).some((runner) => !runner.hidden && overflows(runner));
}

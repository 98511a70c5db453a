// The wall: the server's page, then the socket, for as long as the screen is on.

import { Link } from "./link.js";
import { Renewal, outdates } from "./renewal.js";
import { ServerClock } from "./server_clock.js";
import { keepAwake } from "./wake_lock.js";
import { WallBoard } from "./wall_board.js";

const TICK_MS = 200;
// Timers stand still while a laptop sleeps.
const SLEPT_MS = 5000;
const PARTS = ["[data-reason]", "[data-times]", "[data-contests]"];

const root = document.querySelector(".wall");
const read = (name) => JSON.parse(document.getElementById(name).textContent);
const snapshot = read("snapshot");
const clock = new ServerClock();
clock.hear(snapshot.as_of, snapshot.age);
const board = new WallBoard(root, read("words"), clock);
const renewal = new Renewal(root, () => {
  board.findPanels();
  board.draw(link.shown);
}, PARTS);

const address = new URL(root.dataset.socket, location.href);
address.protocol = address.protocol.replace("http", "ws");
const link = new Link({
  socketUrl: address.href,
  jsonUrl: root.dataset.json,
  shown: snapshot,
  onSnapshot: (newer, before) => {
    clock.hear(newer.as_of, newer.age);
    if (outdates(newer, before)) renewal.want();
    board.draw(newer);
  },
  onHeard: (message) => message?.as_of && clock.hear(message.as_of, message.age),
});

let tickedAt = Date.now();

function tick() {
  if (Date.now() - tickedAt > SLEPT_MS) link.hurry();
  tickedAt = Date.now();
  const { age, stale } = link.status();
  board.drawAge(age, stale);
  board.tick();
}

// Bars that grow need each frame of the screen, and the rest a few in a second.
function animate() {
  if (board.isRevealing) board.tick();
  requestAnimationFrame(animate);
}

board.draw(snapshot);
link.startWithPage();
keepAwake();
setInterval(tick, TICK_MS);
requestAnimationFrame(animate);

window.addEventListener("resize", () => board.refit());

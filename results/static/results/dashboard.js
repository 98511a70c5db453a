// The live dashboard: the server's page, then the socket.

import { Board } from "./board.js";
import { Age, confirms, isHeartbeat, isNewer } from "./frames.js";
import { Link } from "./link.js";
import { offerFullScreen } from "./full_screen.js";
import { movesTimes, renewTimes } from "./times.js";

const STALE_S = 5;
const SPEAK_MS = 15000;

const root = document.querySelector(".board");
const board = new Board(root);
const age = new Age(performance.now());
let shown = JSON.parse(document.getElementById("snapshot").textContent);

function take(message) {
  if (isHeartbeat(message)) {
    if (!confirms(message, shown)) return;
    shown.as_of = message.as_of;
    age.set(performance.now(), message.age);
  } else {
    if (!isNewer(message, shown)) return;
    if (movesTimes(message, shown)) renewTimes(board.find("times"));
    shown = message;
    age.set(performance.now());
    board.draw(shown);
  }
  board.drawTime(shown.as_of);
  showAge();
}

function showAge() {
  const seconds = age.seconds(performance.now());
  board.drawAge(seconds, seconds > STALE_S);
}

let said = board.summary();

// A voice that reads every vote would never stop: it hears the state of things four times a minute at most.
function speak() {
  const summary = board.summary();
  if (summary === said) return;
  said = summary;
  board.find("spoken").textContent = summary;
}

const address = new URL(root.dataset.socket, location.href);
address.protocol = address.protocol.replace("http", "ws");
const link = new Link({
  socketUrl: address.href,
  jsonUrl: root.dataset.json,
  onMessage: take,
  onState: (state) => board.drawLink(state),
});

board.draw(shown);
board.drawTime(shown.as_of);
link.start();
setInterval(showAge, 1000);
setInterval(speak, SPEAK_MS);
offerFullScreen(board.find("full-screen"));

window.addEventListener("online", () => link.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") link.hurry();
});
// A page in the back-forward cache must not hold a line, and takes a new one when it comes back.
window.addEventListener("pagehide", () => link.stop());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) link.start();
});

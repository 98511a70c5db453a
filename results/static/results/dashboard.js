// The live dashboard: the server's page, then the socket.

import { Board } from "./board.js";
import { Age, confirms, isHeartbeat, isNewer } from "./frames.js";
import { Link } from "./link.js";
import { offerFullScreen } from "./full_screen.js";
import { Renewal, outdates } from "./renewal.js";
import { Working } from "./working.js";

const STALE_S = 5;
const SPEAK_MS = 15000;

const root = document.querySelector(".board");
const read = (name) => JSON.parse(document.getElementById(name).textContent);
const board = new Board(root, read("words"));
const age = new Age(performance.now());
let shown = read("snapshot");
const renewal = new Renewal(root, () => {
  board.findContests();
  board.draw(shown);
});

const working = new Working(root, root.dataset.workingPage);

function take(message) {
  if (isHeartbeat(message)) {
    if (!confirms(message, shown)) return;
    shown.as_of = message.as_of;
    age.set(performance.now(), message.age);
  } else {
    if (!isNewer(message, shown)) return;
    if (outdates(message, shown)) renewal.want();
    if (message.version !== shown.version || message.final !== shown.final) working.want();
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

let said = board.sentences();

// A screen reader that reads every vote would never stop: it gets what is new at most four times a minute.
function speak() {
  const sentences = board.sentences();
  const news = sentences.filter((sentence) => !said.includes(sentence));
  said = sentences;
  if (news.length) board.find("spoken").textContent = news.join(". ");
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
// A page in the back-forward cache must not keep a connection; it opens a new one when it comes back.
window.addEventListener("pagehide", () => link.stop());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) link.start();
});

// The live dashboard: the server's page, then what its link to the server brings.

import { Announcer } from "./announcer.js";
import { Board } from "./board.js";
import { offerFullScreen } from "./full_screen.js";
import { VERY_MANY_WATCH, keepHeads } from "./heads.js";
import { Link } from "./link.js";
import { Renewal, outdates } from "./renewal.js";
import { Working } from "./working.js";

const root = document.querySelector(".board");
const read = (name) => JSON.parse(document.getElementById(name).textContent);
const board = new Board(root, read("words"));
const renewal = new Renewal(root, () => {
  board.findContests();
  board.draw(link.shown);
  heads?.tell();
});
const heads = keepHeads(root);
const working = new Working(root, root.dataset.workingPage);

const address = new URL(root.dataset.socket, location.href);
address.protocol = address.protocol.replace("http", "ws");
const link = new Link({
  socketUrl: address.href,
  jsonUrl: root.dataset.json,
  shown: read("snapshot"),
  onSnapshot: (snapshot, before) => {
    if (outdates(snapshot, before)) renewal.want();
    if (snapshot.version !== before.version || snapshot.final !== before.final) working.want();
    heads?.want();
    board.draw(snapshot);
    tick();
  },
  onHeard: (heartbeat) => {
    board.drawWatching(heartbeat.watching);
    if (heads && heartbeat.watching) heads.watching = heartbeat.watching;
    tick();
  },
  onState: (state) => {
    if (heads && state === "crowded") heads.watching = VERY_MANY_WATCH;
    tick();
  },
});

board.draw(link.shown);
board.drawLink(link.status());
// This page at least; the place is taken before the server tells of others, and nothing shifts then.
board.drawWatching(1);
const announcer = new Announcer(board.find("spoken"), () => board.sentences());

function tick() {
  board.drawTime(link.shown.as_of);
  board.drawLeft(link.shown.closes_at, link.serverTime());
  board.drawLink(link.status());
}

link.startWithPage();
heads?.want();
setInterval(() => {
  tick();
  // Not at each frame: to read what the page shows makes a browser lay it out.
  announcer.look();
}, 1000);
offerFullScreen(board.find("full-screen"));

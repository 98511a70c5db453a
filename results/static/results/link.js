// Keep a connection to the server: a socket while it is open, and requests every few seconds while it is not.

import { backoff } from "./frames.js";

const SILENCE_MS = 6000;
const SUSPICIOUS_MS = 3000;
const ASK_MS = 3000;
const ASK_SPREAD_MS = 2000;
const ANSWER_MS = 4000;
// The server's code for "no seat is free": pages then send requests, and try to get a seat, less often.
const CROWDED_CODE = 1013;
const CROWDED_ASK_MS = 8000;
const CROWDED_RETRY_MS = 60000;

/** Follow an election; `onMessage` gets each parsed message, `onState` connecting, live, asking, crowded or lost. */
export class Link {
  constructor({ socketUrl, jsonUrl, onMessage, onState }) {
    Object.assign(this, { socketUrl, jsonUrl, onMessage, onState });
    this.state = "";
    this.socket = null;
    this.attempt = 0;
    this.heardAt = 0;
    this.crowded = false;
  }

  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }

  start() {
    this.become("connecting");
    this.open();
  }

  stop() {
    this.hangUp();
    clearTimeout(this.retryTimer);
    clearTimeout(this.askTimer);
    this.askTimer = 0;
  }

  /** Try again now, unless the socket has had a message very recently. */
  hurry() {
    if (this.socket && performance.now() - this.heardAt < SUSPICIOUS_MS) return;
    this.attempt = 0;
    this.stop();
    this.askLater(0);
    this.open();
  }

  open() {
    this.heardAt = performance.now();
    try {
      this.socket = new WebSocket(this.socketUrl);
    } catch {
      this.lose(); // WebSockets are missing or not allowed here: requests replace them.
      return;
    }
    this.socket.onmessage = (event) => this.hear(event.data);
    this.socket.onclose = (event) => this.lose(event?.code === CROWDED_CODE);
    this.watch();
  }

  hear(text) {
    this.heardAt = performance.now();
    // Only after a message: if a server accepts and closes at once, the next attempt must wait longer.
    this.attempt = 0;
    this.crowded = false;
    clearTimeout(this.askTimer);
    this.askTimer = 0;
    this.watch();
    this.become("live");
    this.onMessage(JSON.parse(text));
  }

  watch() {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.lose(), SILENCE_MS);
  }

  hangUp() {
    clearTimeout(this.silenceTimer);
    if (!this.socket) return;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  lose(crowded = false) {
    this.hangUp();
    this.crowded = crowded;
    if (crowded) this.become("crowded");
    else if (this.state !== "asking") this.become("lost");
    clearTimeout(this.retryTimer);
    const pause = crowded ? CROWDED_RETRY_MS * (0.5 + Math.random()) : backoff(this.attempt);
    this.retryTimer = setTimeout(() => this.open(), pause);
    this.attempt += 1;
    if (!this.askTimer) this.askLater(Math.random() * ASK_MS);
  }

  askLater(ms = (this.crowded ? CROWDED_ASK_MS : ASK_MS) + Math.random() * ASK_SPREAD_MS) {
    clearTimeout(this.askTimer);
    this.askTimer = setTimeout(() => this.ask(), ms);
  }

  async ask() {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ANSWER_MS);
    const asked = this.askTimer;
    let state = "lost";
    try {
      const response = await fetch(this.jsonUrl, { cache: "no-store", signal: controller.signal });
      if (response.ok) {
        this.onMessage(await response.json());
        state = this.crowded ? "crowded" : "asking";
      }
    } catch {
      // The state is shown as lost; the next request comes anyway.
    } finally {
      clearTimeout(timer);
    }
    // Meanwhile the socket may have come back, or `hurry` may have started another round.
    if (this.askTimer !== asked) return;
    this.become(state);
    this.askLater();
  }
}

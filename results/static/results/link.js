// Follow an election: a socket while it is open, requests while it is not, and never an older version than the one shown.
//
// All rules of what a page may show, and how old that is, are here. Times of two clocks are never compared: ages come
// from the server in seconds, and go on by this device's monotonic clock.

import { CHANGES, merge } from "./changes.js";

const SILENCE_MS = 6000;
const SUSPICIOUS_MS = 3000;
const ASK_MS = 3000;
const ASK_SPREAD_MS = 2000;
const ANSWER_MS = 4000;
const CATCH_UP_MS = 1000;
// The server's code for "no seat is free": pages then send requests, and try to get a seat, less often.
const CROWDED_CODE = 1013;
const CROWDED_ASK_MS = 8000;
const CROWDED_RETRY_MS = 60000;
// Data of this age is called old. The server tells it every two seconds.
const STALE_S = 5;

/** Tell whether a snapshot replaces the one shown. Times are ISO texts of one fixed form, so that text order is time order. */
export const isNewer = (snapshot, shown) => snapshot.version >= shown.version && snapshot.as_of > shown.as_of;

/** Tell whether a heartbeat says that the shown snapshot was read again and has not changed. */
export const confirms = (heartbeat, shown) => heartbeat.version === shown.version && heartbeat.as_of >= shown.as_of;

/** Tell whether a heartbeat is of a later frame than the one shown, which was lost on its way. Frames follow each other by 100 ms at least. */
export const isAhead = (heartbeat, shown) =>
  heartbeat.version > shown.version || Date.parse(heartbeat.as_of) - heartbeat.since * 1000 > Date.parse(shown.as_of) + 50;

/** Milliseconds before the next attempt to connect: half a second, doubled up to ten, and random, so that many pages do not connect at once. */
export const backoff = (attempt, random = Math.random()) => Math.min(10000, 500 * 2 ** attempt) * (0.5 + random / 2);

/**
 * Follow an election from the snapshot that the page has.
 *
 * `onSnapshot` gets each newer snapshot and the one before it; `onHeard` each heartbeat, and is told when the age of what
 * is shown begins anew; `onState` gets connecting, live, asking, crowded or lost.
 */
export class Link {
  constructor({ socketUrl, jsonUrl, shown, onSnapshot, onHeard = () => {}, onState = () => {} }) {
    Object.assign(this, { socketUrl, jsonUrl, shown, onSnapshot, onHeard, onState });
    this.state = "";
    this.socket = null;
    this.attempt = 0;
    this.heardAt = 0;
    this.tookAt(shown);
    this.crowded = false;
  }

  /** What to say of the line: its state, the age of the data in seconds, and those until it tries again, or between two requests. */
  status() {
    const now = performance.now();
    const age = Math.max(0, Math.floor((now - this.readAt) / 1000));
    const next = Math.min(this.retryAt ?? Infinity, this.askAt ?? Infinity);
    const wait = this.state === "lost" ? (next - now) / 1000 : this.pause / 1000;
    return { state: this.state, age, stale: age > STALE_S, wait: Number.isFinite(wait) ? Math.max(0, Math.ceil(wait)) : 0 };
  }

  /** The server's time now in milliseconds, as far as it is known. */
  serverTime() {
    return Date.parse(this.shown.as_of) + performance.now() - this.readAt;
  }

  start() {
    this.become("connecting");
    this.open();
  }

  /** Start, and go with the page: it may sleep, lose its network, or be left and come back. */
  startWithPage() {
    this.start();
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.hurry();
    });
    // A page in the back-forward cache must not keep a connection; it opens a new one when it comes back.
    window.addEventListener("pagehide", () => this.stop());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.start();
    });
  }

  stop() {
    this.hangUp();
    clearTimeout(this.retryTimer);
    clearTimeout(this.askTimer);
    this.askTimer = 0;
    this.retryAt = this.askAt = null;
  }

  /** Try again now, unless the socket has had a message very recently. */
  hurry() {
    if (this.socket && performance.now() - this.heardAt < SUSPICIOUS_MS) return;
    this.attempt = 0;
    this.stop();
    this.askLater(0);
    this.open();
  }

  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }

  /** Let the age of what is shown begin: only what comes from a copy of the database brings one. */
  tookAt(snapshot) {
    this.readAt = performance.now() - (snapshot.age ?? 0) * 1000;
  }

  take(message) {
    if (message.type === "heartbeat") {
      if (isAhead(message, this.shown)) {
        this.catchUp();
      } else if (confirms(message, this.shown)) {
        this.shown.as_of = message.as_of;
        this.readAt = performance.now() - message.age * 1000;
      }
      this.onHeard(message);
    } else if (isNewer(message, this.shown)) {
      const before = this.shown;
      this.shown = message;
      this.tookAt(message);
      this.onSnapshot(message, before);
    }
  }

  open(protocols = [CHANGES]) {
    this.retryAt = null;
    this.heardAt = performance.now();
    this.base = null;
    let isRefused = protocols.length > 0;
    try {
      this.socket = new WebSocket(this.socketUrl, protocols);
    } catch {
      this.lose(); // WebSockets are missing or not allowed here: requests replace them.
      return;
    }
    this.socket.onopen = () => { isRefused = false; };
    this.socket.onmessage = (event) => this.hear(event.data);
    this.socket.onclose = (event) => {
      // A server of an older release knows no sub-protocol, and browsers fail a socket whose sub-protocol is not answered.
      if (isRefused) this.open([]);
      else this.lose(event?.code === CROWDED_CODE);
    };
    this.watch();
  }

  hear(text) {
    this.heardAt = performance.now();
    // Only after a message: if a server accepts and closes at once, the next attempt must wait longer.
    this.attempt = 0;
    this.crowded = false;
    clearTimeout(this.askTimer);
    this.askTimer = 0;
    this.askAt = null;
    this.watch();
    this.become("live");
    const message = JSON.parse(text);
    if (message.type === "heartbeat") this.take(message);
    else this.follow(message);
  }

  /** Take a snapshot of the socket, or what has changed since the one before it. */
  follow(message) {
    if (message.type !== "change") {
      this.base = message;
    } else if (message.base === this.base?.frame) {
      this.base = merge(this.base, message.change);
    } else {
      // One was lost on its way. The server sends a whole snapshot every ten seconds while something changes.
      if (this.base) this.catchUp();
      this.base = null;
      return;
    }
    this.take(this.base);
  }

  /** Give a socket up that says nothing: a proxy may hold back its frames, or the network be gone. */
  watch() {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.lose(), SILENCE_MS);
  }

  hangUp() {
    clearTimeout(this.silenceTimer);
    if (!this.socket) return;
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  lose(crowded = false) {
    this.hangUp();
    this.crowded = crowded;
    clearTimeout(this.retryTimer);
    const pause = crowded ? CROWDED_RETRY_MS * (0.5 + Math.random()) : backoff(this.attempt);
    this.retryAt = performance.now() + pause;
    this.retryTimer = setTimeout(() => this.open(), pause);
    this.attempt += 1;
    if (!this.askTimer) this.askLater(Math.random() * ASK_MS);
    if (crowded) this.become("crowded");
    else if (this.state !== "asking") this.become("lost");
  }

  get pause() {
    return (this.crowded ? CROWDED_ASK_MS : ASK_MS) + ASK_SPREAD_MS / 2;
  }

  askLater(ms = this.pause + (Math.random() - 0.5) * ASK_SPREAD_MS) {
    clearTimeout(this.askTimer);
    this.askAt = performance.now() + ms;
    this.askTimer = setTimeout(() => this.ask(), ms);
  }

  async ask() {
    const asked = this.askTimer;
    const answered = await this.read();
    // Meanwhile the socket may have come back, or `hurry` may have started another round.
    if (this.askTimer !== asked) return;
    this.askLater();
    if (!answered) this.become("lost");
    else this.become(this.crowded ? "crowded" : "asking");
  }

  /** Ask once for a frame that was missed, beside a socket that speaks. */
  catchUp() {
    if (this.isCatchingUp) return;
    this.isCatchingUp = true;
    setTimeout(async () => {
      await this.read();
      this.isCatchingUp = false;
    }, Math.random() * CATCH_UP_MS);
  }

  /** Take the newest snapshot by a request; tell whether an answer came. Its absence is no error: the next request comes anyway. */
  async read() {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ANSWER_MS);
    try {
      const response = await fetch(this.jsonUrl, { cache: "no-store", signal: controller.signal });
      if (!response.ok) return false;
      this.take(await response.json());
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}

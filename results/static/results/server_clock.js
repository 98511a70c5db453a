/** The server's clock as its messages tell it, whatever the clock of this device says. */
export class ServerClock {
  constructor() {
    this.ahead = -Infinity;
  }

  /** Hear that it was `asOf`, an ISO text, so many seconds before the message was sent. */
  hear(asOf, age = 0, at = performance.now()) {
    // The message that was fastest on its way tells best. One after a sleep, in which `performance` may stand still, too.
    this.ahead = Math.max(this.ahead, Date.parse(asOf) + age * 1000 - at);
  }

  /** Milliseconds since 1970, by the server. */
  now(at = performance.now()) {
    return at + this.ahead;
  }
}

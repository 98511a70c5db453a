/** Keep the screen awake while the page is seen, where the browser can do that: over TLS, or on this very machine. */
export function keepAwake() {
  if (!navigator.wakeLock) return;
  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      await navigator.wakeLock.request("screen");
    } catch {
      // Not allowed now, as with an empty battery. The next time that the page is seen, it asks again.
    }
  };
  // The browser takes the lock back whenever the page is hidden.
  document.addEventListener("visibilitychange", ask);
  ask();
}

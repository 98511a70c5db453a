// Let a web worker solve the ballot's challenge while the voter reads and chooses.

const proof = document.querySelector("[data-proof]");
const form = proof?.closest("form");

if (form) {
  const field = form.elements.namedItem("proof");
  const challenge = JSON.parse(document.getElementById("challenge").textContent);
  const worker = new Worker(proof.dataset.worker);
  const bar = proof.querySelector("progress");
  let wanted = null;

  /** Show one of the texts; a screen reader reads this text, and not each percent. */
  function become(state) {
    bar.hidden = state === "failed";
    if (state === "done") bar.value = 1;
    for (const text of proof.querySelectorAll("[data-when-proof]")) text.hidden = text.dataset.whenProof !== state;
  }

  worker.onmessage = ({ data: { number, share, failed } }) => {
    if (number !== undefined) {
      const { algorithm, challenge: hash, salt, signature } = challenge;
      field.value = btoa(JSON.stringify({ algorithm, challenge: hash, number, salt, signature }));
      become("done");
      worker.terminate();
      if (wanted) form.requestSubmit(wanted.submitter);
    } else if (failed) {
      become("failed");
    } else {
      bar.value = share;
    }
  };
  worker.onerror = () => become("failed");
  worker.postMessage(challenge);
  become("working");

  // Called before the other scripts' listeners. A press that comes too early is kept, and sent later.
  form.addEventListener(
    "submit",
    (event) => {
      if (field.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      wanted = { submitter: event.submitter };
      become("awaited");
    },
    { capture: true },
  );
}

// Texts to copy: each stands in a figure with its button.

for (const button of document.querySelectorAll("[data-copy]")) {
  const address = button.closest("figure").querySelector("[data-address]");
  address.addEventListener("focus", () => address.select());
  // Browsers offer it only to pages that came by TLS, or from this very machine.
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(address.value);
    button.textContent = button.dataset.done;
  });
}

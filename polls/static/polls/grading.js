// Say below the scores, or grades, of a contest what is marked so far.

import { labelOf, showSummary } from "./summary.js";

function show(root) {
  const marked = [];
  const left = [];
  for (const row of root.querySelectorAll("[data-option]")) {
    const word = row.querySelector("input:checked")?.parentElement.querySelector("[data-word]");
    if (word) marked.push(`${labelOf(row)}: ${word.textContent}`);
    else left.push(labelOf(row));
  }
  showSummary(root, marked, left, root.querySelector("[data-summary]").dataset.left);
}

for (const root of document.querySelectorAll("[data-grading]")) {
  root.addEventListener("change", () => show(root));
  show(root);
}

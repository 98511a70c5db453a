// Write in words what is marked on a contest, as the server writes it on a form that comes back.

/** Return the label of a row of a form. */
export const labelOf = (row) => row.querySelector("[data-label]").textContent;

/** Show a summary: texts of what is marked, and a sentence with the labels of what is left out. */
export function showSummary(root, marked, left, sentence) {
  const place = root.querySelector("[data-summary]");
  place.parentElement.hidden = !marked.length;
  const rest = left.length ? `; ${fill(sentence, { options: left.join(", ") })}` : "";
  place.textContent = `${marked.join(", ")}${rest}.`;
}

/** Put values into a sentence with places like {option}. */
export const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_place, name) => values[name]);

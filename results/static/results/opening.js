// Open the entry of a voter's own ballot, where an election lets voters check theirs: docs/record.md has the format.

import { checkLeaf } from "./receipt.js";
import { Doubt, decode, hashLeaf, readKey, sha256 } from "./tlog.js";

const SALT_BYTES = 32;
const LABELLED = /([,>=]|:-?\d+)/;
const MARKS = { ",": ", ", "=": " = ", ">": " > " };

/** Read what came behind the # of the address: salt, weight and marking. */
export function readOpening(fragment) {
  const base64 = /^#open-([\w-]+)$/.exec(fragment)?.[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = decode(base64 ?? "?");
  const text = new TextDecoder().decode(bytes.slice(SALT_BYTES));
  const [, weight, marking] = /^([1-9]\d*)\n([^]*)$/.exec(text) ?? [];
  if (!weight) throw new Doubt("unreadable");
  return { salt: bytes.slice(0, SALT_BYTES), weight: Number(weight), marking };
}

/** The entry that an opening opens, as record/entry.py writes it. */
async function writeEntry({ election, design }, { salt, weight, marking }) {
  const commitment = await sha256(salt, `${election}\n${design}\n${weight}\n${marking}`);
  const base64 = btoa(String.fromCharCode(...commitment));
  return new TextEncoder().encode(`urna-entry/1\n${election}\n${design}\n${base64}\n`);
}

/** Check that an opening opens the entry at a place in the record; tell whether the record's signature is checked. */
export async function checkOpening(address, place, of, opening) {
  const leaf = await hashLeaf(await writeEntry(of, opening));
  try {
    const { verdict } = await checkLeaf(address, await readKey(address), leaf, place);
    return verdict === "good";
  } catch (error) {
    if (error instanceof Doubt && error.verdict === "missing") throw new Doubt("closed");
    throw error;
  }
}

/** The parts of a marking, each as the title of its contest and what is marked there, in the words of the paper. */
export function readMarking(marking, labels, blank) {
  return marking.split(";").map((part) => {
    const at = part.indexOf("=");
    const contest = labels[part.slice(0, at)] ?? { title: part.slice(0, at), options: {}, grades: {} };
    const words = part.slice(at + 1).split(LABELLED).map((word) => {
      if (word.startsWith(":")) return `: ${contest.grades[word.slice(1)] ?? word.slice(1)}`;
      return MARKS[word] ?? contest.options[word] ?? word;
    });
    return { title: contest.title, marked: words.join("") || blank };
  });
}

function show(root, verdict, opening, isSigned) {
  for (const text of root.querySelectorAll("[data-opens]")) text.hidden = text.dataset.opens !== verdict;
  if (!opening) return;
  root.querySelector("[data-unsigned]").hidden = isSigned;
  const list = root.querySelector("[data-marking]");
  const labels = JSON.parse(root.querySelector("#labels").textContent);
  const parts = readMarking(opening.marking, labels, list.dataset.blank).flatMap(({ title, marked }) => [
    ["dt", title],
    ["dd", marked],
  ]);
  list.replaceChildren(
    ...parts.map(([name, text]) => {
      const element = document.createElement(name);
      element.dir = "auto";
      element.textContent = text;
      return element;
    }),
  );
  const weight = root.querySelector("[data-weight]");
  weight.hidden = opening.weight === 1;
  weight.textContent = weight.dataset.weight.replace("{weight}", opening.weight);
}

async function checkAddress(root) {
  root.hidden = !location.hash.startsWith("#open-");
  if (root.hidden) return;
  show(root, "busy");
  try {
    const opening = readOpening(location.hash);
    const address = document.querySelector("[data-record]").dataset.record;
    const isSigned = await checkOpening(address, Number(root.dataset.opening), root.dataset, opening);
    show(root, "opened", opening, isSigned);
  } catch (error) {
    show(root, error instanceof Doubt ? error.verdict : "unreachable");
  }
}

// A link to the same page would lose what stands behind the #.
for (const link of document.querySelectorAll("[data-again]")) link.hash = location.hash;
const root = document.querySelector("[data-opening]");
if (root && globalThis.crypto?.subtle) {
  window.addEventListener("hashchange", () => checkAddress(root));
  checkAddress(root);
}

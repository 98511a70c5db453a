// Check a receipt, a C2SP tlog-proof: that an entry is in the tree whose head the record's key has signed.

import {
  Doubt, HASH_BYTES, Tiles, WIDTH, decode, fetchFrom, hashLeaf, isSigned, readCheckpoint, readKey, rootOf, same,
} from "./tlog.js";

/** Read a kept receipt; its entry is what an application may add to a proof. */
export function readProof(text) {
  const [head, ...rest] = text.split("\n\n");
  const [header, ...lines] = head.split("\n");
  if (header !== "c2sp.org/tlog-proof@v1" || !rest.length) throw new Doubt("unreadable");
  const extra = lines[0]?.startsWith("extra ") ? decode(lines.shift().slice(6)) : null;
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? "");
  if (!index || !extra) throw new Doubt("unreadable");
  return { index: Number(index[1]), entry: extra, proof: lines.map(decode), checkpoint: readCheckpoint(rest.join("\n\n")) };
}

/** Check that a leaf has its place in the newest tree; return the verdict, and the tree's size. */
export async function checkLeaf(address, key, leaf, index) {
  const head = readCheckpoint(await (await fetchFrom(`${address}checkpoint`)).text());
  const signed = await isSigned(head, key);
  if (signed === false) throw new Doubt("forged");
  if (index >= head.size) throw new Doubt("missing");
  const tiles = new Tiles(address, head);
  const at = index % WIDTH;
  const row = await tiles.read(0, Math.floor(index / WIDTH));
  if (!same(row.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES), leaf)) throw new Doubt("missing");
  if (!same(await rootOf(leaf, index, head.size, await tiles.prove(index)), head.root)) throw new Doubt("forged");
  return { verdict: signed ? "good" : "unsigned", index, size: head.size };
}

/** Check a kept receipt, first by itself and then in the record at an address; `ended` are origins that it had before. */
export async function checkProof(address, text, ended = []) {
  const kept = readProof(text);
  const leaf = await hashLeaf(kept.entry);
  if (!same(await rootOf(leaf, kept.index, kept.checkpoint.size, kept.proof), kept.checkpoint.root)) throw new Doubt("unreadable");
  const key = await readKey(address);
  if (ended.includes(kept.checkpoint.origin)) throw new Doubt("ended");
  if (!key.startsWith(`${kept.checkpoint.origin}+`)) throw new Doubt("other");
  if ((await isSigned(kept.checkpoint, key)) === false) throw new Doubt("forged");
  return checkLeaf(address, key, leaf, kept.index);
}

/** Check what a QR code has of a receipt: index and hash. */
export async function checkLink(address, fragment) {
  const parts = /^(0|[1-9]\d{0,15})-([0-9a-f]{64})$/.exec(fragment);
  if (!parts) throw new Doubt("unreadable");
  const leaf = Uint8Array.from(parts[2].match(/../g), (byte) => Number.parseInt(byte, 16));
  return checkLeaf(address, await readKey(address), leaf, Number(parts[1]));
}

/** Show what a check found, in the words of the page. */
function show(root, { verdict, index, size }) {
  for (const text of root.querySelectorAll("[data-verdict]")) text.hidden = text.dataset.verdict !== verdict;
  const says = root.querySelector(`[data-verdict="${verdict}"] [data-says]`);
  if (says) says.textContent = says.dataset.says.replace("{index}", index).replace("{size}", size);
}

async function checkAndShow(root, check) {
  show(root, { verdict: "busy" });
  try {
    show(root, await check());
  } catch (error) {
    show(root, { verdict: error instanceof Doubt ? error.verdict : "unreachable" });
  }
}

const page = document.querySelector("[data-record]");
// Browsers hash and verify on pages that came over HTTPS or from this device alone.
if (page && globalThis.crypto?.subtle) {
  const address = page.dataset.record;
  const ended = (page.dataset.ended ?? "").split(" ");
  const root = page.querySelector("[data-check]");
  const file = root.querySelector("[data-file]");
  const checkFragment = () => {
    // What opens an entry is read by opening.js.
    if (location.hash.length > 1 && !location.hash.startsWith("#open-")) checkAndShow(root, () => checkLink(address, location.hash.slice(1)));
  };
  root.querySelector("[data-without-script]").hidden = true;
  root.querySelector("[data-with-script]").hidden = false;
  // So that the same file can be chosen again.
  file.addEventListener("click", () => (file.value = ""));
  file.addEventListener("change", () => {
    if (file.files[0]) checkAndShow(root, async () => checkProof(address, await file.files[0].text(), ended));
  });
  window.addEventListener("hashchange", checkFragment);
  checkFragment();
}

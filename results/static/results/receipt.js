// Check a receipt: that an entry is in the tree whose head the record's key has signed. Formats are C2SP's tlog-tiles,
// tlog-checkpoint, signed-note and tlog-proof.

const WIDTH = 256;
const HASH_BYTES = 32;

/** A receipt that cannot be believed; `verdict` names what the page says. */
export class Doubt extends Error {
  constructor(verdict) {
    super(verdict);
    this.verdict = verdict;
  }
}

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (one, other) => hex(one) === hex(other);

export function decode(base64) {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw new Doubt("unreadable");
  }
}

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));
}

export const hashLeaf = (entry) => sha256(new Uint8Array([0]), entry);
const hashNode = (left, right) => sha256(new Uint8Array([1]), left, right);

/** The largest power of two below a number of leaves, where a tree of them has its two halves. */
function split(number) {
  let half = 1;
  while (half * 2 < number) half *= 2;
  return half;
}

/** The root above a leaf, from the proof that it is in the tree (RFC 6962, 2.1.1). */
async function rootOf(leaf, index, size, proof) {
  if (size <= 1) {
    if (proof.length || index !== 0 || size !== 1) throw new Doubt("unreadable");
    return leaf;
  }
  const half = split(size);
  if (!proof.length) throw new Doubt("unreadable");
  const [rest, last] = [proof.slice(0, -1), proof.at(-1)];
  return index < half
    ? hashNode(await rootOf(leaf, index, half, rest), last)
    : hashNode(last, await rootOf(leaf, index - half, size - half, rest));
}

/** Read a signed checkpoint: what was signed, and the fields in it. */
export function readCheckpoint(note) {
  const [text, signatures] = note.split("\n\n");
  const [origin, size, root] = text.split("\n");
  if (!signatures || !/^(0|[1-9]\d{0,15})$/.test(size)) throw new Doubt("unreadable");
  return { origin, size: Number(size), root: decode(root), signed: `${text}\n`, signatures: signatures.split("\n") };
}

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

/** Tell whether a key has signed a checkpoint; null if this browser has no Ed25519. */
async function isSigned(checkpoint, key) {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(key.trim()) ?? [];
  if (!encoded) return false;
  const line = checkpoint.signatures.find((one) => one.startsWith(`— ${name} `));
  const bytes = line && decode(line.split(" ")[2]);
  if (bytes && bytes.length !== 68) throw new Doubt("unreadable");
  if (checkpoint.origin !== name || !bytes || hex(bytes.slice(0, 4)) !== id) return false;
  let verifier;
  try {
    verifier = await crypto.subtle.importKey("raw", decode(encoded).slice(1), "Ed25519", false, ["verify"]);
  } catch (error) {
    return error.name === "NotSupportedError" ? null : false;
  }
  return crypto.subtle.verify("Ed25519", verifier, bytes.slice(4), new TextEncoder().encode(checkpoint.signed));
}

/** Reads the tiles of a record; each one once. */
export class Tiles {
  constructor(address, size) {
    Object.assign(this, { address, size });
    this.kept = new Map();
  }

  async read(level, index) {
    const width = Math.min(Math.floor(this.size / WIDTH ** level) - index * WIDTH, WIDTH);
    const groups = String(index).padStart(Math.ceil(String(index).length / 3) * 3, "0").match(/.{3}/g);
    const place = groups.map((group, number) => (number < groups.length - 1 ? `x${group}` : group)).join("/");
    const path = `tile/${level}/${place}${width < WIDTH ? `.p/${width}` : ""}`;
    if (!this.kept.has(path)) this.kept.set(path, (await fetchFrom(this.address + path)).arrayBuffer());
    const hashes = new Uint8Array(await this.kept.get(path));
    if (hashes.length !== width * HASH_BYTES) throw new Doubt("forged");
    return hashes;
  }

  /** The root of the complete subtree of 2 ** level leaves that begins with leaf index * 2 ** level. */
  async subtree(level, index) {
    const height = level % 8;
    const first = index * 2 ** height;
    const tile = await this.read(Math.floor(level / 8), Math.floor(first / WIDTH));
    let row = [];
    for (let one = 0; one < 2 ** height; one += 1) {
      const at = ((first % WIDTH) + one) * HASH_BYTES;
      row.push(tile.slice(at, at + HASH_BYTES));
    }
    while (row.length > 1) row = await Promise.all(row.flatMap((one, at) => (at % 2 ? [hashNode(row[at - 1], one)] : [])));
    return row[0];
  }

  /** The hash of the node above a range of leaves. */
  async range(start, end) {
    let level = 0;
    while (2 ** (level + 1) <= end - start) level += 1;
    const node = await this.subtree(level, start / 2 ** level);
    const next = start + 2 ** level;
    return next === end ? node : hashNode(node, await this.range(next, end));
  }

  /** The proof that a leaf is in the tree. */
  async prove(index, start = 0, end = this.size) {
    if (end - start <= 1) return [];
    const middle = start + split(end - start);
    return index < middle
      ? [...(await this.prove(index, start, middle)), await this.range(middle, end)]
      : [...(await this.prove(index, middle, end)), await this.range(start, middle)];
  }
}

async function fetchFrom(address) {
  let response;
  try {
    response = await fetch(address);
  } catch {
    throw new Doubt("unreachable");
  }
  if (response.status === 404) throw new Doubt("forged");
  if (!response.ok) throw new Doubt("unreachable");
  return response;
}

export const readKey = async (address) => (await fetchFrom(`${address}key`)).text();

/** Check that a leaf has its place in the newest tree; return the verdict, and the tree's size. */
export async function checkLeaf(address, key, leaf, index) {
  const head = readCheckpoint(await (await fetchFrom(`${address}checkpoint`)).text());
  const signed = await isSigned(head, key);
  if (signed === false) throw new Doubt("forged");
  if (index >= head.size) throw new Doubt("missing");
  const tiles = new Tiles(address, head.size);
  const at = index % WIDTH;
  const row = await tiles.read(0, Math.floor(index / WIDTH));
  if (!same(row.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES), leaf)) throw new Doubt("missing");
  if (!same(await rootOf(leaf, index, head.size, await tiles.prove(index)), head.root)) throw new Doubt("forged");
  return { verdict: signed ? "good" : "unsigned", index, size: head.size };
}

/** Check a kept receipt, first by itself and then in the record at an address. */
export async function checkProof(address, text) {
  const kept = readProof(text);
  const leaf = await hashLeaf(kept.entry);
  if (!same(await rootOf(leaf, kept.index, kept.checkpoint.size, kept.proof), kept.checkpoint.root)) throw new Doubt("unreadable");
  const key = await readKey(address);
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
    if (file.files[0]) checkAndShow(root, async () => checkProof(address, await file.files[0].text()));
  });
  window.addEventListener("hashchange", checkFragment);
  checkFragment();
}

// A transparency log in the browser: its heads, its signature and its tree. Formats are C2SP's tlog-tiles, tlog-checkpoint
// and signed-note, over the tree of RFC 6962.

export const WIDTH = 256;
export const HASH_BYTES = 32;

/** What cannot be believed, or cannot be checked; `verdict` names what the page says. */
export class Doubt extends Error {
  constructor(verdict) {
    super(verdict);
    this.verdict = verdict;
  }
}

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
export const same = (one, other) => hex(one) === hex(other);

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
export async function rootOf(leaf, index, size, proof) {
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

/** Tell whether a key has signed a checkpoint; null if this browser has no Ed25519. */
export async function isSigned(checkpoint, key) {
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

/** Reads the tiles of a record under a head; each one once. */
export class Tiles {
  constructor(address, { origin, size }) {
    // Browsers keep tiles, and those of a record that was begun anew have the same paths: its origin ends in a number.
    const number = /\/(\d+)$/.exec(origin)?.[1];
    Object.assign(this, { address, size, query: number ? `?log=${number}` : "" });
    this.kept = new Map();
  }

  async read(level, index) {
    const width = Math.min(Math.floor(this.size / WIDTH ** level) - index * WIDTH, WIDTH);
    const groups = String(index).padStart(Math.ceil(String(index).length / 3) * 3, "0").match(/.{3}/g);
    const place = groups.map((group, number) => (number < groups.length - 1 ? `x${group}` : group)).join("/");
    const path = `tile/${level}/${place}${width < WIDTH ? `.p/${width}` : ""}`;
    if (!this.kept.has(path)) this.kept.set(path, (await fetchFrom(this.address + path + this.query)).arrayBuffer());
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

  /**
   * The roots of the first `old` leaves, of at least one, and of all.
   *
   * Both come from the same hashes, those of a proof of consistency (RFC 6962, 2.1.2): so if they are the roots of two
   * heads, the older tree is the beginning of the newer one, whatever the server has made of its tiles.
   */
  async roots(old, start = 0, end = this.size) {
    if (old === end - start) {
      const node = await this.range(start, end);
      return [node, node];
    }
    const half = split(end - start);
    const middle = start + half;
    if (old <= half) {
      const [before, after] = await this.roots(old, start, middle);
      return [before, await hashNode(after, await this.range(middle, end))];
    }
    const left = await this.range(start, middle);
    const [before, after] = await this.roots(old - half, middle, end);
    return [await hashNode(left, before), await hashNode(left, after)];
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

/** Fetch what a record serves; raises Doubt for what is not there, or cannot be reached. */
export async function fetchFrom(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Doubt("unreachable");
  }
  if (response.status === 404) throw new Doubt("forged");
  if (!response.ok) throw new Doubt("unreachable");
  return response;
}

export const readKey = async (address) => (await fetchFrom(`${address}key`)).text();

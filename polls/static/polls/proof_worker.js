// Solve a challenge of ALTCHA: the number whose SHA-256, behind the salt, is the challenge.
//
// Written here, and not with WebCrypto, which is missing on plain HTTP and takes longer to be called than to compute.

const REPORT_EVERY = 5000;

const primes = [];
for (let candidate = 2; primes.length < 64; candidate += 1) {
  if (primes.every((prime) => candidate % prime)) primes.push(candidate);
}
/** The first 32 bits of the fractional part of a root of a prime, as in FIPS 180-4. */
const fraction = (root) => ((root % 1) * 2 ** 32) | 0;
const START = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const ROUND = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const words = new Int32Array(64);

/** Add a block of 64 bytes to the state. */
function compress(state, bytes, offset) {
  for (let i = 0; i < 16; i += 1) {
    const at = offset + 4 * i;
    words[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i += 1) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/** Return a function that tells whether a number solves the challenge; the salt's whole blocks are hashed once. */
function checker({ salt, challenge }) {
  const target = Int32Array.from(challenge.match(/.{8}/g), (hex) => parseInt(hex, 16));
  const bytes = new Uint8Array(64 * (Math.ceil(salt.length / 64) + 2));
  for (let i = 0; i < salt.length; i += 1) bytes[i] = salt.charCodeAt(i);
  const begun = START.slice();
  const whole = salt.length - (salt.length % 64);
  for (let at = 0; at < whole; at += 64) compress(begun, bytes, at);
  const state = new Int32Array(8);
  return (number) => {
    const digits = String(number);
    bytes.fill(0, salt.length);
    for (let i = 0; i < digits.length; i += 1) bytes[salt.length + i] = digits.charCodeAt(i);
    const length = salt.length + digits.length;
    bytes[length] = 0x80;
    const end = 64 * Math.ceil((length + 9) / 64);
    // The length in bits, in two bytes: no ballot's salt is nearly as long as 2^16 bits.
    bytes[end - 1] = (length * 8) & 255;
    bytes[end - 2] = (length * 8) >> 8;
    state.set(begun);
    for (let at = whole; at < end; at += 64) compress(state, bytes, at);
    return state[0] === target[0] && state.every((word, i) => word === target[i]);
  };
}

self.onmessage = ({ data }) => {
  const solves = checker(data);
  for (let number = 0; number <= data.maxNumber; number += 1) {
    if (solves(number)) {
      self.postMessage({ number });
      return;
    }
    if (number % REPORT_EVERY === 0) self.postMessage({ share: number / data.maxNumber });
  }
  self.postMessage({ failed: true });
};

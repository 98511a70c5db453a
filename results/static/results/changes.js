// What the socket sends instead of whole snapshots where it is asked to (docs/api.md): what has changed since the last one.

/** The sub-protocol that asks for it. */
export const CHANGES = "urna.changes.v1";

const isInside = (part) => typeof part === "object" && part !== null;

/** A value with a change in it. The value itself stays as it is, and what has not changed is in both. */
export function merge(value, change) {
  const merged = Array.isArray(value) ? value.slice() : { ...value };
  for (const [name, part] of Object.entries(change)) {
    const goesOn = isInside(part) && !Array.isArray(part) && isInside(merged[name]);
    merged[name] = goesOn ? merge(merged[name], part) : part;
  }
  return merged;
}

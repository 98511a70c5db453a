// How long voting goes on, in words.

const STEPS = [["days", 86400, 3600], ["hours", 3600, 60], ["minutes", 60, 1]];

/** Write a time in its two largest units; `words` has the text for each, with {n} and {m}. */
export function writeLeft(seconds, words) {
  const whole = Math.max(0, Math.floor(seconds));
  for (const [name, unit, smaller] of STEPS) {
    if (whole >= unit) {
      return words[name].replace("{n}", Math.floor(whole / unit)).replace("{m}", Math.floor((whole % unit) / smaller));
    }
  }
  return words.seconds.replace("{n}", whole);
}

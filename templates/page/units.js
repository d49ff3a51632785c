// A spectrum in the model's own units, for drawing it over the calibration. What is predicted, the server converts.

const NM = { nm: (x) => x, um: (x) => x * 1000, "cm-1": (x) => 1e7 / x };
const FROM_NM = { nm: (x) => x, um: (x) => x / 1000, "cm-1": (x) => 1e7 / x };

// Positions as the answer says that they were understood; null where the model knows no positions.
export function positions(axis, action, unit) {
  if (!axis || !unit) return null;
  const from = /(?:converted from|recognised as) (nm|um|cm-1)/.exec(action)?.[1] ?? unit;
  return from === unit ? axis : axis.map((x) => FROM_NM[unit](NM[from](x)));
}

const SHARE = { absorbance: (x) => 10 ** -x, percent: (x) => x / 100, plain: (x) => x };
const FROM_SHARE = { absorbance: (x) => -Math.log10(x), percent: (x) => x * 100, plain: (x) => x };

export function values(spectrum, action, signal) {
  const from = /^converted from (.+)$/.exec(action)?.[1];
  if (!from || !signal) return spectrum;
  const kind = (name) => (name === "absorbance" ? name : name.startsWith("percent ") ? "percent" : "plain");
  return spectrum.map((x) => (x === null ? x : FROM_SHARE[kind(signal)](SHARE[kind(from)](x))));
}

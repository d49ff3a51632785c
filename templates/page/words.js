// Numbers and codes as people read them.

export const STATUS = {
  unknown: { icon: "–", words: "Not checked" },
  ok: { icon: "✓", words: "In order" },
  warning: { icon: "!", words: "Look at it" },
  error: { icon: "✕", words: "Do not use" },
};

// The status of a record; one without flags is only in order where there were limits to compare with.
export function statusOf({ status, t2_warning: t2, q_warning: q }) {
  return status === "ok" && t2 === null && q === null ? "unknown" : status;
}

const TELLS = { t2: "T²", q: "Q", in_range: "range of the calibration", lower: "interval", upper: null, spread: "spread of the folds" };

// What a model cannot tell, and why: "t2, q: the bundle was written without calibration spectra".
export function absentWords(said) {
  const [names, ...why] = said.split(": ");
  const told = names.split(", ").map((name) => (name in TELLS ? TELLS[name] : name)).filter(Boolean);
  return `No ${told.join(", ")}: ${why.join(": ")}`;
}

const AXIS = {
  same: "measured at the model’s own points",
  axis_unchecked: "no positions to compare: only the number of points was checked",
  sorted: "put in the model’s order",
  interpolated: "interpolated between the file’s points",
  "ends held": "the outermost value held at an end",
  selected: "the model’s points picked among more",
};

const UNITS = { um: "µm", "cm-1": "cm⁻¹" };

export const unitName = (unit) => UNITS[unit] ?? unit ?? "";

export function axisWords(action) {
  const words = action.split("; ").map((word) => AXIS[word] ?? word.replace(/\b(um|cm-1)\b/, unitName));
  return words.join("; ");
}

export function signalWords(action, signal) {
  if (action === "signal_unchecked") return signal ? `not declared, taken as ${signal}` : "not declared, taken as it is";
  return action === "same" ? `${signal}, as the model’s` : action;
}

const minus = (text) => text.replace(/^-/, "−").replace("e-", "e−");

// As many decimals as the interval deserves: two digits of its half width; without one four digits of the value.
export function decimals(value, halfWidth) {
  const [size, digits] = halfWidth > 0 ? [halfWidth, 2] : [Math.abs(value) || 1, 4];
  return Math.min(Math.max(digits - 1 - Math.floor(Math.log10(size)), 0), 6);
}

export function fixed(value, places) {
  if (typeof value !== "number") return String(value ?? "–");
  return minus(Math.abs(value) >= 1e9 ? value.toExponential(3) : value.toFixed(places));
}

// The value of a record. Settings have said themselves how many decimals are told.
export function valueOf(record) {
  if (typeof record.value !== "number") return record.value === null ? "–" : String(record.value);
  const own = String(record.value);
  if (record.settings && own.length <= 9) return minus(own);
  return fixed(record.value, placesOf(record));
}

export function placesOf(record) {
  return decimals(record.value, record.upper === null ? 0 : (record.upper - record.lower) / 2);
}

// Three digits, enough to compare with a limit.
export const short = (value) => (value === null || value === undefined ? "–" : minus(String(Number(value.toPrecision(3)))));

export const withUnit = (text, unit) => (unit ? `${text} ${unit}` : text);

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

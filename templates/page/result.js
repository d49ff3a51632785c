// The answer for one spectrum, in words first.

import { el } from "./dom.js";
import * as gauges from "./gauges.js";
import { STATUS, absentWords, axisWords, decimals, fixed, placesOf, plural, short, signalWords, statusOf, valueOf, withUnit } from "./words.js";

export function chip(status, words = STATUS[status].words) {
  return el("span", { class: `chip ${status}` }, el("span", { "aria-hidden": true }, STATUS[status].icon), ` ${words}`);
}

export function verdict([first]) {
  return chip(statusOf(first), first.flags.includes("refused") ? "No prediction" : undefined);
}

export function answer(records, absent, card) {
  const [first] = records;
  const refused = first.flags.includes("refused");
  return [
    refused ? el("p", { class: "reason" }, first.reason) : records.map((record) => value(record, records.length > 1)),
    !refused && first.proba && probabilities(first),
    first.flags.length > 0 && !refused && flags(first.flags, card.flags),
    !refused && (first.t2 ?? first.q) !== null && el("div", { class: "distances" }, distance("T²", "distance within the calibration", first, "t2"),
      distance("Q", "what the calibration does not explain", first, "q")),
    !refused && how(first, card),
    absent.length > 0 && el("ul", { class: "absent quiet" }, absent.map((words) => el("li", {}, absentWords(words)))),
  ];
}

function value(record, several) {
  const number = typeof record.value === "number";
  const places = number ? placesOf(record) : 0;
  const { lower, upper, range_low: low, range_high: high } = record;
  return el("div", { class: several ? "value several" : "value" },
    el("p", { class: "target" }, record.target),
    el("p", { class: "number", title: number ? `${record.value}` : null },
      valueOf(record), record.unit && el("span", { class: "unit" }, ` ${record.unit}`)),
    lower !== null && el("p", { class: "interval" },
      `${fixed(lower, places)} to ${withUnit(fixed(upper, places), record.unit)}`,
      el("span", { class: "quiet" }, ` ${short(record.coverage * 100)} % interval`)),
    record.std !== null && el("p", { class: "quiet" }, `standard deviation ${short(record.std)}`),
    number && low !== null && high !== null && [
      gauges.range(record.value, lower, upper, low, high),
      el("p", { class: "scale quiet" },
        `${record.in_range ? "within" : "outside"} the calibration, ${short(low)} to ${withUnit(short(high), record.unit)}`),
    ],
  );
}

function probabilities(record) {
  return el("ul", { class: "probabilities" }, Object.entries(record.proba).map(([label, share]) =>
    el("li", {}, el("span", {}, label), el("meter", { value: share, min: 0, max: 1 }), el("span", {}, fixed(share, 3)))));
}

function flags(codes, words) {
  return el("ul", { class: "flags", "aria-label": "Flags" }, codes.map((code) => {
    const flag = words[code] ?? { level: "warning", words: code };
    return el("li", { class: flag.level },
      el("span", { class: "icon", "aria-hidden": true }, STATUS[flag.level].icon),
      el("span", {}, el("span", { class: "unseen" }, `${flag.level}: `), flag.words, " ", el("code", {}, code)));
  }));
}

function distance(name, meaning, record, key) {
  const [found, warning, error] = [record[key], record[`${key}_warning`], record[`${key}_error`]];
  if (found === null) return null;
  const level = warning === null ? "ok" : found > error ? "error" : found > warning ? "warning" : "ok";
  const words = { ok: "usual", warning: "unusual", error: "far outside" }[level];
  return el("div", { class: "distance" },
    el("p", { class: "named" }, el("b", {}, name), ` ${short(found)} `,
      el("span", { class: `level ${level}` }, `${STATUS[level].icon} ${words}`)),
    warning !== null && gauges.distance(found, warning, error),
    el("p", { class: "scale quiet" },
      warning === null ? meaning : `warning above ${short(warning)}, error above ${short(error)}`));
}

function how(record, card) {
  const told = [
    ["Axis", axisWords(record.axis_action)],
    ["Signal", signalWords(record.signal_action, card.signal)],
    record.spread !== null && ["Folds", `differ by ${withUnit(fixed(record.spread, decimals(record.spread, record.spread)), record.unit)} (standard deviation)`],
    record.settings && ["Settings", `applied, ${record.settings.slice(0, 12)}`],
    record.digest !== card.digest && ["Model", `of another version than the one served now, ${record.digest.slice(0, 12)}`],
    record.profile !== "exact" && ["Profile", record.profile],
  ].filter(Boolean);
  return el("dl", { class: "how" }, told.map(([term, words]) => [el("dt", {}, term), el("dd", {}, words)]).flat());
}

// The same in one sentence, for those who hear it.
export function sentence(records, card) {
  const [first] = records;
  if (first.flags.includes("refused")) return `${first.sample}: no prediction. ${first.reason}`;
  const values = records.map((record) => {
    const places = typeof record.value === "number" ? placesOf(record) : 0;
    const between = record.lower === null ? "" : `, between ${fixed(record.lower, places)} and ${fixed(record.upper, places)}`;
    return `${record.target} ${withUnit(valueOf(record), record.unit)}${between}`;
  });
  const words = first.flags.map((code) => card.flags[code]?.words ?? code);
  const flagged = words.length ? `${plural(words.length, "flag")}: ${words.join("; ")}` : "no flags";
  return `${first.sample}: ${values.join("; ")}. ${STATUS[statusOf(first)].words}, ${flagged}.`;
}

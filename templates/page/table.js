// The spectra of a file, to choose from.

import { el } from "./dom.js";
import { chip } from "./result.js";
import { valueOf, withUnit } from "./words.js";

export const SHOWN = 500; // rows of a table: more would make the page slow; the CSV has all

const RANK = { error: 0, warning: 1, ok: 2 };

// Records of each spectrum, in the order of the file or the worst first.
export function groups(records, worst) {
  const rows = new Map();
  for (const record of records) rows.set(record.row, [...(rows.get(record.row) ?? []), record]);
  const all = [...rows.values()];
  return worst ? all.sort((a, b) => RANK[a[0].status] - RANK[b[0].status] || beyond(b[0]) - beyond(a[0])) : all;
}

const beyond = (record) => Math.max((record.t2 ?? 0) / (record.t2_error || 1), (record.q ?? 0) / (record.q_error || 1));

export function table(rows, selected, card, choose) {
  const targets = rows[0].map((record) => withUnit(record.target, record.unit && `(${record.unit})`));
  const head = ["Spectrum", "Status", ...targets, "Flags"].map((words, i) =>
    el("th", { scope: "col", class: i > 1 && i < 2 + targets.length ? "figure" : null }, words));
  const body = rows.slice(0, SHOWN).map(([first, ...others]) =>
    el("tr", { class: first.row === selected ? "selected" : null },
      el("th", { scope: "row" }, el("button", { type: "button", class: "link", "data-row": first.row,
        "aria-pressed": String(first.row === selected), onclick: () => choose(first.row) }, first.sample)),
      el("td", {}, chip(first.status)),
      [first, ...others].map((record) => el("td", { class: "figure" }, valueOf(record))),
      el("td", { class: "words" }, first.reason ?? first.flags.map((code) => card.flags[code]?.words ?? code).join("; "))));
  return el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
}

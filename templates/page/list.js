// The spectra of a file, to choose from: one box that the arrow keys walk through.

import { el } from "./dom.js";
import { STATUS, statusOf, valueOf } from "./words.js";

export const SHOWN = 500; // more would make the page slow; the CSV has all

const RANK = { error: 0, warning: 1, ok: 2 };

// Records of each spectrum, in the order of the file or the worst first.
export function groups(records, worst) {
  const rows = new Map();
  for (const record of records) rows.set(record.row, [...(rows.get(record.row) ?? []), record]);
  const all = [...rows.values()];
  return worst ? all.sort((a, b) => RANK[a[0].status] - RANK[b[0].status] || beyond(b[0]) - beyond(a[0])) : all;
}

const beyond = (record) => Math.max((record.t2 ?? 0) / (record.t2_error || 1), (record.q ?? 0) / (record.q_error || 1));

export const idOf = (row) => `row-${row}`;

export function choices(rows, selected, choose) {
  return rows.slice(0, SHOWN).map(([first, ...others]) => {
    const status = statusOf(first);
    const { icon, words } = STATUS[status];
    const values = [first, ...others].map(valueOf).join(" · ");
    return el("li", { id: idOf(first.row), role: "option", class: others.length ? "two-lines" : null, "aria-selected": String(first.row === selected), onclick: () => choose(first.row) },
      el("span", { class: `sign ${status}`, "aria-hidden": true }, icon),
      el("span", { class: "name" }, first.sample),
      el("span", { class: "unseen" }, `, ${words}, `),
      el("span", { class: "figure" }, values));
  });
}

// Where a key leads from a spectrum, null for keys that lead nowhere.
export function led(key, rows, selected) {
  const at = rows.findIndex(([first]) => first.row === selected);
  const last = Math.min(rows.length, SHOWN) - 1;
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last }[key];
  return to === undefined ? null : rows[Math.min(Math.max(to, 0), last)][0].row;
}

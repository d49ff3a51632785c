// What was predicted in this session, newest first.

import { el } from "./dom.js";
import { chip } from "./result.js";
import { STATUS, plural, statusOf, valueOf, withUnit } from "./words.js";

const ORDER = ["ok", "unknown", "warning", "error"];

// A line of the history for an answer: enough to show it again.
export function entryOf(name, card, input, title, answer) {
  const { records, absent } = answer;
  const worst = ORDER[records.reduce((most, record) => Math.max(most, ORDER.indexOf(statusOf(record))), 0)];
  const rows = new Set(records.map((record) => record.row)).size;
  const told = rows === 1 ? records.slice(0, 3).map((one) => withUnit(valueOf(one), one.unit)).join(", ") : plural(rows, "spectrum", "spectra");
  return { time: Date.now(), model: name, digest: card.digest, title, worst, told, input, records, absent };
}

export function lines(entries, open) {
  if (!entries.length) return [el("p", { class: "quiet" }, "Nothing yet. What is predicted is listed here until this tab is closed; a reload keeps it.")];
  const rows = entries.map((entry) => el("li", {},
    el("time", { datetime: new Date(entry.time).toISOString() }, new Date(entry.time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })),
    el("button", { type: "button", class: "link", disabled: !entry.records, onclick: () => open(entry),
      title: entry.records ? null : "too large to be kept; predict the file again" }, entry.title),
    el("span", { class: "quiet" }, entry.model),
    el("span", { class: "figure" }, entry.told),
    chip(entry.worst, STATUS[entry.worst].words)));
  return [el("ol", { class: "entries" }, rows)];
}

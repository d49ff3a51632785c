// Records as a CSV file: the columns of the command line, every digit of every number.

import { el } from "./dom.js";

export function download(name, records) {
  const columns = Object.keys(records[0]).filter((column) => column !== "proba");
  const lines = [columns.join(","), ...records.map((one) => columns.map((column) => cell(one[column])).join(","))];
  const blob = new Blob([lines.join("\n"), "\n"], { type: "text/csv;charset=utf-8" });
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = Array.isArray(value) ? value.join(" ") : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

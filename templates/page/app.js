// The page put together: what is chosen, what is asked, what is shown.

import * as api from "./api.js";
import { brief, facts } from "./card.js";
import { drawingOf, makeChart } from "./chart.js";
import { download } from "./csv.js";
import { $, announce, el, reveal, show } from "./dom.js";
import { entryOf, lines } from "./history.js";
import { SHOWN, choices, groups, idOf, led } from "./list.js";
import { answer, sentence, verdict } from "./result.js";
import * as session from "./session.js";
import * as units from "./units.js";
import { plural, withUnit } from "./words.js";

const draw = makeChart($("chart"), $("legend"), $("readout"));

let card = null; // of the chosen model
let file = null; // the last one that was opened, to be predicted by another model too
let view = null; // what is shown: {title, input, records, absent}
let row = 1; // the spectrum of it, from 1
let turn = 0; // an answer that comes after a later question is not shown

async function start() {
  const { models, failed } = await api.models();
  show($("model"), models.map(({ name }) => el("option", { value: name }, name)),
    failed.map(({ name }) => el("option", { value: "", disabled: true }, `${name} (not served)`)));
  if (!models.length) return refuse({ title: "no model is served", message: failed.map(({ name, problems }) => `${name}: ${problems.join("; ")}`).join("\n"), rows: [] });
  const known = models.some(({ name }) => name === session.chosen());
  $("model").value = known ? session.chosen() : models[0].name;
  $("model").disabled = false;
  await choose();
  const [last] = session.entries();
  if (last?.records && last.model === card.name && last.digest === card.digest) open(last);
}

async function choose() {
  const mine = ++turn;
  const found = await api.card($("model").value);
  if (mine !== turn) return;
  card = found;
  session.choose(card.name);
  $("model-line").textContent = brief(card);
  const { origin, spectra } = card.samples;
  $("sample-label").textContent = `Reference spectra of the model, ${origin}`;
  show($("sample"), el("option", { value: "" }, "Pick a sample"),
    el("optgroup", { label: `${origin}, kept in the model` }, spectra.map((_, i) => el("option", { value: i }, `${origin} reference ${i + 1}`))));
  $("how").elements.signal.closest("label").hidden = !card.signal;
  show($("facts"), facts(card));
  if (file) await ofFile();
  else clear();
}

function clear() {
  view = null;
  document.body.classList.remove("busy");
  $("spoken").textContent = "";
  show($("problem"));
  $("which").textContent = "What the calibration looks like";
  draw(card.envelope ? drawingOf(card, { values: null }) : null);
  show($("answer"), el("p", { class: "hint" }, "Open a file of spectra, drop it anywhere on this page, or pick a reference spectrum of the model."),
    el("p", { class: "quiet" }, "One row is one spectrum: numbers separated by commas, semicolons or tabs; names in the first column and the positions in the first row are understood."));
  rest();
}

// Runs what asks the server; of several only the last is shown.
async function asking(work) {
  const mine = ++turn;
  document.body.classList.add("busy");
  $("spoken").textContent = "Predicting…";
  try {
    const found = await work();
    if (mine === turn) {
      session.remember(found);
      open(found);
    }
  } catch (error) {
    if (mine === turn) refuse(error);
  } finally {
    if (mine === turn) {
      document.body.classList.remove("busy");
      announce($("result"));
    }
  }
}

function ofFile() {
  $("sample").value = "";
  return asking(async () => {
    const input = await api.spectraOf(card.name, file);
    return asked(input, file.name);
  });
}

function ofSample() {
  const number = $("sample").value;
  if (number === "") return undefined;
  file = null;
  const { axis, samples } = card;
  const name = `${samples.origin} reference ${Number(number) + 1}`;
  const input = { spectra: [samples.spectra[number]], ids: [name], axis: axis?.values ?? null, unit: axis?.unit ?? null };
  return asking(() => asked(input, name));
}

async function asked(input, title) {
  const chosen = [...new FormData($("how"))].filter(([name, text]) => text && !(name === "signal" && !card.signal));
  const { unit, ...how } = Object.fromEntries(chosen);
  const read = { ...input, unit: unit || input.unit };
  return { ...entryOf(card.name, card, read, title, await api.predict(card.name, read, how)), how };
}

function open(found) {
  show($("problem"));
  view = found;
  row = 1;
  rest();
  select(groups(view.records, $("worst").checked)[0][0].row);
}

async function reopen(entry) {
  file = null;
  $("sample").value = "";
  if (entry.model !== card.name) {
    $("model").value = entry.model;
    await choose();
  }
  if (card.name !== entry.model) return;
  open(entry);
  $("result").focus();
}

function refuse(error) {
  if (error.status === 401) $("token").showModal();
  view = null;
  const rows = (error.rows ?? []).slice(0, 20).map((one) => el("li", {}, `row ${one.row}: ${one.reason}`));
  show($("problem"), el("p", { class: "title" }, el("span", { "aria-hidden": true }, "✕ "), error.title ?? "this page met an error"),
    el("p", {}, error.message), rows.length > 0 && el("ul", {}, rows));
  $("spoken").textContent = "";
  $("which").textContent = file?.name ?? "";
  show($("answer"));
  draw(card?.envelope ? drawingOf(card, { values: null }) : null);
  rest();
}

// One spectrum of what is shown.
function select(number) {
  row = number;
  const records = view.records.filter((record) => record.row === row);
  show($("verdict"), verdict(records));
  show($("answer"), answer(records, view.absent ?? [], card));
  $("spoken").textContent = sentence(records, card);
  const count = groups(view.records).length;
  $("which").textContent = count > 1 ? `${records[0].sample} · ${row} of ${count} in ${view.title}` : view.title;
  list();
  spectrum(records[0], null);
  if (records[0].flags.some((flag) => flag.startsWith("q_")) && view.input) unlike(records[0]);
}

async function unlike(record) {
  const mine = view;
  const residual = await api.contributions(card.name, view.input, row - 1, view.how ?? {});
  if (residual && mine === view && record.row === row) spectrum(record, residual);
}

function spectrum(record, residual) {
  const measured = view.input?.spectra[row - 1];
  if (!measured) return draw(card.envelope ? drawingOf(card, { values: null }) : null);
  const at = units.positions(view.input.axis, record.axis_action, card.axis?.unit);
  const values = units.values(measured, record.signal_action, card.signal);
  draw(drawingOf(card, { values, positions: at, sample: record.sample, residual }));
}

function list() {
  const rows = groups(view.records, $("worst").checked);
  show($("rows"), choices(rows, row, select));
  $("rows").setAttribute("aria-activedescendant", idOf(row));
  const chosen = $(idOf(row));
  if (chosen) reveal(chosen, $("rows"));
  const told = rows[0].map((one) => withUnit(one.target, one.unit && `(${one.unit})`)).join(" · ");
  show($("many-title"), plural(rows.length, "spectrum", "spectra"), el("span", { class: "quiet" }, told));
  $("rows-note").textContent = rows.length > SHOWN ? `${SHOWN} are listed, the CSV has all.` : "";
}

function step(by) {
  const rows = groups(view.records, $("worst").checked).map(([first]) => first.row);
  select(rows[(rows.indexOf(row) + by + rows.length) % rows.length]);
}

function walk(event) {
  const to = led(event.key, groups(view.records, $("worst").checked), row);
  if (to === null) return;
  event.preventDefault();
  select(to);
}

// What does not depend on one spectrum.
function rest() {
  const many = view !== null && view.records.some((record) => record.row > 1);
  $("many").hidden = $("steps").hidden = !many;
  $("work").classList.toggle("with-list", many);
  $("download").hidden = !view;
  $("result-title").classList.toggle("unseen", view !== null);
  if (!view) show($("verdict"));
  const entries = session.entries();
  show($("entries"), lines(entries, reopen));
  $("download-history").disabled = !entries.some((entry) => entry.records);
  $("clear-history").disabled = !entries.length;
}

function drop(event) {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (card && event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
}

function take(chosen) {
  file = chosen;
  ofFile();
}

const safely = (work) => async (...given) => {
  try {
    await work(...given);
  } catch (error) {
    refuse(error);
  }
};

const day = () => new Date().toISOString().slice(0, 10);

$("model").addEventListener("change", safely(choose));
$("sample").addEventListener("change", safely(ofSample));
$("file").addEventListener("change", (event) => {
  if (card && event.target.files.length) take(event.target.files[0]);
  event.target.value = ""; // the same file may be opened again, after it was changed
});
$("how").addEventListener("submit", (event) => event.preventDefault());
$("how").addEventListener("change", safely(() => (file ? ofFile() : ofSample())));
$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("rows").addEventListener("keydown", walk);
$("worst").addEventListener("change", () => list());
$("download").addEventListener("click", () => download(`${view.model} ${day()}.csv`, view.records));
$("download-history").addEventListener("click", () => download(`history ${day()}.csv`, session.entries().flatMap((entry) => entry.records ?? [])));
$("clear-history").addEventListener("click", () => {
  session.forget();
  rest();
});
$("token").addEventListener("close", safely(() => {
  api.setToken($("token-text").value.trim());
  $("token-text").value = "";
  show($("problem"));
  return start();
}));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", drop);

safely(start)();

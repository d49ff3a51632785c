// The spectrum over what spectra of the calibration look like.

import uPlot from "./uplot/uPlot.esm.js";
import { el, show } from "./dom.js";
import { plural, short, unitName } from "./words.js";

const TICKS = 300; // model's points beyond which ticks would be a solid line

export function makeChart(host, legend, readout) {
  let plot = null;
  let drawing = null;

  function draw(next = drawing) {
    drawing = next;
    plot?.destroy();
    plot = null;
    readout.textContent = "";
    host.setAttribute("aria-label", said(drawing));
    show(legend, drawing ? keys(drawing) : []);
    if (drawing) plot = new uPlot(options(drawing, host, readout), drawing.data, host);
  }

  new ResizeObserver(() => plot?.setSize(sizeOf(host))).observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  host.addEventListener("keydown", (event) => plot && step(plot, event));
  return draw;
}

// What is to be drawn: `data` of uPlot (positions, low, high, spectrum), and what is known of it.
export function drawingOf(card, { values, positions, sample, residual }) {
  const model = card.axis?.values ?? null;
  const counted = (row) => row.map((_, i) => i + 1);
  const own = positions ?? (values && values.length !== model?.length ? counted(values) : model ?? counted(values ?? card.envelope.low));
  const grid = model ?? counted(card.envelope?.low ?? own);
  const { low, high, usual_low: least, usual_high: most } = card.envelope ?? {};
  const tables = [];
  if (low) tables.push(ascending([grid, low, high, least, most]));
  if (values) tables.push(ascending([own, values]));
  const joined = tables.length ? uPlot.join(tables) : [grid];
  const blank = joined[0].map(() => null);
  const data = [joined[0], ...(low ? joined.slice(1, 5) : [blank, blank, blank, blank]), values ? joined.at(-1) : blank];
  const outside = data[0].map((_, i) => (data[5][i] < data[3][i] || data[5][i] > data[4][i] ? data[5][i] : null));
  const bounded = low && values;
  return {
    data: [...data, bounded ? outside : blank],
    outside: bounded ? outside.filter((value) => value !== null).length : 0,
    grid: model,
    residual: residual && model && residual.length === model.length ? residual : null,
    unit: card.axis?.unit ?? null,
    samples: low ? card.limits.samples : 0,
    sample: values ? sample : null,
    points: values?.length ?? 0,
  };
}

function ascending(columns) {
  const order = columns[0].map((_, i) => i).sort((a, b) => columns[0][a] - columns[0][b]);
  return columns.map((column) => order.map((i) => column[i]));
}

function said(drawing) {
  if (!drawing) return "No spectrum yet";
  const { data, sample, points, outside, unit } = drawing;
  const ends = `${short(data[0][0])} to ${short(data[0].at(-1))} ${unitName(unit) || "points"}`;
  if (sample === null) return `The calibration’s envelope, ${ends}`;
  const beyond = outside ? `, ${plural(outside, "point")} far outside the calibration` : "";
  return `Spectrum ${sample}: ${plural(points, "point")}, ${ends}${beyond}. Arrow keys read it point by point.`;
}

function keys({ sample, samples, outside, residual, grid }) {
  const key = (kind, words) => el("li", {}, el("span", { class: `key ${kind}`, "aria-hidden": true }), words);
  return [
    sample !== null && key("line", "this spectrum"),
    samples > 0 && key("band", `calibration (${samples})`),
    samples > 0 && key("wide", "counted as usual"),
    outside > 0 && key("dot", `${plural(outside, "point")} outside`),
    residual && key("bar", "unlike here (Q)"),
    grid && grid.length <= TICKS && key("tick", "model’s points"),
  ];
}

function options(drawing, host, readout) {
  const color = (name) => getComputedStyle(host).getPropertyValue(`--${name}`).trim();
  const axis = { stroke: color("quiet"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1, size: 5 }, font: "12px system-ui, sans-serif" };
  const edge = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true };
  const unit = unitName(drawing.unit);
  return {
    ...sizeOf(host),
    padding: [10, 22, 0, 0],
    // Wavenumbers are drawn from the high to the low, as spectroscopists do.
    scales: { x: { time: false, dir: drawing.unit === "cm-1" ? -1 : 1 }, y: { range: heights(drawing) } },
    axes: [
      { ...axis, size: 26, gap: 4, values: plain, label: unit ? `${drawing.unit === "cm-1" ? "wavenumber" : "wavelength"}, ${unit}` : "point", labelSize: 16, labelGap: 0, labelFont: "12px system-ui, sans-serif" },
      { ...axis, size: 50, values: plain },
    ],
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { size: 9, show: (_, i) => i === 5 }, y: false },
    series: [
      {},
      edge, edge, edge, edge,
      { stroke: color("spectrum"), width: 2, points: { show: drawing.points < 30, size: 5 }, spanGaps: true },
      { stroke: color("error"), width: 0, points: { show: true, size: 7, fill: color("error") } },
    ],
    bands: [
      { series: [4, 3], fill: color("wide") },
      { series: [2, 1], fill: color("band") },
    ],
    hooks: {
      draw: [(plot) => ticks(plot, drawing, color("quiet")), (plot) => bars(plot, drawing, color("error"))],
      setCursor: [(plot) => read(plot, readout, unit)],
    },
  };
}

// What is drawn fills the height; the limits of the usual, which lie farther out, may leave it.
function heights({ data }) {
  const drawn = [data[1], data[2], data[5]].flat().filter(Number.isFinite);
  return uPlot.rangeNum(Math.min(...drawn), Math.max(...drawn), 0.08, false);
}

const plain = (_, splits) => splits.map((value) => (value === null ? "" : short4(value)));

const sizeOf = (host) => ({ width: Math.max(host.clientWidth, 200), height: Math.max(host.clientHeight, 120) });

function ticks({ ctx, bbox, valToPos }, { grid }, color) {
  if (!grid || grid.length > TICKS) return;
  ctx.save();
  ctx.fillStyle = color;
  for (const position of grid) {
    ctx.fillRect(Math.round(valToPos(position, "x", true)), bbox.top + bbox.height - 6 * devicePixelRatio, devicePixelRatio, 6 * devicePixelRatio);
  }
  ctx.restore();
}

// What each point adds to Q, from the bottom up to a quarter of the height.
function bars({ ctx, bbox, valToPos }, { grid, residual }, color) {
  if (!residual) return;
  const shares = residual.map((value) => value * value);
  const most = Math.max(...shares);
  if (!(most > 0)) return;
  const width = Math.max(bbox.width / grid.length - 1, devicePixelRatio);
  ctx.save();
  ctx.globalAlpha = 0.55;
  ctx.fillStyle = color;
  shares.forEach((share, i) => {
    const height = (share / most) * bbox.height * 0.25;
    ctx.fillRect(valToPos(grid[i], "x", true) - width / 2, bbox.top + bbox.height - height, width, height);
  });
  ctx.restore();
}

function read(plot, readout, unit) {
  const i = plot.cursor.idx;
  if (i === null || i === undefined) return void (readout.textContent = "");
  const [x, low, high, , , value] = plot.data.map((column) => column[i]);
  const parts = [`${short4(x)} ${unit || ""}${Number.isFinite(value) ? `: ${short4(value)}` : ""}`];
  if (Number.isFinite(low)) parts.push(`calibration ${short4(low)} to ${short4(high)}`);
  readout.textContent = parts.join("\n");
}

const short4 = (value) => String(Number(value.toPrecision(5))).replace(/^-/, "−");

function step(plot, event) {
  const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }[event.key];
  if (!by) return;
  event.preventDefault();
  const last = plot.data[0].length - 1;
  const direction = plot.scales.x.dir;
  const now = plot.cursor.idx ?? (direction * by > 0 ? -1 : last + 1);
  const i = Math.min(Math.max(now + direction * by, 0), last);
  const value = plot.data[5][i] ?? plot.data[1][i] ?? 0;
  plot.setCursor({ left: plot.valToPos(plot.data[0][i], "x"), top: plot.valToPos(value, "y") });
}

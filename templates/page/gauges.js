// Small drawings of a number beside its limits. What they show is said in words beside them.

import { svg } from "./dom.js";

const WIDTH = 300;

// A distance: up to the warning limit half of the width, up to the error limit a quarter more, the rest beyond.
export function distance(value, warning, error) {
  const at = place(value, warning, error) * WIDTH;
  return svg(
    "svg",
    { class: "gauge", viewBox: `0 0 ${WIDTH} 16`, "aria-hidden": true },
    zone(0, 0.5, "ok"),
    zone(0.5, 0.75, "warning"),
    zone(0.75, 1, "error"),
    svg("path", { class: "needle", d: `M${at - 5} 0h10l-5 8z` }),
    svg("path", { class: "needle-line", d: `M${at} 4v12` }),
  );
}

function place(value, warning, error) {
  if (value <= warning) return 0.5 * (value / warning);
  if (value <= error) return 0.5 + 0.25 * ((value - warning) / (error - warning));
  return 0.75 + 0.24 * (1 - error / value);
}

const zone = (from, to, level) =>
  svg("rect", { class: `zone ${level}`, x: from * WIDTH + 1, y: 7, width: (to - from) * WIDTH - 2, height: 5, rx: 2 });

// A value with its interval on the range of the calibration, which takes the middle two thirds.
export function range(value, lower, upper, low, high) {
  const span = high - low || 1;
  const at = (x) => Math.min(Math.max((1 / 6 + ((x - low) / span) * (2 / 3)) * WIDTH, 3), WIDTH - 3);
  return svg(
    "svg",
    { class: "gauge", viewBox: `0 0 ${WIDTH} 16`, "aria-hidden": true },
    svg("rect", { class: "zone", x: 0, y: 7, width: WIDTH, height: 5, rx: 2 }),
    svg("rect", { class: "zone ok", x: at(low), y: 7, width: at(high) - at(low), height: 5, rx: 2 }),
    lower !== null && svg("path", { class: "whisker", d: `M${at(lower)} 5v9M${at(lower)} 9.5H${at(upper)}M${at(upper)} 5v9` }),
    svg("circle", { class: "needle", cx: at(value), cy: 9.5, r: 4.5 }),
  );
}

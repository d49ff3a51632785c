// The model card: what it is, where it comes from, what is usual for it.

import { el } from "./dom.js";
import { STATUS, plural, short, unitName, withUnit } from "./words.js";

export function brief(card) {
  const targets = card.targets.map((target) => withUnit(target.name, target.unit && `(${target.unit})`)).join(", ");
  return `${targets} from ${plural(card.n_features, "point")}${range(card)}`;
}

function range({ axis }) {
  if (!axis) return "";
  return `, ${short4(axis.values[0])} to ${short4(axis.values.at(-1))} ${unitName(axis.unit)}`;
}

const short4 = (value) => String(Number(value.toPrecision(6)));

export function facts(card) {
  const { limits, samples } = card;
  const told = [
    ["Predicts", card.classes ? `${brief(card)}; one of ${card.classes.join(", ")}` : brief(card)],
    ["Digest", el("code", { class: "digest" }, card.digest)],
    ["Format", `${card.format}, profile ${card.profile}`],
    ["Signal", card.signal ?? "not declared"],
    ["Steps", el("ol", { class: "steps" }, card.steps.map((step) => el("li", {}, step.name, " ", el("span", { class: "quiet" }, params(step)))))],
    card.folds.length > 1 && ["Folds", `${card.folds.length}, ${card.fold_rule}`],
    ["Reference", `${plural(samples.spectra.length, "spectrum", "spectra")}, ${samples.origin}, answered to the last bit when it was loaded`],
    limits.t2 && ["T² limits", `warning ${short(limits.t2.warning)}, error ${short(limits.t2.error)}`],
    limits.q && ["Q limits", `warning ${short(limits.q.warning)}, error ${short(limits.q.error)}`],
    limits.samples > 0 && ["Calibration", plural(limits.samples, "sample")],
    ...limits.ranges.map(([low, high], i) => [`Range of ${card.targets[i].name}`, withUnit(`${short(low)} to ${short(high)}`, card.targets[i].unit)]),
    limits.interval && ["Interval", `±${limits.interval.half_widths.map(short).join(", ±")} with ${short(limits.interval.coverage * 100)} %: ${limits.interval.method}`],
    card.settings && ["Settings", el("code", { class: "digest" }, card.settings)],
    ["Trained with", Object.entries(card.environment).map(([name, version]) => `${name} ${version}`).join(", ") || "not recorded"],
    ...Object.entries(card.provenance).map(([name, value]) => [name.replaceAll("_", " "), el("code", { class: "digest" }, String(value))]),
  ].filter(Boolean);
  return [
    el("dl", { class: "facts" }, told.map(([term, words]) => [el("dt", {}, term), el("dd", {}, words)]).flat()),
    el("details", { class: "flag-words" }, el("summary", {}, "What the flags mean"),
      el("dl", {}, Object.entries(card.flags).map(([code, { level, words }]) => [
        el("dt", {}, el("code", {}, code)), el("dd", {}, `${STATUS[level].icon} ${level}: ${words}`)]).flat())),
  ];
}

const params = (step) =>
  Object.entries(step.params).filter(([, value]) => ["number", "string", "boolean"].includes(typeof value)).slice(0, 8).map(([name, value]) => `${name} ${value}`).join(", ");

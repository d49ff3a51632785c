// What the server is asked. Only `predict` knows the form of a question, and of its answer.

const TOKEN = "n4akit.token";

export class Refusal extends Error {
  constructor(problem, status) {
    super(problem.detail ?? `the server answered ${status}`);
    this.title = problem.title ?? "the server refused";
    this.status = status;
    this.rows = problem.rows ?? [];
  }
}

export const setToken = (token) => sessionStorage.setItem(TOKEN, token);

async function ask(path, { headers = {}, ...options } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const given = token ? { ...headers, Authorization: `Bearer ${token}` } : headers;
  let response;
  try {
    response = await fetch(path, { ...options, headers: given });
  } catch {
    // A server that takes no body of this size may close before the browser has sent it.
    const size = options.body?.size ?? options.body?.length ?? 0;
    const body = size > 1e6 ? `, or took no body of ${(size / 1e6).toFixed(1)} MB` : "";
    throw new Refusal({ title: "no answer", detail: `the server could not be reached${body}; try again` }, 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(answer, response.status);
  return answer;
}

const model = (name) => `v1/models/${encodeURIComponent(name)}`;

export const models = () => ask("v1/models");

export const card = (name) => ask(`${model(name)}/card`);

// A text file as {spectra, ids, axis, unit}: the server reads it, as it does for every other host.
export function spectraOf(name, file) {
  const headers = { "Content-Type": "text/csv" };
  return ask(`page/spectra/${encodeURIComponent(name)}`, { method: "POST", headers, body: file });
}

// {records, absent, axis_action, signal_action} of spectra; one that cannot be predicted takes no other with it.
export async function predict(name, { spectra, ids, axis, unit }, how) {
  return question(name, { spectra, ...(ids && { ids }), ...axisOf(axis, unit), ...how, full: true, on_error: "row" });
}

// What each point of one spectrum adds to Q, null where the model cannot tell.
export async function contributions(name, { spectra, axis, unit }, row, { instrument, product, ...how }) {
  const asked = { spectra: [spectra[row]], ...axisOf(axis, unit), ...how, contributions: true };
  const answer = await question(name, asked).catch(() => null);
  return answer?.contributions?.[0] ?? null;
}

const axisOf = (axis, unit) => (axis ? { axis, ...(unit && { unit }) } : {});

function question(name, body) {
  const headers = { "Content-Type": "application/json" };
  return ask(`${model(name)}/predict`, { method: "POST", headers, body: JSON.stringify(body) });
}

// What this tab remembers until it is closed: the chosen model, and what was predicted.

const MODEL = "n4akit.model";
const ENTRIES = "n4akit.history";
const MOST = 100;
const LARGE = 1.2e6; // characters of one entry: browsers keep about five million in all

export const chosen = () => sessionStorage.getItem(MODEL);
export const choose = (name) => sessionStorage.setItem(MODEL, name);

export function entries() {
  try {
    return JSON.parse(sessionStorage.getItem(ENTRIES)) ?? [];
  } catch {
    return [];
  }
}

// Newest first. Spectra of old entries go before their records do, and records before the lines.
export function remember(entry) {
  const kept = [smaller(entry), ...entries()].slice(0, MOST);
  for (const member of ["input", "records", null]) {
    for (let last = kept.length; last > 0; last--) {
      if (stored(kept)) return;
      if (member) kept[last - 1] = { ...kept[last - 1], [member]: null };
      else kept.pop();
    }
  }
}

export const forget = () => sessionStorage.removeItem(ENTRIES);

function smaller(entry) {
  const size = (value) => JSON.stringify(value).length;
  if (size(entry) < LARGE) return entry;
  const without = { ...entry, input: null };
  return size(without) < LARGE ? without : { ...without, records: null };
}

function stored(kept) {
  try {
    sessionStorage.setItem(ENTRIES, JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

// Elements from values: text is always text, so nothing that a file or a model says becomes markup.

export const $ = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function show(host, ...children) {
  host.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

// Scrolls a list to one of its items, and not the page.
export function reveal(item, list) {
  const [{ top, bottom }, seen] = [item.getBoundingClientRect(), list.getBoundingClientRect()];
  list.scrollTop += Math.min(top - seen.top, 0) || Math.max(bottom - seen.bottom, 0);
}

// Scrolls the page to what is news, unless its beginning is seen.
export function announce(element) {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > innerHeight * 0.75) element.scrollIntoView({ block: "start" });
}

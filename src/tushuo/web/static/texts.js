// The words of the page in the visitor's language, and the line that screen readers hear.

const all = JSON.parse(document.getElementById("texts").textContent);

export function text(name, values = {}) {
  return all[`js_${name}`].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function has(name) {
  return `js_${name}` in all;
}

export function announce(message) {
  document.getElementById("status").textContent = message;
}

export function percent(share) {
  const value = 100 * share;
  return value >= 0.5 || value === 0 ? `${Math.round(value)} %` : "< 1 %";
}

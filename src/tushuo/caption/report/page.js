"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const tools = document.getElementById("tools");
const list = document.getElementById("photographs");
const groups = Object.keys(data.groups);
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** An element with properties and children; strings become text, never markup. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function row(table, head, ...cells) {
  const name = make("th", { scope: "row" }, head);
  document.querySelector(`#${table} tbody`).append(make("tr", {}, name, ...cells));
}

/** A score and its interval on a line from 0 to the greatest value that the scores of its kind reach. */
function range(value, [low, high], most) {
  const x = (v) => ((100 * v) / most).toFixed(2);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "range");
  svg.setAttribute("viewBox", "0 0 100 8");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const rect = (name, from, to, y, height) => {
    const r = document.createElementNS(svg.namespaceURI, "rect");
    const at = { class: name, x: x(from), width: (x(to) - x(from)).toFixed(2), y, height };
    for (const [key, setting] of Object.entries(at)) r.setAttribute(key, setting);
    svg.append(r);
  };
  rect("track", 0, most, 3.5, 1);
  rect("ends", low, high, 1, 6);
  rect("middle", value - most / 200, value + most / 200, 0, 8);
  return svg;
}

function numbers() {
  document.getElementById("interval-head").textContent = `${100 * data.confidence} % interval`;
  for (const [name, value, ends] of data.scores) {
    const most = name.startsWith("CIDEr") ? Math.max(...data.scores.map(([, v]) => v)) * 1.2 : 1;
    row("scores", name,
      make("td", { className: "value" }, value.toFixed(4)),
      make("td", { className: "interval" }, ends ? `${ends[0].toFixed(4)} – ${ends[1].toFixed(4)}` : ""),
      make("td", {}, ends ? range(value, ends, most) : ""));
  }
  for (const [name, value] of Object.entries(data.diversity)) {
    const text = Number.isInteger(value) && name === "vocabulary" ? `${value}` : value.toFixed(4);
    row("diversity", name, make("td", { className: "value" }, text));
  }
  for (const [name, [unsupported, against]] of Object.entries(data.groups)) {
    row("groups", name,
      make("td", { className: "value" }, percent(unsupported)),
      make("td", { className: "value" }, ["colour", "count", "gender"].includes(name) ? percent(against) : "–"));
  }
  for (const id of ["groups", "about"]) document.getElementById(id).hidden = groups.length === 0;
}

function filters() {
  const box = document.getElementById("filters");
  for (const group of groups) {
    box.append(make("label", {}, make("input", { type: "checkbox", name: "group", value: group }), make("span", {}, group)));
  }
  box.hidden = groups.length === 0;
  tools.querySelector(".plain").hidden = groups.length === 0;
}

/** The caption with its mistaken words marked. */
function caption(photograph) {
  const wrong = new Set(photograph.mistakes.map((mistake) => mistake.word));
  const line = make("p", { className: "caption" });
  for (const piece of photograph.caption.split(/([\p{L}\p{N}'-]+)/u)) {
    line.append(wrong.has(piece.toLowerCase()) ? make("mark", {}, piece) : piece);
  }
  return line;
}

function mistakes(photograph) {
  const items = photograph.mistakes.map(({ group, word, contradicts, instead }) => {
    const text = contradicts ? `${group}: ${word}, people wrote ${instead.slice(0, 3).join(", ")}` : `${group}: ${word}`;
    return make("li", { className: contradicts ? "against" : "" }, text);
  });
  return make("ul", { className: "mistakes" }, ...items);
}

/** The thumbnail, dark where the network did not look for a word. */
function spotlight(picture, photograph, word) {
  const [rows, columns] = photograph.grid;
  const bytes = Uint8Array.from(atob(photograph.attention), (c) => c.charCodeAt(0));
  const map = make("canvas", { width: columns, height: rows });
  const shade = map.getContext("2d").createImageData(columns, rows);
  const start = word * rows * columns;
  for (let i = 0; i < rows * columns; i++) shade.data[4 * i + 3] = bytes[start + i]; // its alpha
  map.getContext("2d").putImageData(shade, 0, 0);

  const { naturalWidth: width, naturalHeight: height } = picture;
  const [left, top, right, bottom] = photograph.region;
  const canvas = make("canvas", { width, height, role: "img", ariaLabel: `where the model looked for ${photograph.words[word]}` });
  const ink = canvas.getContext("2d");
  ink.imageSmoothingQuality = "high";
  ink.drawImage(map, left * width, top * height, (right - left) * width, (bottom - top) * height);
  ink.globalCompositeOperation = "source-in"; // the photograph where the map is
  ink.drawImage(picture, 0, 0, width, height);
  ink.globalCompositeOperation = "destination-over"; // and darkly below it
  ink.filter = "grayscale(1) brightness(0.38)";
  ink.drawImage(picture, 0, 0, width, height);
  return canvas;
}

function attention(picture, photograph, card) {
  const strip = make("div", { className: "strip" });
  const details = make("details", {}, make("summary", {}, "Attention, word by word"), strip);
  details.addEventListener("toggle", async () => {
    card.classList.toggle("wide", details.open);
    if (!details.open || strip.childElementCount) return;
    await picture.decode();
    photograph.words.forEach((word, i) => {
      strip.append(make("figure", {}, spotlight(picture, photograph, i), make("figcaption", {}, word)));
    });
  });
  return details;
}

function card(photograph) {
  const picture = make("img", { src: photograph.picture, alt: photograph.caption, loading: "lazy" });
  const sure = photograph.confidence === null ? "" : ` · confidence ${photograph.confidence.toFixed(2)}`;
  const item = make("li", { className: "photograph" });
  item.append(
    picture,
    make("div", {},
      caption(photograph),
      make("p", { className: "facts" }, make("b", {}, `CIDEr-D ${photograph.score.toFixed(2)}`), `${sure} · ${photograph.name}`),
      make("ul", { className: "references" }, ...photograph.references.map((text) => make("li", {}, text))),
      mistakes(photograph)),
    attention(picture, photograph, item));
  return item;
}

const cards = data.photographs.map((photograph) => [photograph, card(photograph)]);
const orders = {
  worst: ([a], [b]) => a.score - b.score || a.place - b.place,
  best: ([a], [b]) => b.score - a.score || a.place - b.place,
  place: ([a], [b]) => a.place - b.place,
};

function update() {
  const form = new FormData(tools);
  const sides = new Set(form.getAll("side"));
  const wanted = new Set(form.getAll("group"));
  const against = form.has("against");
  const fits = ({ side, mistakes: found }) => {
    const counted = found.filter((m) => (!against || m.contradicts) && (!wanted.size || wanted.has(m.group)));
    return sides.has(side) && (counted.length > 0 || (!wanted.size && !against));
  };
  const shown = cards.filter(([photograph]) => fits(photograph)).sort(orders[form.get("order")]);
  list.replaceChildren(...shown.map(([, element]) => element));
  const noun = shown.length === 1 ? "photograph" : "photographs";
  document.getElementById("count").textContent = `${shown.length} ${noun} of ${data.total} that were scored`;
}

numbers();
filters();
tools.addEventListener("change", update);
tools.addEventListener("submit", (event) => event.preventDefault());
update();

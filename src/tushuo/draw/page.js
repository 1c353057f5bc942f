// Steps through the forward and the backward pass, and folds parts by a click.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const svg = document.getElementById("picture");
const main = document.querySelector("main");
const opened = new Set(data.opened);
const NS = "http://www.w3.org/2000/svg";
let steps = [], at = 0, wires = [], zoom = 1, size = [0, 0], timer = null;

function make(tag, attributes, parent, text) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function path(stretches) {
  return stretches.map(([a, b, y], i) => {
    if (!i) return `M${a} ${y}H${b}`;
    const [, end, level] = stretches[i - 1];
    const middle = (end + a) / 2;
    return `C${middle} ${level} ${middle} ${y} ${a} ${y}H${b}`;
  }).join("");
}

function drawWire(wire) {
  const [, x, y] = wire.stretches[wire.stretches.length - 1];
  const line = make("path", { d: path(wire.stretches), class: "wire" }, svg);
  if (wire.arrow) make("path", { d: `M${x} ${y}l-7 -3.5v7z`, class: "arrow" }, svg);
  const group = make("g", {}, svg);
  if (wire.label) {
    const many = wire.label > 1, place = { x: x - 10, "text-anchor": "end", "font-size": 12 };
    const value = many ? `${wire.label} values` : wire.link.texts[0];
    make("text", { ...place, y: y - 5, class: "value" }, group, value);
    if (!many) make("text", { ...place, y: y + 14, class: "gradient" }, group, wire.link.texts[1]);
  }
  const plan = data.plans[wire.scope];
  const target = plan.points[wire.link.end];
  return { line, group, value: wire.link.value, inside: target[0] === "item" ? target[1] : null };
}

function drawFrame(item, [x, y, width, height]) {
  const group = make("g", { class: "frame-item", transform: `translate(${x} ${y})` }, svg);
  group.innerHTML = data.frames[item];
  const box = group.querySelector("rect");
  box.setAttribute("width", width);
  box.setAttribute("height", height);
  clickable(group, item, "fold");
}

function clickable(group, item, what) {
  group.dataset.item = item;
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", "button");
  group.setAttribute("aria-label", `${what} ${data.about[item].title}`);
  group.onclick = () => toggle(item);
  group.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === " ") { toggle(item); event.preventDefault(); }
  };
}

function drawCard(item, [x, y, , height]) {
  const [, least, scope] = data.cards[item];
  const kind = scope ? "card scope-item" : "card";
  const group = make("g", { class: kind, transform: `translate(${x} ${y})` }, svg);
  group.innerHTML = data.pictures[item];
  for (const box of group.querySelectorAll(":scope > rect")) box.setAttribute("height", height);
  group.querySelector(":scope > g").setAttribute("transform", `translate(0 ${(height - least) / 2})`);
  group.dataset.item = item;
  if (scope) clickable(group, item, "unfold");
}

function render() {
  const layout = placed(data, opened), margin = data.sizes.margin;
  svg.replaceChildren();
  size = [layout.width + 2 * margin, layout.height + 2 * margin];
  svg.setAttribute("viewBox", `${-margin} ${-margin} ${size[0]} ${size[1]}`);
  for (const [item, box] of Object.entries(layout.frames)) drawFrame(item, box);
  wires = layout.wires.map(drawWire);
  for (const [item, box] of Object.entries(layout.boxes)) drawCard(item, box);
  const gates = Object.keys(layout.boxes).filter((item) => data.about[item].time >= 0);
  gates.sort((a, b) => data.about[a].time - data.about[b].time);
  steps = gates.map((item) => [item, "forward"]);
  if (data.gradients) steps.push(...gates.reverse().map((item) => [item, "backward"]));
  resize();
}

function resize() {
  svg.setAttribute("width", size[0] * zoom);
  svg.setAttribute("height", size[1] * zoom);
}

function toggle(item) {
  const step = at ? steps[at - 1] : null, done = at === steps.length;
  if (opened.has(item)) opened.delete(item); else opened.add(item);
  render();
  const again = step ? steps.findIndex(([i, way]) => i === step[0] && way === step[1]) : -1;
  const near = step ? steps.findIndex(([i, way]) => way === step[1] &&
    (data.about[i].time - data.about[step[0]].time) * (way === "forward" ? 1 : -1) >= 0) : -1;
  go(done ? steps.length : again >= 0 ? again + 1 : near + 1);
  const same = svg.querySelector(`[data-item="${item}"]`);
  if (same) same.focus({ preventScroll: true });
}

// The item that hides a vertex or is it.
function visible(item) {
  let found = item;
  for (let scope = data.about[item].scope; scope !== data.root; scope = data.about[scope].scope) {
    if (!opened.has(scope)) found = scope;
  }
  return found;
}

function go(to) {
  at = Math.max(0, Math.min(steps.length, to));
  const known = new Set(), reached = new Set();
  steps.slice(0, at).forEach(([item, way]) => (way === "forward" ? known : reached).add(item));
  const [active, direction] = at ? steps[at - 1] : [null, ""];
  const isKnown = (item) => data.about[item].time < 0 || known.has(item);
  const pending = new Set();
  for (const wire of wires) {
    const from = visible(wire.value), to = wire.inside;
    const ended = to !== null && !opened.has(to);
    const back = ended && (reached.has(to) || (data.about[to].time < 0 && reached.size > 0));
    if (ended && !back) pending.add(from);
    wire.group.classList.toggle("unseen", !isKnown(from));
    wire.group.classList.toggle("unreached", !back);
    wire.line.classList.toggle("forward", direction === "forward" && to === active);
    wire.line.classList.toggle("backward", direction === "backward" && to === active);
  }
  for (const card of svg.querySelectorAll(".card")) {
    const item = card.dataset.item;
    card.classList.toggle("unseen", !isKnown(item));
    card.classList.toggle("unreached", pending.has(item) || !reached.size);
    card.classList.toggle("forward", direction === "forward" && item === active);
    card.classList.toggle("backward", direction === "backward" && item === active);
  }
  tell(active, direction);
}

function tell(item, direction) {
  const count = steps.length;
  document.getElementById("count").textContent = `${at} / ${count}`;
  for (const id of ["first", "back"]) document.getElementById(id).disabled = at === 0;
  for (const id of ["next", "last"]) document.getElementById(id).disabled = at === count;
  const panel = document.getElementById("panel");
  panel.replaceChildren();
  const lines = item === null ? data.welcome : data.about[item][direction];
  lines.forEach((parts) => {
    const line = document.createElement("p");
    for (const [role, text] of parts) {
      const span = document.createElement("span");
      span.className = role;
      span.textContent = text;
      line.append(span);
    }
    panel.append(line);
  });
  const card = item === null ? null : svg.querySelector(`.card[data-item="${item}"]`);
  if (card) show(card);
}

function show(card) {
  const box = card.getBoundingClientRect(), view = main.getBoundingClientRect();
  if (box.left < view.left + 120) main.scrollLeft += box.left - view.left - view.width / 3;
  if (box.right > view.right - 40) main.scrollLeft += box.right - view.right + view.width / 3;
  if (box.top < view.top) main.scrollTop += box.top - view.top - view.height / 3;
  if (box.bottom > view.bottom) main.scrollTop += box.bottom - view.bottom + view.height / 3;
}

function play() {
  if (timer !== null) return stop();
  if (at === steps.length) go(0);
  document.getElementById("play").textContent = "Pause";
  timer = setInterval(() => { go(at + 1); if (at === steps.length) stop(); }, 900);
}

function stop() {
  clearInterval(timer);
  timer = null;
  document.getElementById("play").textContent = "Play";
}

function fit() {
  zoom = Math.min(1, main.clientWidth / size[0], main.clientHeight / size[1]);
  resize();
}

const theme = (name) => { document.documentElement.dataset.theme = name; };
const dark = matchMedia("(prefers-color-scheme: dark)");
const actions = {
  first: () => go(0), back: () => go(at - 1), next: () => go(at + 1), last: () => go(steps.length),
  play, fit, smaller: () => { zoom /= 1.25; resize(); }, larger: () => { zoom *= 1.25; resize(); },
  theme: () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
};
for (const [id, action] of Object.entries(actions)) document.getElementById(id).onclick = action;
const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", p: "play",
  f: "fit", "-": "smaller", "+": "larger", "=": "larger", d: "theme" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  actions[keys[event.key]]();
  event.preventDefault();
});
theme(dark.matches ? "dark" : "light");
dark.onchange = () => theme(dark.matches ? "dark" : "light");
render();
go(0);

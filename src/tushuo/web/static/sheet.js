// One photograph with its caption: words that can be pointed at, other ideas, and how each came.

import { announce, percent, text } from "./texts.js";
import { clear, draw } from "./veil.js";

function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  return element;
}

export class Sheet {
  constructor(name) {
    this.root = document.getElementById("sheet").content.firstElementChild.cloneNode(true);
    this.find = (selector) => this.root.querySelector(selector);
    this.image = this.find("img");
    this.canvas = this.find("canvas");
    this.sentence = this.find(".sentence");
    this.data = null;
    this.pinned = null;
    this.shown = null;
    this.find(".name").textContent = name;
    this.find(".copy").addEventListener("click", () => this.copy());
    this.find(".graph").addEventListener("toggle", () => this.drawGraph());
    this.sentence.addEventListener("pointerleave", () => this.rest());
    this.sentence.addEventListener("keydown", (event) => this.walk(event));
    new ResizeObserver(() => this.light()).observe(this.image);
  }

  // Moves into a page that shows the photograph already: over it, and in place of an element.
  settle(stage, place) {
    const story = this.find(".story");
    stage.querySelector(".frame").replaceWith(this.find(".frame"));
    this.root = stage;
    place.replaceWith(story);
  }

  note(message) {
    this.find(".note").textContent = message;
  }

  show(address) {
    this.image.src = address;
  }

  // What the network has written so far, and where it looks now.
  word({ text: words, attention, region }) {
    this.note("");
    this.sentence.textContent = words;
    this.sentence.classList.add("writing");
    draw(this.canvas, attention, region);
  }

  caption(data) {
    this.data = data;
    this.show(data.image);
    this.image.alt = data.caption;
    clear(this.canvas);
    this.note("");
    this.sentence.classList.remove("writing");
    this.sentence.lang = data.language;
    this.sentence.replaceChildren(...this.pieces(data));
    this.find(".known").hidden = false;
    this.sureness(data.confidence);
    this.find(".others ol").replaceChildren(...data.alternatives.map((other) => this.other(other)));
    this.find(".others").hidden = !data.alternatives.length;
    const owned = this.find(".owned");
    owned.hidden = data.photo === null || location.pathname === `/library/${data.photo}`;
    owned.href = `/library/${data.photo}`;
    announce(text("done", { caption: data.caption }));
  }

  fail(message) {
    this.root.classList.add("failed");
    this.sentence.textContent = "";
    this.note(message);
    clear(this.canvas);
    announce(`${this.find(".name").textContent}: ${message}`);
  }

  // The sentence as it is printed, each word a button.
  pieces({ caption, words }) {
    const pieces = [];
    let at = 0;
    this.words = words.map((word, i) => {
      const inside = word.end > word.start;
      const button = make("button", "word", inside ? caption.slice(word.start, word.end) : word.word);
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("pointerenter", () => this.select(i));
      button.addEventListener("focus", () => this.select(i));
      button.addEventListener("blur", () => this.rest());
      button.addEventListener("click", () => this.pin(i));
      pieces.push(inside ? caption.slice(at, word.start) : " ", button);
      at = inside ? word.end : at;
      return button;
    });
    if (at) pieces.push(caption.slice(at));
    return pieces;
  }

  sureness(confidence) {
    this.find(".sureness .label").hidden = this.find("meter").hidden = confidence === null;
    if (confidence === null) return;
    this.find("meter").value = confidence;
    this.find(".share").textContent = percent(confidence);
  }

  other({ caption, confidence, logprob }) {
    const line = make("li");
    const share = confidence === null ? `log p ${logprob.toFixed(1)}` : percent(confidence);
    const said = make("span", "said", caption);
    said.lang = this.data.language;
    line.append(said, make("span", "share", share));
    return line;
  }

  select(i) {
    if (this.shown === i) return;
    this.shown = i;
    this.words.forEach((word, k) => word.classList.toggle("lit", k === i));
    this.light();
    this.explain(this.data.words[i]);
    this.drawGraph();
  }

  // No word is pointed at any more: back to the one that was chosen, or to the whole photograph.
  rest() {
    if (this.words && this.words.includes(document.activeElement)) return;
    if (this.pinned !== null) { this.select(this.pinned); return; }
    this.shown = null;
    if (this.words) this.words.forEach((word) => word.classList.remove("lit"));
    clear(this.canvas);
  }

  pin(i) {
    this.pinned = this.pinned === i ? null : i;
    this.words.forEach((word, k) => word.setAttribute("aria-pressed", String(k === this.pinned)));
    this.select(i);
  }

  walk(event) {
    const at = this.words ? this.words.indexOf(document.activeElement) : -1;
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    if (at < 0 || !(event.key in steps)) return;
    const next = this.words[at + steps[event.key]];
    if (next) next.focus();
    event.preventDefault();
  }

  light() {
    if (this.shown === null || !this.data) return;
    draw(this.canvas, this.data.words[this.shown].attention, this.data.region);
  }

  explain({ word, probability, looked_at: where, candidates }) {
    const step = this.find(".step");
    const likely = text("probability", { word, share: percent(probability) });
    const list = make("ol", "candidates");
    const others = candidates.filter((candidate) => candidate.word !== word);
    for (const { word: name, probability: share } of others) {
      const line = make("li"), bar = make("meter");
      [bar.min, bar.max, bar.value] = [0, 1, share];
      bar.setAttribute("aria-label", name || text("end"));
      const said = make("span", name ? "said" : "said small", name || text("end"));
      if (name) said.lang = this.data.language;
      line.append(said, bar, make("span", "share", percent(share)));
      list.append(line);
    }
    step.replaceChildren(
      make("p", "likely", likely),
      make("p", "where", text("looked", { where: text(where) })),
      make("p", "small", text("instead")),
      list,
    );
    const spoken = document.activeElement === this.words[this.shown];
    if (spoken) announce(`${likely}. ${text("looked", { where: text(where) })}`);
  }

  drawGraph() {
    const graph = this.find(".graph");
    if (!graph.open || !this.data) return;
    const { graph: address, word } = this.data.words[this.shown ?? 0];
    const old = graph.querySelector("img");
    this.find(".open").href = address;
    if (old && old.dataset.address === address) return;
    const picture = make("img");
    picture.dataset.address = address;
    picture.alt = text("graph_alt", { word });
    picture.src = `${address}.svg`;
    graph.querySelector(".scroller").replaceChildren(picture);
  }

  async copy() {
    await navigator.clipboard.writeText(this.data.caption);
    announce(text("copied"));
    this.find(".copy").textContent = text("copied");
  }
}

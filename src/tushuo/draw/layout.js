// Coordinates of a graph whose parts are folded or open: place.py, for the browser.
// A plan is {points: [[kind, item]], links: [{start, end, value, slot, width}], layers, chains}.
"use strict";

function spread(wanted, weights, gaps) {
  const offsets = [], blocks = [];
  let offset = 0;
  wanted.forEach((place, i) => {
    offset += i ? gaps[i] : 0;
    offsets.push(offset);
    let block = [place - offset, weights[i], 1];
    while (blocks.length && blocks[blocks.length - 1][0] >= block[0]) {
      const [mean, mass, count] = blocks.pop();
      const sum = block[1] + mass;
      block = [(block[0] * block[1] + mean * mass) / sum, sum, block[2] + count];
    }
    blocks.push(block);
  });
  const levels = blocks.flatMap(([mean, , count]) => Array(count).fill(mean));
  return levels.map((level, i) => level + offsets[i]);
}

class Block {
  constructor(data, opened, scope) {
    Object.assign(this, { data, opened, scope, sizes: data.sizes });
    this.plan = data.plans[scope];
    this.layers = this.plan.layers;
    const count = this.layers.reduce((n, layer) => n + layer.length, 0);
    for (const name of ["w", "h", "x", "y"]) this[name] = Array(count).fill(0);
    this.inner = new Map();
    this.shown = new Map();
    this.ports = this.findPorts();
    this.measure();
    this.connect();
    this.align();
    this.columns();
  }

  opens(p) { return this.opened.has(this.plan.points[p][1]); }
  way(i) {
    const { start, end } = this.plan.links[i];
    return [start, ...this.plan.chains[i], end];
  }

  findPorts() {
    const arriving = new Map();
    this.plan.links.forEach((link, i) => {
      if (this.plan.points[link.end][0] !== "item" || this.opens(link.end)) return;
      if (!arriving.has(link.end)) arriving.set(link.end, []);
      arriving.get(link.end).push(i);
    });
    for (const [p, into] of arriving) arriving.set(p, this.portsOf(p, into));
    return arriving;
  }

  portsOf(p, into) {
    const links = this.plan.links, groups = new Map();
    const folded = this.plan.points[p][1] in this.data.plans;
    for (const i of into) {
      const same = into.filter((k) => links[k].start === links[i].start).length;
      const together = folded || same > this.sizes.many;
      const key = `${links[i].start}/${together ? -1 : links[i].slot}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(i);
    }
    const place = folded ? (g) => this.rankIn(g[0]) : (g) => links[g[0]].slot;
    return [...groups.values()].sort((a, b) => place(a) - place(b));
  }

  rankIn(i) {
    const way = this.way(i), last = way[way.length - 2];
    return this.layers.find((layer) => layer.includes(last)).indexOf(last);
  }

  measure() {
    const { top, side, bottom, pitch } = this.sizes;
    this.plan.points.forEach(([kind, item], p) => {
      if (kind !== "item") return;
      if (this.opens(p)) {
        const block = new Block(this.data, this.opened, item);
        this.inner.set(p, block);
        this.w[p] = Math.max(block.width, this.data.titles[item]) + 2 * side;
        this.h[p] = block.height + top + bottom;
      } else {
        const [width, height] = this.data.cards[item];
        this.w[p] = width;
        this.h[p] = Math.max(height, pitch * (this.ports.get(p) || []).length);
      }
    });
  }

  connect() {
    const links = this.plan.links;
    this.leave = links.map((link) => this.port(link.start, "exit", link.value));
    this.arrive = links.map((link) => this.port(link.end, "entry", link.value));
    for (const ports of this.ports.values()) {
      ports.forEach((group, k) => {
        for (const i of group) this.arrive[i] = (k - (ports.length - 1) / 2) * this.sizes.pitch;
        this.shown.set(group[0], new Set(group.map((i) => links[i].value)).size);
      });
    }
  }

  port(p, kind, value) {
    const block = this.inner.get(p);
    if (!block) return 0;
    const q = block.plan.points.findIndex(([k, item]) => k === kind && item === value);
    return block.y[q] + this.sizes.top - this.h[p] / 2;
  }

  align() {
    const before = this.w.map(() => []), after = this.w.map(() => []);
    const count = this.plan.points.length, rounds = this.sizes.rounds;
    this.plan.links.forEach((link, i) => {
      const way = this.way(i);
      for (let k = 0; k + 1 < way.length; k++) {
        const [a, b] = [way[k], way[k + 1]];
        const leave = k ? 0 : this.leave[i];
        const arrive = k === way.length - 2 ? this.arrive[i] : 0;
        const stiff = a >= count && b >= count ? this.sizes.stiff : 1;
        before[b].push([a, leave - arrive, stiff]);
        after[a].push([b, arrive - leave, stiff]);
      }
    });
    const both = before.map((near, p) => [...near, ...after[p]]);
    const none = before.map(() => []), back = [...this.layers].reverse();
    for (const layer of this.layers) this.settle(layer, none);
    for (let turn = 0; turn < rounds; turn++) {
      const rightwards = turn % 2 === 0;
      for (const layer of rightwards ? this.layers : back) {
        this.settle(layer, rightwards ? before : after);
      }
    }
    for (let turn = 0; turn < rounds; turn++) {
      for (const layer of turn % 2 ? this.layers : back) this.settle(layer, both);
    }
    const top = Math.min(...this.y.map((y, p) => y - this.h[p] / 2));
    this.y = this.y.map((y) => y - top);
    this.height = Math.max(...this.y.map((y, p) => y + this.h[p] / 2));
  }

  settle(layer, near) {
    const wanted = [], weights = [], gaps = [];
    layer.forEach((p, i) => {
      let mass = 0, pulled = 0;
      for (const [q, offset, stiff] of near[p]) {
        mass += stiff;
        pulled += (this.y[q] + offset) * stiff;
      }
      wanted.push(mass ? pulled / mass : this.y[p]);
      weights.push(mass || 0.1);
      const flat = i && !this.h[p] && !this.h[layer[i - 1]];
      const gap = flat ? this.sizes.dummyGap : this.sizes.gap;
      gaps.push(i ? (this.h[p] + this.h[layer[i - 1]]) / 2 + gap : 0);
    });
    spread(wanted, weights, gaps).forEach((y, i) => { this.y[layer[i]] = y; });
  }

  columns() {
    this.rank = [];
    this.layers.forEach((layer, r) => layer.forEach((p) => { this.rank[p] = r; }));
    const room = this.layers.map(() => 0), curves = this.layers.map(() => 0);
    this.plan.links.forEach((link, i) => {
      const r = this.rank[link.end];
      if (this.shown.has(i)) room[r] = Math.max(room[r], link.width + 14);
      curves[r] += 1;
    });
    this.left = [];
    this.right = [];
    this.room = room;
    let x = 0;
    this.layers.forEach((layer, r) => {
      x += room[r] + (r ? this.sizes.curve + Math.min(2.5 * curves[r], 60) : 0);
      const width = Math.max(0, ...layer.map((p) => this.w[p]));
      this.left.push(x);
      this.right.push(x + width);
      for (const p of layer) this.x[p] = x + (width - this.w[p]) / 2;
      x += width;
    });
    this.width = x;
  }

  emit(dx, dy, result) {
    const { side, top } = this.sizes;
    this.plan.points.forEach(([kind, item], p) => {
      if (kind !== "item") return;
      const box = [dx + this.x[p], dy + this.y[p] - this.h[p] / 2, this.w[p], this.h[p]];
      const block = this.inner.get(p);
      if (!block) {
        result.boxes[item] = box;
        return;
      }
      result.frames[item] = box;
      const spare = (this.w[p] - 2 * side - block.width) / 2;
      block.emit(box[0] + side + spare, box[1] + top, result);
    });
    this.plan.links.forEach((link, i) => {
      const stretches = this.stretches(i).map(([a, b, y]) => [dx + a, dx + b, dy + y]);
      const arrow = !this.inner.has(link.end) && this.plan.points[link.end][0] === "item";
      const label = this.shown.get(i) || 0;
      result.wires.push({ scope: this.scope, link, stretches, arrow, label });
    });
  }

  stretches(i) {
    const [a, ...rest] = this.way(i), b = rest.pop();
    const margin = this.sizes.side + Math.max(0, this.data.titles[this.scope] - this.width) / 2;
    const start = this.plan.points[a][0] === "entry" ? -margin : this.x[a] + this.w[a];
    const end = this.plan.points[b][0] === "exit" ? this.width + margin : this.x[b];
    const before = (p) => this.left[this.rank[p]] - this.room[this.rank[p]];
    return [
      [start, this.right[this.rank[a]], this.y[a] + this.leave[i]],
      ...rest.map((d) => [before(d), this.right[this.rank[d]], this.y[d]]),
      [before(b), end, this.y[b] + this.arrive[i]],
    ];
  }
}

function placed(data, opened) {
  const block = new Block(data, opened, data.root);
  const result = { width: block.width, height: block.height, boxes: {}, frames: {}, wires: [] };
  block.emit(0, 0, result);
  return result;
}

if (typeof module !== "undefined") module.exports = { placed, spread };

"use strict";

const byId = (id) => document.getElementById(id);
const [query, count, viewer, large, said, facts] = ["query", "count", "viewer", "large", "said", "facts"].map(byId);

/** Small letters without accents, so that "cafe" finds "Café". */
const folded = (text) => text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();
const photos = [...document.querySelectorAll("#photos li")].map((item) => ({
  item,
  link: item.querySelector("a"),
  text: folded(item.textContent),
}));
let shown = photos;
let current = 0;

function filter() {
  const words = folded(query.value).split(/\s+/u).filter(Boolean);
  shown = photos.filter(({ item, text }) => {
    const fits = words.every((word) => text.includes(word));
    item.hidden = !fits;
    return fits;
  });
  const { all, some, none } = count.dataset;
  const pattern = !words.length ? all : shown.length ? some : none;
  count.textContent = pattern.replace("{shown}", shown.length).replace("{all}", photos.length);
}

function show(index) {
  current = (index + shown.length) % shown.length;
  const { item, link } = shown[current];
  const small = link.querySelector("img");
  large.src = link.href;
  large.alt = small.alt;
  said.textContent = small.alt;
  said.lang = large.lang = small.lang;
  facts.textContent = item.querySelector("small").textContent;
  if (!viewer.open) viewer.showModal();
}

query.addEventListener("input", filter);
byId("tools").hidden = false;
photos.forEach((photo) => photo.link.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(shown.indexOf(photo));
}));
byId("previous").addEventListener("click", () => show(current - 1));
byId("next").addEventListener("click", () => show(current + 1));
byId("close").addEventListener("click", () => viewer.close());
viewer.addEventListener("close", () => shown[current].link.focus());
viewer.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) show(current + step);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || viewer.open || event.target === query) return;
  event.preventDefault();
  query.focus();
});
filter();

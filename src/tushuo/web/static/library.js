// The library: what is selected stays so while one searches on, and months fill in the dates.

import { announce, text } from "./texts.js";

const KEY = "selected";
const results = document.getElementById("results");
const search = document.getElementById("search");
const chosen = document.getElementById("chosen");
const selected = new Set(JSON.parse(sessionStorage.getItem(KEY) || "[]"));

const boxes = () => [...results.querySelectorAll("input[type=checkbox]")];

function show() {
  for (const box of boxes()) box.checked = selected.has(box.value);
  document.getElementById("count").textContent = text("selected", { count: selected.size });
  chosen.classList.toggle("some", selected.size > 0);
  sessionStorage.setItem(KEY, JSON.stringify([...selected]));
}

function pick(wanted, list) {
  for (const box of list) {
    if (wanted) selected.add(box.value); else selected.delete(box.value);
  }
  show();
}

results.addEventListener("change", ({ target }) => pick(target.checked, [target]));
document.getElementById("all").addEventListener("click", () => pick(true, boxes()));
document.getElementById("none").addEventListener("click", () => { selected.clear(); show(); });

// Those selected, or what is searched for, go along with the export.
chosen.addEventListener("formdata", ({ formData }) => {
  for (const number of selected) formData.append("photos", number);
  if (!selected.size) for (const [name, value] of new FormData(search)) formData.append(name, value);
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  show();
  const shown = boxes().length;
  if (detail.target === results) announce(text("found", { count: shown }));
  const asked = new URLSearchParams([...new FormData(search)].filter(([, value]) => value));
  history.replaceState(null, "", `/library${asked.size ? `?${asked}` : ""}`);
});

function fill(month) {
  const [year, number] = month.split("-").map(Number);
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  search.elements.from.value = `${month}-01`;
  search.elements.to.value = `${month}-${last}`;
  search.dispatchEvent(new Event("input", { bubbles: true }));
}

for (const button of document.querySelectorAll(".month")) {
  button.addEventListener("click", () => fill(button.dataset.month));
}

show();

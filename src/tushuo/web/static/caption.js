// Photographs dropped, pasted or chosen: a few at a time go to the server, the others wait here.

import { Refused, send } from "./events.js";
import { Sheet } from "./sheet.js";
import { announce, text } from "./texts.js";

const AT_ONCE = 2;
const drop = document.getElementById("drop");
const sheets = document.getElementById("sheets");
const input = document.getElementById("files");
const waiting = [];
let working = 0;

function take(files) {
  const photographs = [...files].filter((file) => !file.type || file.type.startsWith("image/"));
  if (!photographs.length) { announce(text("no_files")); return; }
  drop.classList.add("small-drop");
  for (const file of photographs) {
    const sheet = new Sheet(file.name);
    const local = URL.createObjectURL(file);
    sheet.show(local);
    sheet.image.addEventListener("load", () => URL.revokeObjectURL(local), { once: true });
    sheet.note(text("waiting"));
    sheets.prepend(sheet.root);
    waiting.push([file, sheet]);
  }
  sheets.firstElementChild.scrollIntoView({ block: "nearest", behavior: "smooth" });
  next();
}

function next() {
  while (working < AT_ONCE && waiting.length) {
    working += 1;
    work(...waiting.shift()).finally(() => { working -= 1; next(); });
  }
}

async function work(file, sheet) {
  sheet.note(text("looking"));
  try {
    await send("/api/captions", file, (name, data) => sheet[name](data), () => sheet.note(text("busy")));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    sheet.fail(error.message);
  }
}

document.getElementById("choose").addEventListener("click", () => input.click());
input.addEventListener("change", () => { take(input.files); input.value = ""; });

document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) { take(event.clipboardData.files); event.preventDefault(); }
});

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files);
});

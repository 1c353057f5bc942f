// One photograph of the library: captioned anew on demand, in its place, to see how.

import { Refused, send } from "./events.js";
import { Sheet } from "./sheet.js";
import { text } from "./texts.js";

const stage = document.getElementById("stage");
const button = document.getElementById("how");

button.addEventListener("click", async () => {
  const number = stage.dataset.photo;
  const sheet = new Sheet(button.textContent);
  sheet.image.alt = stage.querySelector("img").alt;
  sheet.show(`/api/photos/${number}/image`);
  sheet.note(text("looking"));
  sheet.settle(stage, button.parentElement);
  try {
    await send(`/api/photos/${number}/captions`, null, (name, data) => sheet[name](data), () => sheet.note(text("busy")));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    sheet.fail(error.message);
  }
});

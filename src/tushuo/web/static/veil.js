// The attention of a word: the photograph stays bright where the network looked.

const DARK = "rgba(9, 10, 13, 0.74)";
const MOST = 900; // pixels; more would not be seen behind such soft edges

// Lays attention (h rows of w) over the part of a picture that region (left, top, right, bottom) names.
export function draw(canvas, attention, region) {
  const box = canvas.getBoundingClientRect();
  const scale = Math.min(1, MOST / Math.max(box.width, box.height, 1));
  canvas.width = Math.max(1, Math.round(box.width * scale));
  canvas.height = Math.max(1, Math.round(box.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = DARK;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const [left, top, right, bottom] = region;
  const width = (right - left) * canvas.width, height = (bottom - top) * canvas.height;
  pen.globalCompositeOperation = "destination-out";
  pen.imageSmoothingQuality = "high";
  pen.filter = `blur(${0.4 * Math.min(width / attention[0].length, height / attention.length)}px)`;
  pen.drawImage(light(attention), left * canvas.width, top * canvas.height, width, height);
}

function light(attention) {
  const rows = attention.length, columns = attention[0].length;
  const values = attention.flat(), least = Math.min(...values);
  const most = Math.max(...values) - least || 1;
  const grid = new OffscreenCanvas(columns, rows);
  const pen = grid.getContext("2d"), pixels = pen.createImageData(columns, rows);
  values.forEach((value, i) => { pixels.data[4 * i + 3] = Math.round(255 * (value - least) / most); });
  pen.putImageData(pixels, 0, 0);
  return grid;
}

export function clear(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

"""A server with the shipped captioner and the sample photographs, and a browser to visit it."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from tushuo.caption import load_captioner
from tushuo.photos import Library
from tushuo.web.app import create_app
from tushuo.web.guard import Access
from tushuo.web.server import listen
from web.samples import exif

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DOG, KITTEN = SAMPLES / "dog.jpg", SAMPLES / "kitten.jpg"
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} is installed")
    return found


def sample_library(folder: Path, captioner) -> Path:
    """The sample photographs, taken in different months in two places."""
    photos = folder / "photos"
    photos.mkdir()
    for month, path in enumerate(sorted(SAMPLES.glob("*.jpg")), start=1):
        copy = Path(shutil.copy(path, photos))
        place = (48.1, 11.6) if month % 2 else (-33.9, 18.4)
        exif(copy, taken=f"2024:0{month}:10 10:00:00", camera="Canon EOS R5", place=place)
    with Library(folder / "library.db") as library:
        library.index([photos], captioner)
    return folder / "library.db"


@contextmanager
def serving(folder: Path, *, token: str | None = None):
    """The address of a server that runs in another thread."""
    captioner = load_captioner("flickr8k-en")
    access = Access("127.0.0.1", token)
    app = create_app(captioner, sample_library(folder, captioner), access=access)
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


class Visit:
    """A page in a context of its own; what goes wrong in it is noted."""

    def __init__(self, browser, home, **options):
        self.home, self.wrong = home, []
        self.context = browser.new_context(base_url=home, **options)
        self.context.on("request", self._requested)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)

    def _requested(self, request):
        if not request.url.startswith((self.home, f"blob:{self.home}")):
            self.wrong.append(f"a request leaves the machine: {request.url}")

    def _said(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text}")

    def give(self, *paths: Path, how: str = "drop") -> None:
        """Drop or paste files, as a person does."""
        files = [[path.name, list(path.read_bytes())] for path in paths]
        self.page.evaluate(_GIVE, [how, files])

    def words(self):
        self.page.wait_for_selector(".sheet .word")
        return self.page.locator(".sheet").first.locator(".word")

    def until(self, holds: str) -> None:
        """Wait for an expression; Playwright's own way needs what the pages' policy forbids."""
        end = time.monotonic() + 60
        while not self.page.evaluate(holds):
            assert time.monotonic() < end, holds
            time.sleep(0.05)

    def see_graph(self) -> None:
        """Wait until the picture of a graph is there."""
        self.until("document.querySelector('.scroller img')?.naturalWidth > 2000")

    def bright(self) -> float:
        """How much of the photograph is not under the veil, 0 to 1; 1 where there is none."""
        return self.page.evaluate(_BRIGHT)

    def violations(self) -> list[str]:
        """What axe-core finds."""
        if not AXE.is_file():
            pytest.skip(f"needs axe-core: {AXE} is absent (make test-browser brings it)")
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run().then((result) => result.violations)")
        return [
            f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")


_GIVE = """([how, files]) => {
  const data = new DataTransfer();
  for (const [name, bytes] of files) {
    const type = name.endsWith(".jpg") ? "image/jpeg" : "";
    data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  }
  const about = { bubbles: true, cancelable: true };
  const event = how === "paste"
    ? new ClipboardEvent("paste", { ...about, clipboardData: data })
    : new DragEvent("drop", { ...about, dataTransfer: data });
  document.getElementById("drop")?.dispatchEvent(event) ?? document.dispatchEvent(event);
}"""
_BRIGHT = """() => {
  const canvas = document.querySelector(".frame canvas");
  if (!canvas.width || !canvas.height) return 1;
  const pen = new OffscreenCanvas(canvas.width, canvas.height)
    .getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  let veiled = 0;
  for (let i = 3; i < data.length; i += 4) veiled += data[i];
  return 1 - veiled / (255 * data.length / 4);
}"""

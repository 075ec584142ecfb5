"""What cannot be seen on a slide: found in Chromium, without reveal.js and without a picture.

``python -m tests.course.decks build/slides`` looks through decks that `make slides` has made.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.web.tabs import Tab, Tabs

__all__ = ["flaws", "lay_out"]

#: In the place of reveal.js, which comes from npm: every slide is as large, and none is hidden.
_REVEAL = """
window.RevealNotes = {};
window.Reveal = { initialize: () => Promise.resolve(), layout: () => {} };
"""
_SHEET = ".reveal .slides { width: 1280px; } .reveal .slides section { position: relative; }"
#: Letters smaller than this are not read from the last row: 1.4 % of a slide's height.
_LEAST_PX = 10
_FIND = """least => {
  const slides = document.querySelector(".reveal .slides");
  slides.classList.add("fitting");
  const found = [];
  const shown = one => one.getBoundingClientRect().width > 0;
  const pages = [...slides.querySelectorAll("section:not(:has(section))")];
  for (const [number, slide] of pages.entries()) {
    const flaw = (what, text) =>
      found.push(`slide ${number + 1}: ${what}: ${text.trim().replace(/\\s+/g, " ").slice(0, 80)}`);
    if (slide.dataset.fits !== "true") flaw("more than it has room for", slide.textContent);
    const page = slide.getBoundingClientRect();
    for (const one of slide.querySelectorAll("*")) {
      if (!shown(one) || one.closest("aside")) continue;
      const box = one.getBoundingClientRect();
      if (box.right > page.right + 1 || box.bottom > page.bottom + 1)
        flaw("stands beyond the slide", one.textContent);
      const { overflowX, overflowY } = getComputedStyle(one);
      if (/auto|scroll/.test(overflowY) && one.scrollHeight > one.clientHeight + 2)
        flaw("scrolls down", one.textContent);
      if (/auto|scroll|hidden/.test(overflowX) && one.scrollWidth > one.clientWidth + 2)
        flaw("scrolls aside, or is cut", one.textContent);
      if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
      const svg = one.closest("svg");
      const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
      if (parseFloat(getComputedStyle(one).fontSize) * scale < least)
        flaw("too small to be read", one.textContent);
      if (svg) {
        const edge = svg.getBoundingClientRect();
        if (box.left < edge.left - 1 || box.right > edge.right + 1)
          flaw("a label is cut", one.textContent);
      }
    }
  }
  return found;
}"""


def lay_out(folder: Path) -> None:
    """Put beside decks what they need, as far as it matters for room."""
    dist = folder / "reveal.js" / "dist"
    if not dist.exists():
        (dist / "theme").mkdir(parents=True)
        (dist / "reveal.js").write_text(_REVEAL)
        (dist / "reveal.css").write_text(_SHEET)
        (dist / "theme" / "white.css").write_text("body { font-family: sans-serif }")


def flaws(tabs: Tabs, deck: Path) -> list[str]:
    """What cannot be seen of a deck beside which `lay_out` has been; each in a line."""
    tab: Tab = tabs.open(deck.as_uri())
    tab.wait_for_function("() => document.documentElement?.dataset.fitted === 'true'")
    told: Any = tab.evaluate(_FIND, _LEAST_PX)
    return [f"{deck.name}: {each}" for each in told]


def main(folder: Path) -> int:
    """Tell the flaws of all decks of a folder; 1 if there are any."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as name, Tabs() as tabs:
        lay_out(Path(name))
        for deck in sorted(folder.glob("*.slides.html")):
            found += flaws(tabs, Path(shutil.copy(deck, name)))
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

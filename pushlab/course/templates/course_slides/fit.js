// Chooses each slide's type, so that all of it is seen: text as large as there is room for, a chart
// over the full width if its text stays readable, the bytes of a conversation in what is left.
(() => {
  const TEXT_PX = [36, 33, 30, 28, 26, 24, 22, 20, 18, 17];
  const BESIDE_PX = [28, 26, 24, 22, 20]; // beside a chart or bytes: these are what is looked at
  const FORMULA_EM = [1, 0.92, 0.85, 0.78, 0.7];
  const WIRE_PX = [24, 22, 20, 19, 18, 17, 16, 15, 14, 13, 12];
  const CHART_PERCENT = [100, 97, 94, 91, 88, 85, 80, 75, 70, 65, 60];
  const WIDE_ENOUGH = 5; // of those: from here on, smaller text is tried first
  const CODE_PX = { most: 24, beside: 17 };
  const CHART = "svg.pushlab-chart, .jp-RenderedSVG svg, .jp-RenderedImage img";

  const fits = (slide) =>
    slide.scrollHeight <= slide.clientHeight && slide.scrollWidth <= slide.clientWidth;

  function fit(slide) {
    const set = (name, value) => slide.style.setProperty(name, value);
    const tries = slide.querySelector(CHART) ? charts() : slide.querySelector(".pushlab-wire") ? bytes() : texts();
    for (const { text, formula = 1, code = CODE_PX.beside, chart = 100, wire = 0 } of tries) {
      set("--type", `${text}px`);
      set("--formula", `${formula}em`);
      set("--code", `${code}px`);
      set("--chart", `${chart}%`);
      set("--wire", `${wire}px`);
      const formulas = [...slide.querySelectorAll(".jp-MarkdownOutput > pre")];
      if (fits(slide) && formulas.every((one) => one.scrollWidth <= one.clientWidth)) return true;
    }
    return false;
  }

  function* texts() {
    for (const text of TEXT_PX) {
      for (const formula of FORMULA_EM) {
        if (text * formula >= 20 || formula === 1) yield { text, formula, code: Math.min(CODE_PX.most, Math.round(text * 0.72)) };
      }
    }
  }

  function* charts() {
    for (const widths of [CHART_PERCENT.slice(0, WIDE_ENOUGH), CHART_PERCENT]) {
      for (const text of BESIDE_PX) for (const chart of widths) yield { text, chart };
    }
  }

  function* bytes() {
    for (const wire of WIRE_PX) yield { text: wire > 18 ? 24 : 20, wire };
  }

  window.fitSlides = async () => {
    await document.fonts.ready;
    const slides = document.querySelector(".reveal .slides");
    slides.classList.add("fitting");
    for (const slide of slides.querySelectorAll("section")) {
      if (slide.querySelector("section") || slide.classList.contains("stack")) continue;
      slide.dataset.fits = String(fit(slide));
    }
    slides.classList.remove("fitting");
    Reveal.layout();
    document.documentElement.dataset.fitted = "true";
  };
})();

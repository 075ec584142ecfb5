// Chooses each slide's type, so that all of it is seen: text as large as there is room for, a chart
// over the full width if its text stays readable, the bytes of a conversation in what is left.
(() => {
  const TEXT_PX = [36, 33, 30, 28, 26, 24, 22, 20];
  const BESIDE_PX = [28, 26, 24, 22, 20]; // beside a chart or bytes: these are what is looked at
  const WIRE_PX = [26, 24, 22, 20, 19, 18, 17, 16, 15, 14, 13, 12];
  const CHART_PERCENT = [100, 97, 94, 91, 88, 85, 80, 75, 70, 65, 60];
  const WIDE_ENOUGH = 5; // of those: from here on, smaller text is tried first

  const fits = (slide) =>
    slide.scrollHeight <= slide.clientHeight && slide.scrollWidth <= slide.clientWidth;

  /** Whether each line of a formula or of code stands on one line. */
  const unbroken = (slide) =>
    [...slide.querySelectorAll(".jp-MarkdownOutput > pre")].every(
      (one) => one.scrollWidth <= one.clientWidth,
    );

  function fit(slide) {
    const set = (name, value) => slide.style.setProperty(name, value);
    const chart = slide.querySelector("svg.pushlab-chart, .jp-RenderedSVG svg, .jp-RenderedSVG img, .jp-RenderedImage img");
    const wire = slide.querySelector(".pushlab-wire");
    if (chart) {
      for (const widths of [CHART_PERCENT.slice(0, WIDE_ENOUGH), CHART_PERCENT]) {
        for (const text of BESIDE_PX) {
          set("--type", `${text}px`);
          for (const width of widths) {
            set("--chart", `${width}%`);
            if (fits(slide)) return true;
          }
        }
      }
      return false;
    }
    for (const text of wire ? BESIDE_PX : TEXT_PX) {
      set("--type", `${text}px`);
      for (const bytes of wire ? WIRE_PX.filter((px) => px <= text && (px >= 16 || text === 20)) : [0]) {
        set("--wire", `${bytes}px`);
        if (fits(slide) && unbroken(slide)) return true;
      }
    }
    return fits(slide);
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

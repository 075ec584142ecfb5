// @ts-check
/**
 * Where a moment of a conversation stands in its diagram: time runs down, to scale.
 *
 * What follows at once cannot be read to scale: two arrows are set apart by less than a line's
 * height, and three or more are spread over a band, which the diagram marks as stretched. Below a
 * band the scale is the same again.
 */

/** @typedef {{y: number, above: boolean}} Row an arrow's height, and whether its words stand above */
/** @typedef {{top: number, bottom: number, from_ms: number, to_ms: number}} Band stretched */
/** @typedef {{rows: Row[], bands: Band[], at: (ms: number) => number}} Scale */

const ROW = 23; // between two arrows of a band: a line of words
const PAIR = 9; // between an arrow with words above and one with words below
const BETWEEN = 40; // from words below to words above, those included

/**
 * @param {readonly number[]} moments when each piece crossed, in ms, in order
 * @param {number} top where 0 ms stands
 * @param {number} perMs
 * @returns {Scale}
 */
export function scaleOf(moments, top, perMs) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {Band[]} */
  const bands = [];
  let shift = top; // what stands before 0 ms, bands included
  for (let first = 0; first < moments.length; ) {
    const size = together(moments, first, perMs);
    const last = first + size - 1;
    const y = shift + moments[first] * perMs;
    const px = (moments[last] - moments[first]) * perMs;
    if (size <= 2) {
      rows.push({ y, above: true });
      if (size === 2) rows.push({ y: y + Math.max(PAIR, px), above: false });
    } else {
      const bottom = y + Math.max(px, (size - 1) * ROW);
      for (let i = first; i <= last; i += 1) rows.push({ y: y + ((bottom - y) * (i - first)) / (size - 1), above: true });
      bands.push({ top: y, bottom, from_ms: moments[first], to_ms: moments[last] });
      shift += bottom - y - px;
    }
    first = last + 1;
  }
  const at = (/** @type {number} */ ms) => {
    let y = top + ms * perMs;
    for (const band of bands) {
      if (ms <= band.from_ms) break;
      const part = Math.min(1, (ms - band.from_ms) / Math.max(1e-9, band.to_ms - band.from_ms));
      y += part * (band.bottom - band.top - (band.to_ms - band.from_ms) * perMs);
    }
    return half(y);
  };
  return { rows: rows.map((row) => ({ ...row, y: half(row.y) })), bands, at };
}

/** To half a pixel, whose sums have no long tails. @param {number} y */
const half = (y) => Math.round(y * 2) / 2;

/**
 * How many pieces, from this one on, are too close for each to have a place of its own.
 * @param {readonly number[]} moments
 * @param {number} first
 * @param {number} perMs
 */
function together(moments, first, perMs) {
  let size = 1;
  for (; first + size < moments.length; size += 1) {
    const last = first + size - 1;
    const px = (moments[last + 1] - moments[last]) * perMs;
    const set = size === 2 ? Math.max(0, PAIR - (moments[last] - moments[first]) * perMs) : 0;
    if (px - set >= (size === 2 ? BETWEEN : ROW)) break;
  }
  return size;
}

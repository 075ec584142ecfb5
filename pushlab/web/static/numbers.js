// @ts-check
/** How numbers read on a page: few digits, one unit, no surprises. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @param {number} value */
export function count(value) {
  return WHOLE.format(value);
}

/**
 * Two or three digits that matter, no exponent.
 * @param {number} value
 */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return WHOLE.format(value);
  if (size >= 0.095) return value.toFixed(size >= 10 ? 1 : 2);
  return String(+value.toFixed(size >= 0.0095 ? 3 : 4));
}

/**
 * A time in milliseconds, as [number, unit].
 * @param {number | null | undefined} ms
 * @returns {[string, string]}
 */
export function time(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return ["–", ""];
  if (ms < 0) ms = 0;
  if (ms < 9.95) return [ms.toFixed(1), "ms"];
  if (ms < 999.5) return [ms.toFixed(0), "ms"];
  if (ms < 99_950) return [(ms / 1000).toFixed(ms < 9_995 ? 2 : 1), "s"];
  return [WHOLE.format(ms / 1000), "s"];
}

/** The middle one; NaN of nothing. @param {ArrayLike<number>} values */
export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * A size, as [number, unit]; thousands, as a network counts.
 * @param {number} bytes
 * @returns {[string, string]}
 */
export function size(bytes) {
  if (bytes < 1_000) return [WHOLE.format(bytes), "B"];
  if (bytes < 1_000_000) return [(bytes / 1e3).toFixed(bytes < 99_950 ? 1 : 0), "kB"];
  if (bytes < 1e9) return [(bytes / 1e6).toFixed(bytes < 99.95e6 ? 1 : 0), "MB"];
  return [(bytes / 1e9).toFixed(2), "GB"];
}

/**
 * "1 hit", "2 hits".
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export function counted(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * "once", "twice", "3 times".
 * @param {number} value
 */
export function times(value) {
  if (value === 1) return "once";
  return value === 2 ? "twice" : `${count(value)} times`;
}

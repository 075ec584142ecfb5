// @ts-check
/** The race's controls: sliders over useful values, and situations to try. */

import { count, short, size } from "./numbers.js";
import { element } from "./page.js";

/** @typedef {import("./race_words.js").Settings} Settings */

const every = (/** @type {number} */ s) => `every ${s} s`;

/** @type {{key: keyof Settings, label: string, values: number[], says: (value: number) => string}[]} */
const SLIDERS = [
  {
    key: "rate_per_s",
    label: "Publish rate",
    values: [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50],
    says: (rate) => {
      if (rate === 0) return "nothing";
      return rate >= 1 ? `${short(rate)} per s` : `every ${short(+(1 / rate).toFixed(1))} s`;
    },
  },
  {
    key: "poll_interval_s",
    label: "Poll interval",
    values: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60],
    says: every,
  },
  {
    key: "payload_bytes",
    label: "Payload",
    values: [60, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 32_000],
    says: (bytes) => size(bytes).join(" "),
  },
  {
    key: "clients",
    label: "Clients per lane",
    values: [1, 2, 5, 10, 20, 50, 100, 200],
    says: (clients) => count(clients),
  },
  {
    key: "one_way_ms",
    label: "One-way delay",
    values: [0, 10, 25, 50, 100, 200, 300, 500, 1000],
    says: (ms) => (ms === 0 ? "none" : `${count(ms)} ms`),
  },
];

/** A situation is all that can be set: what stood before it is gone.
 * @type {{key: string, name: string, says: string, settings: Settings}[]} */
export const TRIES = [
  {
    key: "0",
    name: "Silence",
    says: "Nothing is published, and a poll every half second.",
    settings: { rate_per_s: 0, poll_interval_s: 0.5, payload_bytes: 200, clients: 1, one_way_ms: 0 },
  },
  {
    key: "1",
    name: "Quiet",
    says: "A message every 5 seconds, and a poll every half second.",
    settings: { rate_per_s: 0.2, poll_interval_s: 0.5, payload_bytes: 200, clients: 1, one_way_ms: 0 },
  },
  {
    key: "2",
    name: "Every day",
    says: "A message every 2 seconds, and a poll every second.",
    settings: { rate_per_s: 0.5, poll_interval_s: 1, payload_bytes: 200, clients: 1, one_way_ms: 0 },
  },
  {
    key: "3",
    name: "Busy",
    says: "20 messages a second, and a poll every 2 seconds.",
    settings: { rate_per_s: 20, poll_interval_s: 2, payload_bytes: 200, clients: 1, one_way_ms: 0 },
  },
  {
    key: "4",
    name: "Crowd",
    says: "100 clients in every lane.",
    settings: { rate_per_s: 1, poll_interval_s: 2, payload_bytes: 200, clients: 100, one_way_ms: 0 },
  },
  {
    key: "5",
    name: "Far away",
    says: "300 milliseconds each way, to every client.",
    settings: { rate_per_s: 1, poll_interval_s: 2, payload_bytes: 200, clients: 1, one_way_ms: 300 },
  },
];

/** The sliders, in their place. */
export class Controls {
  /**
   * @param {HTMLElement} place
   * @param {(change: Partial<Settings>) => void} onChange is told of every step of a hand
   */
  constructor(place, onChange) {
    /** @type {Map<string, {input: HTMLInputElement, output: HTMLElement}>} */
    this._sliders = new Map();
    for (const slider of SLIDERS) {
      const id = `set-${slider.key}`;
      const input = element("input", {
        type: "range", id, min: 0, max: slider.values.length - 1, step: 1, name: slider.key,
      });
      const output = element("output", { for: id });
      input.addEventListener("input", () => onChange({ [slider.key]: slider.values[Number(input.value)] }));
      this._sliders.set(slider.key, { input, output });
      place.append(
        element("div", { class: "field" }, element("div", {}, element("label", { for: id }, slider.label), output), input),
      );
    }
  }

  /**
   * @param {typeof SLIDERS[number]} slider
   * @param {{input: HTMLInputElement, output: HTMLElement}} shown
   * @param {number} value
   */
  _say(slider, { input, output }, value) {
    const text = slider.says(value);
    if (output.textContent !== text) {
      output.textContent = text;
      input.setAttribute("aria-valuetext", text);
    }
  }

  /**
   * Go to the slider before or behind the one that has the keys; left and right move it then.
   * @param {number} by
   */
  step(by) {
    const inputs = [...this._sliders.values()].map(({ input }) => input);
    const at = inputs.indexOf(/** @type {any} */ (document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : inputs.length - 1) : (at + by + inputs.length) % inputs.length;
    inputs[next].focus();
  }

  /** @param {boolean} may whether this page may set anything */
  allow(may) {
    for (const { input } of this._sliders.values()) input.disabled = !may;
  }

  /** Show the settings as they are; another page may have made them. @param {Settings} settings */
  show(settings) {
    for (const slider of SLIDERS) {
      const shown = /** @type {any} */ (this._sliders.get(slider.key));
      const value = /** @type {number} */ (settings[slider.key]);
      const nearest = String(nearestIndex(slider.values, value));
      if (shown.input.value !== nearest) shown.input.value = nearest;
      this._say(slider, shown, value);
    }
  }
}

/**
 * @param {number[]} values
 * @param {number} value
 */
function nearestIndex(values, value) {
  const off = values.map((each) => Math.abs(each - value));
  return off.indexOf(Math.min(...off));
}

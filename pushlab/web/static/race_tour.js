// @ts-check
/**
 * A guided tour of a minute and a half: six scenes, each a comparison of its own, in which the lanes
 * make the point. What is written over them are the lanes' own figures.
 */

import { count, time, times } from "./numbers.js";
import { inVain, perDelivery } from "./race_tally.js";

/** @typedef {import("./race_words.js").Settings} Settings */
/** @typedef {import("./race_words.js").Shown} Shown */
/** @typedef {(name: string) => Shown | undefined} Lanes */

/**
 * @typedef {object} Scene
 * @property {number} seconds how long it is shown
 * @property {Partial<Settings>} settings
 * @property {string[]} spot the lanes in the light; the others stand back
 * @property {number[]} [publishAt] when a message is published by hand, in seconds
 * @property {(lanes: Lanes) => string} says
 */

const NEAR = { payload_bytes: 200, one_way_ms: 0 };
const POLL = "short-polling";
const ASKERS = [POLL, "long-polling"];

/** @type {Scene[]} */
export const SCENES = [
  {
    seconds: 12,
    settings: { ...NEAR, rate_per_s: 0, poll_interval_s: 0.5, clients: 1 },
    spot: [POLL],
    says: (lanes) => {
      const asked = lanes(POLL)?.tally.asked ?? 0;
      return asked ? `Nobody speaks. Short polling asks: ${times(asked)}.` : "Nobody speaks.";
    },
  },
  {
    seconds: 14,
    settings: { ...NEAR, rate_per_s: 0, poll_interval_s: 5, clients: 1 },
    spot: [POLL, "websocket"],
    publishAt: [3, 8.5],
    says: (lanes) => {
      const [poll, push] = [lanes(POLL), lanes("websocket")];
      if (!push?.tally.messages) return "One message. Who hears it?";
      if (!poll?.tally.messages) return "WebSocket has it. Short polling has not asked yet.";
      return `After ${told(push)} by WebSocket, after ${told(poll)} by short polling.`;
    },
  },
  {
    seconds: 18,
    settings: { ...NEAR, rate_per_s: 0.5, poll_interval_s: 1, clients: 10 }, // enough for 61 % to be seen
    spot: ASKERS,
    says: (lanes) => {
      const poll = lanes(POLL);
      if (!poll?.tally.asked) return "A message now and then.";
      const { empty, asked } = poll.tally;
      return `${count(empty)} of ${count(asked)} questions for nothing: ${inVain(poll.tally)} %.`;
    },
  },
  {
    seconds: 14,
    settings: { ...NEAR, rate_per_s: 0.5, poll_interval_s: 5, clients: 1 },
    spot: [POLL],
    says: (lanes) => {
      const poll = lanes(POLL);
      if (!poll?.tally.messages) return "Ask less often.";
      return `Ask less often: ${perDelivery(poll.tally)} hits per delivery, and news is ${told(poll)} old.`;
    },
  },
  {
    seconds: 14,
    settings: { ...NEAR, rate_per_s: 20, poll_interval_s: 2, clients: 1 },
    spot: ASKERS,
    says: (lanes) => {
      const [poll, long] = [lanes(POLL), lanes("long-polling")];
      if (!poll?.tally.messages || !long?.tally.messages) return "Many messages.";
      return `Many messages. Hits per delivery: short polling ${perDelivery(poll.tally)}, long polling ${perDelivery(long.tally)}.`;
    },
  },
  {
    seconds: 18,
    settings: { ...NEAR, rate_per_s: 0.5, poll_interval_s: 1, clients: 100 },
    spot: [POLL, "websocket"],
    says: (lanes) => {
      const [poll, push] = [lanes(POLL), lanes("websocket")];
      if (!poll?.tally.known || !push) return "A hundred clients.";
      return `A hundred clients. Hits: short polling ${count(poll.tally.hits)}, WebSocket ${count(push.tally.hits)}.`;
    },
  },
];

export const TOUR_S = SCENES.reduce((all, scene) => all + scene.seconds, 0);

/** @param {Shown} lane */
function told(lane) {
  return time(lane.medianMs).join(" ");
}

/** Goes through the scenes; `tick` is called again and again, with the time. */
export class Tour {
  /**
   * @param {object} does
   * @param {(settings: Partial<Settings>) => void} does.change
   * @param {() => void} does.publish
   * @param {() => void} does.ended the last scene is over
   */
  constructor({ change, publish, ended }) {
    this._change = change;
    this._publish = publish;
    this._ended = ended;
    this._at = -1; // the scene; -1: none
    this._published = 0;
    this._begunMs = 0;
    this._sceneMs = 0;
  }

  /** @returns {Scene | null} what is shown now */
  get scene() {
    return SCENES[this._at] ?? null;
  }

  /** @param {number} nowMs */
  start(nowMs) {
    this._begunMs = this._sceneMs = nowMs;
    this._enter(0);
  }

  stop() {
    this._at = -1;
  }

  /** It stood still for so long. @param {number} ms */
  wait(ms) {
    this._begunMs += ms;
    this._sceneMs += ms;
  }

  /** How much of the tour is over, from 0 to 1. @param {number} nowMs */
  progress(nowMs) {
    return Math.min(1, (nowMs - this._begunMs) / 1000 / TOUR_S);
  }

  /** @param {number} nowMs */
  tick(nowMs) {
    const { scene } = this;
    if (scene === null) return;
    const shownS = (nowMs - this._sceneMs) / 1000;
    if (shownS >= scene.seconds) {
      this._sceneMs += scene.seconds * 1000;
      this._enter(this._at + 1);
    } else if (shownS >= (scene.publishAt?.[this._published] ?? Infinity)) {
      this._published += 1;
      this._publish();
    }
  }

  /** @param {number} at */
  _enter(at) {
    this._at = at < SCENES.length ? at : -1;
    this._published = 0;
    if (this.scene) this._change(this.scene.settings);
    else this._ended();
  }
}

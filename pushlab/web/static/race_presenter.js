// @ts-check
/**
 * The presenter's key, as far as this page has it: from the address that `pushlab serve` prints, or
 * from the server, which gives it to a page of its own machine. With it a locked race can be driven.
 *
 * The address bar does not keep it, since a projector shows that.
 */

import { keep } from "./page.js";

const KEPT = "pushlab-race-key";

export class PresenterKey {
  constructor() {
    this.key = "";
    try {
      this.key = localStorage.getItem(KEPT) ?? "";
    } catch {
      // Storage may be forbidden: then the key lasts as long as the page.
    }
    const given = new URLSearchParams(location.hash.slice(1)).get("key");
    if (given) {
      this.learn(given);
      history.replaceState(null, "", location.pathname + location.search);
    }
  }

  /** @param {string} key */
  learn(key) {
    this.key = key;
    keep(localStorage, KEPT, key);
  }

  forget() {
    if (this.key === "") return;
    this.key = "";
    keep(localStorage, KEPT, null);
  }

  /**
   * What is posted, with the key if there is one.
   * @param {object} body
   */
  with(body) {
    return this.key ? { ...body, key: this.key } : body;
  }
}

// @ts-check
/** A link to pass on: shown, and copied by a button where the browser allows that. */

import { element } from "./page.js";

/**
 * @param {HTMLElement} place an empty element
 * @param {string} label
 * @param {string} url
 */
export function shareLink(place, label, url) {
  const shown = element("input", { readonly: true, value: url, "aria-label": label });
  const said = element("span", { class: "unseen", role: "status" });
  const button = element("button", { type: "button" }, "Copy the link");
  const tell = (/** @type {string} */ text) => {
    button.textContent = said.textContent = text;
    setTimeout(() => {
      button.textContent = "Copy the link";
    }, 2500);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(url); // pages from afar and without TLS have none
      tell("Copied");
    } catch {
      shown.focus();
      shown.select();
      tell("Selected: copy it");
    }
  });
  shown.addEventListener("focus", () => shown.select());
  place.replaceChildren(shown, button, said);
}

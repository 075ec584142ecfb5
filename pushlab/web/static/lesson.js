// @ts-check
/** The lesson: for each transport a conversation that was just held, as a sequence diagram. */

import { Diagram } from "./lesson_diagram.js";
import { fateOf, figuresOf, LESSONS, newsIn, waitsOf } from "./lesson_words.js";
import { count, counted, size, time, times } from "./numbers.js";
import { byId, dressPage, element, hubUrl, markOf, postJson, Problem, tellTrouble, titleOf, TRANSPORTS } from "./page.js";

/** @typedef {import("./lesson_words.js").Talk} Talk */

const AGAIN_MS = 1500;
const MOST_TRIES = 40;

const page = dressPage({ here: "" });
const diagram = new Diagram(byId("diagram"), choose);

/** @type {Map<string, Talk>} */
const talks = new Map();
/** @type {Map<string, string>} why there is none */
const troubles = new Map();
/** @type {Map<string, Promise<void>>} conversations under way */
const underWay = new Map();
let shown = TRANSPORTS[0].name;

// ---- holding conversations ----------------------------------------------------------------------

/** Hold one conversation, and show it if it is the one that is looked at. @param {string} transport */
function converse(transport) {
  let one = underWay.get(transport);
  if (!one) {
    one = held(transport).finally(() => {
      underWay.delete(transport);
      if (transport === shown) show();
      fillRow(transport);
    });
    underWay.set(transport, one);
  }
  if (transport === shown) show();
  return one;
}

/** @param {string} transport */
async function held(transport) {
  for (let tries = 1; ; tries += 1) {
    try {
      talks.set(transport, await postJson("demo/lesson", { transport }));
      troubles.delete(transport);
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // A class that opens the page together: each waits for its turn, for a time of its own.
      if ((error.status !== 429 && error.error !== "busy") || tries === MOST_TRIES) {
        troubles.set(transport, error.message);
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * (0.5 + Math.random())));
  }
}

// ---- the one that is looked at ------------------------------------------------------------------

/** @param {string} transport */
function select(transport) {
  shown = transport;
  for (const tab of byId("tabs").children) {
    const on = tab.dataset.transport === transport;
    tab.setAttribute("aria-selected", String(on));
    tab.setAttribute("tabindex", on ? "0" : "-1");
  }
  for (const row of byId("rows").children) row.classList.toggle("shown", row.id === `row-${transport}`);
  const { saying, how, look } = LESSONS[transport];
  byId("panel").dataset.transport = transport;
  byId("panel").setAttribute("aria-labelledby", `tab-${transport}`);
  byId("title").replaceChildren(titleOf(transport), markOf(transport));
  byId("saying").textContent = saying;
  byId("how").textContent = how;
  byId("look").textContent = look;
  if (!talks.has(transport)) converse(transport);
  else show();
}

function show() {
  const talk = talks.get(shown);
  const busy = underWay.has(shown);
  const trouble = busy ? undefined : troubles.get(shown);
  byId("diagram").setAttribute("aria-busy", String(busy));
  byId("diagram").classList.toggle("old", busy || !talk);
  byId("again").disabled = busy;
  tellTrouble(byId("trouble"), trouble ? `No conversation: ${trouble}.` : "");
  byId("bytes").hidden = !talk;
  if (!talk) {
    byId("diagram").replaceChildren();
    byId("result").textContent = busy ? "They are talking; it takes two seconds …" : "";
    return;
  }
  byId("result").textContent = busy ? "They are talking again; it takes two seconds …" : resultOf(talk);
  const news = talk.pieces.findIndex((piece) => newsIn(piece, talk.published).length > 0);
  /** @type {import("./lesson_diagram.js").Stop} */
  const chosen = { kind: "piece", index: Math.max(0, news) };
  diagram.show(talk, chosen);
  choose(chosen);
}

/** @param {Talk} talk */
function resultOf(talk) {
  const { sent, vain, messages, longestMs } = figuresOf(talk);
  const nothing = vain > 0 ? `, ${count(vain)} of them for nothing` : "";
  const wait = Number.isNaN(longestMs) ? "" : ` The longest wait of a message: ${time(longestMs).join(" ")}.`;
  return `The client spoke ${times(sent)}${nothing}; ${counted(messages, "message")} came.${wait}`;
}

/** Show an arrow's bytes, or what is published. @param {import("./lesson_diagram.js").Stop} stop */
function choose({ kind, index }) {
  const talk = talks.get(shown);
  if (!talk) return;
  diagram.choose({ kind, index });
  if (kind === "piece") showPiece(talk, talk.pieces[index]);
  else showSaid(talk, index);
}

/** @param {Talk} talk @param {import("./lesson_words.js").Piece} piece */
function showPiece(talk, piece) {
  const other = talk.peer === "broker" ? "Broker" : "Server";
  const way = piece.sender === "client" ? `Client → ${other}` : `${other} → Client`;
  byId("bytes-title").textContent = way;
  const facts = [`at ${time(piece.at_ms).join(" ")}`, counted(piece.bytes, "byte")];
  if (piece.note) facts.push(piece.note);
  byId("bytes-note").textContent = facts.join(" · ");
  const news = newsIn(piece, talk.published);
  const moments = talk.published.flatMap(({ at_ms, data }, index) => {
    if (!news.includes(data)) return [];
    const wait = time(waitsOf(talk)[index]).join(" ");
    return [`Published at ${time(at_ms).join(" ")}, sent at ${time(piece.at_ms).join(" ")}: it waited ${wait}.`];
  });
  showMoment(moments.join(" "));
  byId("bytes-text").textContent = piece.text;
}

/** @param {Talk} talk @param {number} index */
function showSaid(talk, index) {
  const { at_ms, data } = talk.published[index];
  byId("bytes-title").textContent = "The application publishes";
  const bytes = new TextEncoder().encode(data).length;
  byId("bytes-note").textContent = `at ${time(at_ms).join(" ")} · ${counted(bytes, "byte")}`;
  showMoment(fateOf(talk, index));
  byId("bytes-text").textContent = data;
}

/** @param {string} text */
function showMoment(text) {
  byId("bytes-moment").hidden = text === "";
  byId("bytes-moment").textContent = text;
}

// ---- side by side -------------------------------------------------------------------------------

/** @param {string} transport */
function fillRow(transport) {
  const row = byId(`row-${transport}`);
  const talk = talks.get(transport);
  const cells = [...row.querySelectorAll("td")];
  if (!talk) {
    cells.forEach((cell) => (cell.textContent = "–"));
    return;
  }
  const { sent, vain, messages, longestMs, bytes } = figuresOf(talk);
  const texts = [`${count(sent)} ×`, vain > 0 ? `${count(vain)} ×` : "never", count(messages), time(longestMs).join(" "), size(bytes).join(" ")];
  cells.forEach((cell, index) => (cell.textContent = texts[index]));
}

// ---- begin --------------------------------------------------------------------------------------

for (const { name, title, asks } of TRANSPORTS) {
  byId("tabs").append(
    element(
      "button",
      {
        type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", data: { transport: name },
        on: { click: () => select(name) },
      },
      markOf(name),
      element("span", {}, title, element("small", {}, asks ? "the client asks" : "the server speaks first")),
    ),
  );
  byId("rows").append(
    element(
      "tr",
      { id: `row-${name}` },
      element("th", { scope: "row" }, markOf(name), title),
      ...Array.from({ length: 5 }, () => element("td", {}, "…")),
    ),
  );
}

byId("tabs").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const at = TRANSPORTS.findIndex(({ name }) => name === shown);
  const next = TRANSPORTS[(at + step + TRANSPORTS.length) % TRANSPORTS.length].name;
  select(next);
  byId(`tab-${next}`).focus();
});
byId("again").addEventListener("click", () => converse(shown));
page.addKeys([
  { key: "r", does: "run it again", run: () => converse(shown) },
  ...TRANSPORTS.map(({ name, title }, index) => ({
    key: String(index + 1), does: title, run: () => select(name),
  })),
]);
page.onTheme(() => diagram.redraw());

byId("python").textContent = `import asyncio, pushlab
from pushlab.channel_api import ChannelService

HUB = "${hubUrl("").slice(0, -1)}"

async def main():
    service = ChannelService(HUB, api_key="...")
    token = await asyncio.to_thread(service.create_channel, "ada")
    async with pushlab.connect(HUB, token, transport="websocket") as messages:
        await asyncio.to_thread(service.send_message, "ada", "hello, Ada")
        async for message in messages:
            print(message.seq, message.data)

asyncio.run(main())
`;

const asked = location.hash.slice(1);
select(Object.hasOwn(LESSONS, asked) ? asked : shown);
// The others one by one, so that the comparison fills itself.
(async () => {
  for (const { name } of TRANSPORTS) {
    if (talks.has(name)) continue;
    await converse(name);
  }
})();

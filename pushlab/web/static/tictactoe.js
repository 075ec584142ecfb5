// @ts-check
/**
 * Tic-tac-toe for two, and for all who watch.
 *
 * A move is a post; the board is what the channel told last. A mark that was set here shows at
 * once, but faintly, until it comes back over the channel.
 */

import { Membership } from "./membership.js";
import { byId, drawing, dressPage, element, hubUrl } from "./page.js";
import { counted } from "./numbers.js";

/**
 * @typedef {{name: string, present: boolean}} Player
 * @typedef {{n: number, you: "X" | "O" | "watching", board: string[], turn: string | null,
 *   winner: string | null, line: number[] | null, players: {X: Player | null, O: Player | null},
 *   watching: number, note: string}} State
 */

/** @type {State | null} */
let state = null;
/** The mark that was set here and has not come back. @type {{cell: number, at: number} | null} */
let underway = null;

const cells = Array.from({ length: 9 }, (_, cell) => {
  const button = element("button", { type: "button", class: "cell", tabindex: cell === 0 ? 0 : -1 });
  button.addEventListener("click", () => move(cell));
  button.addEventListener("focus", () => rove(cell));
  button.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => steer(event, cell));
  return button;
});
byId("board").append(...cells);

const membership = new Membership({
  path: "demo/tictactoe",
  place: "game",
  handlers: {
    onjoined(joined) {
      state = underway = null;
      show(joined.state);
    },
    onmessage(told, transport) {
      if (told.type !== "state") return;
      if (underway && told.board[underway.cell] === told.you) {
        membership.meter.trip(transport, performance.now() - underway.at);
        underway = null;
      }
      show(told);
    },
    ongap() {
      byId("notice").textContent = "Some messages were missed; the next one brings the whole board.";
    },
  },
});

// ---- showing ------------------------------------------------------------------------------------

/** @param {State} told */
function show(told) {
  if (state && told.n < state.n) return; // an older one, overtaken
  const before = state;
  state = told;
  showPlayers(told);
  byId("verdict").textContent = verdictOf(told);
  byId("verdict").dataset.turn = told.turn !== null && told.turn === told.you ? "mine" : "";
  byId("notice").textContent = noticeOf(told, before);
  byId("sit").hidden = told.you !== "watching" || (told.players.X !== null && told.players.O !== null);
  byId("again").hidden = told.winner === null || told.you === "watching";
  byId("problem").hidden = true;
  showBoard();
}

/** @param {State} told */
function showPlayers(told) {
  byId("players").replaceChildren(
    .../** @type {("X" | "O")[]} */ (["X", "O"]).map((mark) => {
      const player = told.players[mark];
      const away = player !== null && !player.present;
      return element(
        "li",
        { class: `player${told.turn === mark ? " to-move" : ""}${away ? " away" : ""}` },
        element("span", { class: "player-mark" }, markDrawn(mark)),
        element(
          "span",
          { class: "player-name" },
          player ? element("bdi", {}, player.name) : element("span", { class: "grey" }, "a free seat"),
          told.you === mark ? element("span", { class: "grey" }, " (you)") : null,
        ),
        element("span", { class: "grey player-state" }, player === null ? "" : away ? "left" : "here"),
      );
    }),
  );
  if (told.watching > 0) {
    const are = told.watching === 1 ? "1 person watches" : `${counted(told.watching, "person", "people")} watch`;
    byId("players").append(element("li", { class: "watchers grey" }, are));
  }
}

/**
 * @param {State} told
 * @param {"X" | "O"} mark
 */
function nameOf(told, mark) {
  return told.you === mark ? "You" : (told.players[mark]?.name ?? mark);
}

/** @param {State} told */
function verdictOf(told) {
  const { winner, turn, you } = told;
  if (winner === "draw") return "A draw.";
  if (winner === "X" || winner === "O") {
    return winner === you ? "You have won!" : `${nameOf(told, winner)} (${winner}) has won.`;
  }
  if (turn === "X" || turn === "O") {
    return turn === you ? `Your turn: you are ${you}.` : `${nameOf(told, turn)} (${turn}) is to move.`;
  }
  const free = told.players.X === null && told.players.O === null ? "Both seats are" : "One seat is";
  return you === "watching" ? `${free} free.` : "Waiting for somebody to play with: pass on the link.";
}

/**
 * Who came and who left.
 * @param {State} told
 * @param {State | null} before
 */
function noticeOf(told, before) {
  for (const mark of /** @type {("X" | "O")[]} */ (["X", "O"])) {
    const [player, was] = [told.players[mark], before?.players[mark] ?? null];
    if (told.you === mark) continue;
    if (player && !player.present) return `${player.name} left; the seat is kept for a minute.`;
    if (player && was && !was.present) return `${player.name} is back.`;
    if (player === null && was) return `${was.name} left; the seat is free.`;
    if (player && before && was === null) return `${player.name} has sat down.`;
  }
  return "";
}

function showBoard() {
  if (!state) return;
  const { board, turn, you, line } = state;
  const mayMove = turn !== null && turn === you && underway === null;
  cells.forEach((button, cell) => {
    const faint = underway?.cell === cell && board[cell] === "";
    const mark = faint ? you : board[cell];
    const where = `Row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}`;
    button.setAttribute("aria-label", `${where}: ${mark === "" ? "free" : faint ? `${mark}, sending` : mark}`);
    button.setAttribute("aria-disabled", String(!mayMove || mark !== ""));
    button.classList.toggle("faint", faint);
    button.classList.toggle("won", line !== null && line.includes(cell));
    if (button.dataset.mark !== mark) {
      button.dataset.mark = mark;
      button.replaceChildren(...(mark === "" ? [] : [markDrawn(mark)]));
    }
  });
  const win = byId("win");
  if (line === null) win.replaceChildren();
  else if (!win.firstChild) {
    const [x1, y1, x2, y2] = [line[0], line[2]].flatMap((cell) => [(cell % 3) * 100 + 50, Math.floor(cell / 3) * 100 + 50]);
    // A little beyond the middles of the outer cells.
    const [dx, dy] = [(x2 - x1) * 0.16, (y2 - y1) * 0.16];
    win.append(drawing("line", { x1: x1 - dx, y1: y1 - dy, x2: x2 + dx, y2: y2 + dy, pathLength: 1 }));
  }
}

/** @param {string} mark */
function markDrawn(mark) {
  return drawing(
    "svg",
    { viewBox: "0 0 100 100", class: `drawn ${mark === "X" ? "x" : "o"}`, "aria-hidden": "true" },
    mark === "X"
      ? drawing("path", { d: "M24 24 76 76M76 24 24 76" })
      : drawing("circle", { cx: 50, cy: 50, r: 28 }),
  );
}

// ---- moving -------------------------------------------------------------------------------------

/** @param {number} cell */
async function move(cell) {
  if (!state || cells[cell].getAttribute("aria-disabled") === "true") return;
  const mine = { cell, at: performance.now() };
  underway = mine;
  showBoard();
  try {
    await membership.post("move", { cell });
  } catch (problem) {
    if (underway === mine) underway = null;
    complain(problem);
    showBoard();
  }
}

/** @param {unknown} problem */
function complain(problem) {
  byId("problem").textContent = /** @type {Error} */ (problem).message;
  byId("problem").hidden = false;
}

/** @param {number} cell */
function rove(cell) {
  cells.forEach((button, index) => button.setAttribute("tabindex", index === cell ? "0" : "-1"));
}

/**
 * @param {KeyboardEvent} event
 * @param {number} cell
 */
function steer(event, cell) {
  const [row, column] = [Math.floor(cell / 3), cell % 3];
  const to = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [0, 0],
    End: [2, 2],
  }[event.key];
  if (!to) return;
  event.preventDefault();
  if (to.every((place) => place >= 0 && place < 3)) cells[to[0] * 3 + to[1]].focus();
}

byId("again").addEventListener("click", async () => {
  byId("again").disabled = true;
  try {
    await membership.post("again", {});
    cells[4].focus();
  } catch (problem) {
    complain(problem);
  } finally {
    byId("again").disabled = false;
  }
});

// ---- coming and going ---------------------------------------------------------------------------

const { asked } = membership;
byId("join").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  /** @type {Record<string, string>} */
  const fields = {};
  const name = byId("name").value.trim();
  if (name !== "") fields.name = name;
  if (asked) fields.game = asked;
  membership.enter(fields);
});
byId("leave").addEventListener("click", async () => {
  await membership.leave();
  location.assign(hubUrl("tictactoe"));
});
for (const button of [byId("rejoin"), byId("sit")]) {
  button.addEventListener("click", () => membership.rejoin().catch(complain));
}

const page = dressPage({ here: "tictactoe" });
page.addKeys([{ key: "b", does: "to the board", run: () => cells.find((cell) => cell.tabIndex === 0)?.focus() }]);

const before = membership.recall();
byId("name").value = before?.name ?? "";
if (asked) {
  byId("invitation").textContent = "You are invited to a game. The first two play; all others watch.";
  byId("enter").textContent = "Join the game";
  byId("afresh").hidden = false;
  if (before && before.game === asked) membership.enter(before);
}

// The npm package ws; a loop comes back.
import { createRequire } from "node:module";

const WebSocket = createRequire(`${process.env.NODE_PATH}/`)("ws");
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
let after = "";

function open() {
  const place = process.env.HUB.replace("http", "ws");
  const socket = new WebSocket(`${place}/v1/socket${after}`, { headers });
  socket.on("message", (data) => {
    const text = data.toString();
    const space = text.indexOf(" ");
    after = `?after=${space < 0 ? text : text.slice(0, space)}`;
    if (space > 0) console.log(text.slice(space + 1));
  });
  socket.on("error", () => {});
  socket.on("close", () => setTimeout(open, 300));
}

open();

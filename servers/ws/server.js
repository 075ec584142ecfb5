// A WebSocket server with channels, of npm's ws: node server.js PORT
const { createServer } = require("node:http");
const { WebSocket, WebSocketServer } = require("ws");

const PING_EVERY_MS = 30_000;
const channels = new Map(); // by name, its open sockets
const named = (request) => new URL(request.url, "http://localhost").searchParams.get("channel");

const server = createServer((request, response) => {
  if (request.method !== "POST") return response.end("ready\n");
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const message = Buffer.concat(parts);
    for (const socket of channels.get(named(request)) ?? []) {
      if (socket.readyState === WebSocket.OPEN) socket.send(message, { binary: false });
    }
    response.writeHead(204).end();
  });
});

const sockets = new WebSocketServer({ server });
sockets.on("connection", (socket, request) => {
  const channel = named(request);
  if (!channels.has(channel)) channels.set(channel, new Set());
  channels.get(channel).add(socket);
  socket.isAlive = true;
  socket.on("pong", () => (socket.isAlive = true));
  socket.on("error", console.error);
  socket.on("close", () => channels.get(channel).delete(socket));
});

setInterval(() => {
  for (const socket of sockets.clients) {
    if (!socket.isAlive) socket.terminate();
    socket.isAlive = false;
    socket.ping();
  }
}, PING_EVERY_MS);

server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });

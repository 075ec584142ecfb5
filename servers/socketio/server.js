// A Socket.IO server with rooms: node server.js PORT
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const server = createServer((request, response) => {
  if (request.method !== "POST") return response.end("ready\n");
  const channel = new URL(request.url, "http://localhost").searchParams.get("channel");
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    io.to(channel).emit("message", Buffer.concat(parts).toString());
    response.writeHead(204).end();
  });
});

const io = new Server(server, {
  serveClient: false,
  connectionStateRecovery: { maxDisconnectionDuration: 2 * 60 * 1000 },
});

io.engine.on("connection", (socket) => {
  socket.request = null; // the first request of each session is not kept
});

io.on("connection", (socket) => {
  socket.on("join", (channel, joined) => {
    socket.join(channel);
    joined();
  });
});

server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });

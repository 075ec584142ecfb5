// What the npm package mqtt-packet says, as JSON: of the vectors of its own test file, of packets that
// it is to write, and of bytes that it is to read. Standard input: {"write": [packet], "read": [hex]}.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

const mqtt = require("mqtt-packet");

const plain = (packet) =>
  JSON.parse(JSON.stringify(packet, (_, value) => (value?.type === "Buffer" ? Buffer.from(value.data).toString("hex") : value)));

/** Reads bytes, and notes what came of them. */
function watched(options, note) {
  const parser = mqtt.parser(options);
  const parse = parser.parse.bind(parser);
  parser.on("packet", (packet) => note.packets.push(plain(packet)));
  parser.on("error", (error) => (note.error = error.message));
  parser.parse = (data) => {
    note.pieces.push(Buffer.from(data).toString("hex"));
    return parse(data);
  };
  return parser;
}

/** The vectors of its test file: the file runs with a test library that tests nothing. */
function vectors() {
  const found = [];
  let title = "";
  const nothing = new Proxy({}, { get: () => () => {} });
  const tape = (name, run) => {
    title = name;
    try {
      run(nothing);
    } catch {
      // a test that ends itself
    }
  };
  const recording = {
    ...mqtt,
    parser: (options) => {
      const note = { name: title, version: options?.protocolVersion ?? 4, pieces: [], packets: [], error: null };
      found.push(note);
      return watched(options, note);
    },
  };
  const folder = path.dirname(require.resolve("mqtt-packet/package.json"));
  const load = Module._load;
  Module._load = (request, parent, main) => {
    if (request === "tape") return tape;
    if (request === "./" && parent?.filename === path.join(folder, "test.js")) return recording;
    return load(request, parent, main);
  };
  require(path.join(folder, "test.js"));
  Module._load = load;
  return found;
}

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const read = asked.read.map((hex) => {
  const note = { pieces: [], packets: [], error: null };
  watched({ protocolVersion: 4 }, note).parse(Buffer.from(hex, "hex"));
  return note;
});
const write = asked.write.map((packet) => mqtt.generate(packet, { protocolVersion: 4 }).toString("hex"));
process.stdout.write(JSON.stringify({ vectors: vectors(), read, write }));

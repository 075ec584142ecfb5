// What the npm package eventsource-parser reads in streams: standard input is a list of them, in hex.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH}/`);
const { createParser } = require("eventsource-parser");

const answers = JSON.parse(readFileSync(0, "utf8")).map((hex) => {
  const events = [];
  let lastId = "";
  const parser = createParser({
    onEvent: (event) => {
      lastId = event.id ?? lastId;
      events.push([event.event || "message", event.data, lastId]);
    },
  });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  parser.feed(decoder.decode(Buffer.from(hex, "hex")));
  return events;
});
process.stdout.write(JSON.stringify(answers));

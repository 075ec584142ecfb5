// A WebSocket client for Python, made by @asyncapi/generator of the document in a file:
// node generate.cjs DOCUMENT FOLDER
const { readFileSync } = require("node:fs");
const Generator = require("@asyncapi/generator");

const [document, folder] = process.argv.slice(2);
const generator = new Generator("core-template-client-websocket-python", folder, {
  forceWrite: true,
  templateParams: { server: "websocket", customClientName: "Reader" },
});
generator.generateFromString(readFileSync(document, "utf8")).catch((error) => {
  console.error(error);
  process.exit(1);
});

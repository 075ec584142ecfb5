// Node's own fetch, with eventsource-parser; a loop comes back.
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

const { createParser } = createRequire(`${process.env.NODE_PATH}/`)("eventsource-parser");
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
for (;;) {
  try {
    const answer = await fetch(`${process.env.HUB}/v1/events`, { headers });
    const parser = createParser({
      onEvent: (event) => {
        if (event.id) headers["Last-Event-ID"] = event.id;
        if (!event.event) console.log(event.data);
      },
    });
    const decoder = new TextDecoder();
    for await (const piece of answer.body) parser.feed(decoder.decode(piece, { stream: true }));
  } catch {
    // cut
  }
  await pause(300);
}

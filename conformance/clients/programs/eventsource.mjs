// The npm package eventsource, which comes back with its last ID by itself.
import { createRequire } from "node:module";

const { EventSource } = createRequire(`${process.env.NODE_PATH}/`)("eventsource");
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
const source = new EventSource(`${process.env.HUB}/v1/events`, {
  fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
});
source.onmessage = (event) => console.log(event.data);

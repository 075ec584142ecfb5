// What an application and its client say to a hub, with types that were generated: `tsc --strict`
// checks them. `node talk.mjs URL KEY` prints what went right, a line each.
import createClient from "openapi-fetch";
import type { paths } from "./hub.js";

const [url, key] = process.argv.slice(2) as [string, string];
const bearer = (secret: string) => ({ headers: { Authorization: `Bearer ${secret}` } });
const application = createClient<paths>({ baseUrl: url, ...bearer(key) });

function there<T>(value: T | undefined, error: unknown): T {
  if (value === undefined) throw new Error(JSON.stringify(error));
  return value;
}

const made = await application.POST("/v1/channels", {
  body: { client_id: "ada", channel: "room 1", duration_minutes: 5 },
});
const told = there(made.data, made.error);
console.log("a token is made", told.channel);

const reader = createClient<paths>({ baseUrl: url, ...bearer(told.token) });
const where = await reader.GET("/v1/endpoints");
console.log("where it can be used is told", Object.keys(there(where.data, 0).endpoints).length > 2);

const published = await application.POST("/v1/messages", {
  body: ["one", "zwei ü"].map((data) => ({ channel: "room 1", data })),
});
const places = there(published.data, published.error);
console.log("messages are published", JSON.stringify(places.map((place) => place.seq)));

const after = `${places[0]!.epoch}-0`;
const polled = await reader.GET("/v1/wait", { params: { query: { after, hold_s: 5 } } });
const page = there(polled.data, polled.error);
console.log("messages are read", JSON.stringify(page.messages.map((message) => message.data)));

const query = { channel: "room 1" };
const present = await application.GET("/v1/presence", { params: { query } });
console.log("the reader is present", JSON.stringify(present.data?.present));

const wrong = await reader.POST("/v1/channels", { body: { client_id: "ada" } });
console.log("a refusal says why", wrong.error?.status, wrong.error?.error);
await application.DELETE("/v1/tokens", { body: { token: told.token } });
const ended = await reader.GET("/v1/wait");
console.log("a revoked token is refused", ended.error?.status, ended.error?.error);

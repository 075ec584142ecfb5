// The npm package mqtt with a session that the broker keeps; it comes back by itself. LEVEL is 4 or 5;
// with OVER=WebSocket by way of the hub.
import { createRequire } from "node:module";

const mqtt = createRequire(`${process.env.NODE_PATH}/`)("mqtt");
const level = Number(process.env.LEVEL);
const place = `127.0.0.1:${process.env.PORT}`;
const client = mqtt.connect(process.env.OVER ? `ws://${place}/v1/mqtt` : `mqtt://${place}`, {
  protocolVersion: level,
  username: process.env.USERNAME,
  password: process.env.TOKEN,
  clientId: process.env.CLIENT,
  clean: false,
  properties: level === 5 ? { sessionExpiryInterval: 600 } : undefined,
  reconnectPeriod: 500,
  keepalive: 10,
});
client.on("connect", () => client.subscribe(process.env.TOPIC, { qos: 1 }));
client.on("error", () => {});
client.on("message", (_topic, payload) => {
  const text = payload.toString();
  const space = text.indexOf(" ");
  if (space > 0) console.log(text.slice(space + 1));
});

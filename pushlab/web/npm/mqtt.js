/**
 * What a project imports as `pushlab/mqtt`, for the option `mqtt`: MQTT with the project's own npm
 * `mqtt` in place of the hub's copy.
 */

import mqtt from "mqtt";

export { MqttTalk } from "./channel_mqtt.js";

/** @type {unknown} */
export const client = mqtt;

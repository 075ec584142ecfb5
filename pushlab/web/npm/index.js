/** What a project imports as `pushlab`: `channel.js`, without what is for its own parts alone. */

export { Channel, Socket, TRANSPORTS } from "./channel.js";

/** @typedef {import("./channel.js").ChannelError} ChannelError */
/** @typedef {import("./channel.js").ChannelGap} ChannelGap */
/** @typedef {import("./channel.js").ChannelHit} ChannelHit */
/** @typedef {import("./channel.js").Handlers} Handlers */
/** @typedef {import("./channel.js").Options} Options */
/** @typedef {import("./channel.js").Stats} Stats */

import { useEffect, useState } from "react";
import { Channel } from "pushlab";

/** The newest hundred messages of a channel, which is open for as long as the component is there. */
export function useChannel(token, server) {
  const [messages, setMessages] = useState([]);
  useEffect(() => {
    const onmessage = (message) => setMessages((all) => [...all, message].slice(-100));
    const socket = new Channel(token, { server }).open({ onmessage });
    return () => socket.close();
  }, [token, server]);
  return messages;
}

export const Messages = ({ token, server }) => (
  <ul>{useChannel(token, server).map(({ data }, place) => <li key={place}>{data}</li>)}</ul>
);

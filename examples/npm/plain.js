// In the page: <ul id="messages" data-hub="https://push.example/hub" data-token="..."></ul>
import { Channel } from "pushlab";

const list = document.getElementById("messages");
const { hub, token } = list.dataset; // the application made the token, and wrote both into its page
const say = (text) => list.append(Object.assign(document.createElement("li"), { textContent: text }));

new Channel(token, { server: hub }).open({
  onmessage: ({ data }) => say(data),
  onerror: ({ description }) => say(description),
});

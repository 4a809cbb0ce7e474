// Requests to the studio, and one WebSocket for all that happens.

async function result(response) {
  let content = null;
  const body = await response.text();
  try { content = JSON.parse(body); } catch { /* a refusal in plain text */ }
  if (!response.ok) throw new Error(content?.error || body.trim() || `the studio answers ${response.status}`);
  return content;
}

async function send(path, options) {
  let response;
  try { response = await fetch(path, { credentials: "same-origin", ...options }); } catch {
    throw new Error("the studio does not answer: is `xnornode studio` still running?");
  }
  return result(response);
}

export const get = (path) => send(path, {});
export const post = (path, body = {}) =>
  send(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
/** files: a FileList or list of File; further fields go before them. */
export function upload(path, files, fields = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const file of files) form.append("file", file, file.webkitRelativePath || file.name);
  return send(path, { method: "POST", body: form });
}

const RETRY = 1000; // milliseconds
const listeners = new Map(); // topic -> Set of callbacks
const watchers = new Set(); // of the connection
const last = new Map(); // topics whose last message a new listener gets
const KEPT = ["node", "jobs", "nodes"];
const COUNTS = "node-counts";
let socket = null;
export let online = false;

function ask() {
  const topics = [...listeners.keys()];
  if (listeners.has("node")) topics.push(COUNTS);
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ topics }));
}

/** A node's counters come alone each second; listeners get them in its state. */
function whole(message) {
  if (message.topic !== COUNTS) return message;
  const node = last.get("node");
  return node && { ...node, state: { ...node.state, ...message.counts } };
}

export function connect() {
  socket = new WebSocket(`ws://${location.host}/ws`);
  socket.addEventListener("open", () => { online = true; ask(); watchers.forEach((run) => run(true)); });
  socket.addEventListener("message", (event) => {
    const message = whole(JSON.parse(event.data));
    if (!message) return;
    if (KEPT.includes(message.topic)) last.set(message.topic, message);
    for (const run of [...(listeners.get(message.topic) || [])]) run(message);
  });
  socket.addEventListener("close", () => {
    online = false;
    watchers.forEach((run) => run(false));
    setTimeout(connect, RETRY);
  });
}

/** Have a function called with each message of these topics; what is returned ends that. */
export function subscribe(topics, callback) {
  let changed = false;
  for (const topic of topics) {
    if (!listeners.has(topic)) { listeners.set(topic, new Set()); changed = true; }
    listeners.get(topic).add(callback);
    if (last.has(topic)) queueMicrotask(() => listeners.get(topic)?.has(callback) && callback(last.get(topic)));
  }
  if (changed) ask();
  return () => {
    let gone = false;
    for (const topic of topics) {
      const set = listeners.get(topic);
      if (!set) continue;
      set.delete(callback);
      if (!set.size) { listeners.delete(topic); gone = true; if (!KEPT.includes(topic)) last.delete(topic); }
    }
    if (gone) ask();
  };
}

export const onConnection = (run) => { watchers.add(run); return () => watchers.delete(run); };

/** Rows of int16 samples from a `signal` message. */
export function samplesOf(message) {
  const raw = atob(message.samples);
  const data = new Int16Array(raw.length / 2);
  for (let i = 0; i < data.length; i++) data[i] = ((raw.charCodeAt(2 * i) | (raw.charCodeAt(2 * i + 1) << 8)) << 16) >> 16;
  return data;
}

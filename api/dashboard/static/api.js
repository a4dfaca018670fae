// Everything the page knows comes through here: one place for session, errors and the past.

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the server answered ${status}`);
    this.status = status;
    this.type = body.type || "";
  }
}

const PATIENCE_MS = 30000; // a read takes milliseconds: after that nobody answers
const SILENCE_MS = 40000; // the stream says every 15 s that it is there

let csrf = "";
let ended = false; // the session; asking on would change nothing
let moment = null; // a Date, or null for live

export function lookAt(date) {
  moment = date;
}

export async function signIn(token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const who = await answer("/session", { method: token ? "POST" : "GET", headers });
  csrf = who.csrf;
  return who;
}

export async function signOut() {
  await send("DELETE", "/session");
}

const TRAVELS = /^\/(agents|fleet|findings|actions|incidents)(\/[^/]+(\/metrics)?)?$/;

export async function get(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) if (each !== undefined && each !== null && each !== "") query.append(name, each);
  }
  if (moment && TRAVELS.test(path)) query.set("as_of", moment.toISOString());
  const text = query.toString();
  return answer(path + (text ? `?${text}` : ""), { signal: AbortSignal.timeout(PATIENCE_MS) });
}

export async function send(method, path, body) {
  const headers = { "x-csrf-token": csrf };
  if (body !== undefined) headers["content-type"] = "application/json";
  return answer(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

export async function all(path, parameters = {}, most = 1000) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { ...parameters, limit: Math.min(most, 500), cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}

async function reach(path, options) {
  if (ended) throw new Problem(401, { detail: "the session has ended" });
  const response = await fetch(`/api/v1${path}`, { credentials: "same-origin", ...options });
  if (response.ok) return response;
  ended = response.status === 401 && path !== "/session";
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

async function answer(path, options) {
  try {
    const response = await reach(path, options);
    return response.status === 204 ? null : await response.json();
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(0, { detail: "The server does not answer." });
  }
}

// Server-sent events by fetch: every type arrives in one place, and the place where it broke off
// is ours to resume from. A stream that says nothing at all for too long has broken off too.
export async function* stream(after) {
  const headers = after === null ? {} : { "last-event-id": String(after) }, silent = new AbortController();
  let watch = 0, held = "";
  const listen = () => { clearTimeout(watch); watch = setTimeout(() => silent.abort(), SILENCE_MS); };
  listen();
  const response = await reach("/stream", { headers, signal: silent.signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  yield null; // connected
  for (;;) {
    listen();
    const { done, value } = await reader.read();
    if (done) return clearTimeout(watch);
    held += value;
    const frames = held.split("\n\n");
    held = frames.pop();
    for (const frame of frames) yield parse(frame);
  }
}

function parse(frame) {
  const fields = {};
  for (const line of frame.split("\n")) {
    const at = line.indexOf(": ");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  return fields.data ? { type: fields.event, data: JSON.parse(fields.data) } : null;
}

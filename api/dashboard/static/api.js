// Everything the page knows comes through here: one place for session, errors and the past.

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the server answered ${status}`);
    this.status = status;
    this.type = body.type || "";
  }
}

let csrf = "";
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

export async function get(path, parameters = {}, { signal } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") query.append(name, value);
  }
  if (moment && TRAVELS.test(path)) query.set("as_of", moment.toISOString());
  const text = query.toString();
  return answer(path + (text ? `?${text}` : ""), { signal });
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

async function answer(path, options) {
  const response = await fetch(`/api/v1${path}`, { credentials: "same-origin", ...options });
  if (response.status === 204) return null;
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

// Server-sent events by fetch: every type arrives in one place, and the place where it broke off
// is ours to resume from.
export async function* stream(after, signal) {
  const headers = after === null ? {} : { "last-event-id": String(after) };
  const response = await fetch("/api/v1/stream", { headers, signal, credentials: "same-origin" });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  yield null; // connected
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
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

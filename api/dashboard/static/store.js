// What the page holds, and when it is drawn: at most four times a second while things happen.
import * as api from "./api.js";

export const state = {
  who: null,
  fleet: new Map(), // agent id -> {id, type, status, health, score, host}
  fleetVersion: 0,
  traitsVersion: 0, // of what the server alone knows of them: labels and trust
  findings: [], // open ones that ask for somebody
  silenced: [], // open ones that silences withhold
  incidents: null, // where the server knows of them
  incidentsVersion: 0,
  ended: [], // those of the last hour that are over
  actions: [],
  events: [], // newest first
  then: [], // those up to the moment that is shown, newest first
  health: null,
  policy: null,
  seq: null,
  link: { state: "connecting", since: Date.now() }, // connecting, live, away, or ended with the session
  moment: null, // null is live
  span: 3600, // seconds that the scrubber covers
  failure: null, // of a read
  outcome: null, // of what the person did: {text, href?, refused?}
  loaded: false,
};
const KEPT = 2000;
const FRAME_MS = 250;
let draw = () => {};
let planned = 0;
let drawn = 0;

export function onChange(callback) {
  draw = callback;
}
export function changed() {
  if (planned) return;
  const wait = Math.max(0, FRAME_MS - (performance.now() - drawn));
  planned = setTimeout(() => requestAnimationFrame(now), wait);
}
export function now() {
  clearTimeout(planned);
  planned = 0;
  drawn = performance.now();
  draw();
}

// Lists that an event made stale are asked for again, together and not more often than this.
const dirty = new Set();
let asking = 0;
export function stale(...names) {
  if (state.moment) return;
  for (const name of names) dirty.add(name);
  if (!asking) asking = setTimeout(askAgain, 300);
}
async function askAgain() {
  const names = [...dirty];
  dirty.clear();
  try {
    await Promise.all(names.map((name) => LOADERS[name]()));
    state.failure = null;
  } catch (error) {
    noteFailure(error);
    names.forEach((name) => dirty.add(name));
  }
  asking = dirty.size && state.link.state !== "ended" ? setTimeout(askAgain, 1500) : 0;
  changed();
}

export function noteFailure(error) {
  if (error.status === 401 && state.link.state !== "ended") state.link = { state: "ended", since: Date.now() };
  state.failure = error;
  changed();
}

// What a person did and what came of it: a refusal stays until it is put away.
const DONE_MS = 8000;
export function noteOutcome(outcome) {
  state.outcome = outcome;
  changed();
  if (outcome && !outcome.refused) setTimeout(() => { if (state.outcome === outcome) noteOutcome(null); }, DONE_MS);
}

const LOADERS = {
  async fleet() {
    const columns = await api.get("/fleet");
    state.fleet = new Map(columns.agent_id.map((id, i) => [id, {
      id, type: columns.agent_type[i], status: columns.status[i], health: columns.health[i],
      score: columns.score[i], host: columns.host[i],
    }]));
    state.fleetVersion += 1;
    state.traitsVersion += 1;
  },
  async findings() {
    const [open, ended] = await Promise.all([
      api.all("/findings", { state: "open" }), api.get("/findings", { state: "ended", limit: 100 }),
    ]);
    state.findings = open.filter((f) => !f.silence_id);
    state.silenced = open.filter((f) => f.silence_id);
    state.ended = ended.items;
  },
  async incidents() {
    try {
      const [active, latest] = await Promise.all([api.all("/incidents", { status: "active" }), api.get("/incidents", { status: "closed", limit: 60 })]);
      state.incidents = active.concat(latest.items);
      state.incidentsVersion += 1;
    } catch (error) {
      if (error.status !== 404) throw error;
      state.incidents = null;
    }
  },
  // Those of a mass outage that came to nothing must not hide what waits and what was done.
  async actions() {
    const asked = [{ state: "awaiting", limit: 500 }, { state: "finished", limit: 100 }, { limit: 200 }];
    const lists = await Promise.all(asked.map((each) => api.get("/actions", each)));
    const known = new Map(lists.flatMap((list) => list.items).map((action) => [action.action_id, action]));
    state.actions = [...known.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  },
  async then() {
    if (state.moment) state.then = (await api.get("/events", { before: Number.MAX_SAFE_INTEGER, as_of: state.moment.toISOString(), limit: 500 })).items.reverse();
  },
  async health() {
    state.health = await api.get("/system/health");
  },
  async policy() {
    state.policy = await api.get("/policy");
  },
};

export async function load(...names) {
  const asked = names.length ? names : Object.keys(LOADERS);
  await Promise.all(asked.map((name) => LOADERS[name]()));
  state.failure = null;
  state.loaded ||= asked.includes("fleet");
  changed();
}

function fold(event) {
  state.seq = event.seq;
  state.events.unshift(event);
  if (state.events.length > KEPT) state.events.length = KEPT;
  if (state.moment) return;
  const id = event.subject.slice(event.subject.indexOf("/") + 1);
  const agent = state.fleet.get(id);
  const { data, type } = event;
  if (type.startsWith("agent.")) state.fleetVersion += 1;
  if (/^agent\.(registered|labelled|security_changed)$/.test(type)) state.traitsVersion += 1;
  if (type === "agent.registered") {
    state.fleet.set(id, { id, type: data.agent_type, status: "registered", health: "", score: null, host: data.labels.host ?? "" });
  } else if (agent && type === "agent.status_changed") agent.status = data.status;
  else if (agent && type === "agent.health_changed") Object.assign(agent, { health: data.level, score: data.score });
  else if (agent && type === "agent.labelled") Object.assign(agent, { type: data.agent_type, host: data.labels.host ?? "" });
  else if (type.startsWith("finding.")) stale("findings");
  else if (type.startsWith("incident.")) stale("incidents");
  else if (type.startsWith("action.")) stale("actions");
  else if (type === "policy.changed") stale("policy");
  changed();
}

// What happened before the page was opened, so that the stream goes on where this ends.
export async function recall() {
  const page = await api.get("/events", { before: Number.MAX_SAFE_INTEGER, limit: 500 });
  state.events = page.items.reverse();
  state.seq = state.events[0]?.seq ?? null;
}

// The stream: resumed where it broke off, with growing pauses, for as long as the page is open.
export async function follow() {
  let pause = 500;
  for (;;) {
    try {
      for await (const frame of api.stream(state.seq)) {
        if (frame === null) {
          if (state.link.state !== "live") {
            state.link = { state: "live", since: Date.now() };
            pause = 500;
            if (!state.moment) load().catch(noteFailure);
          }
          continue;
        }
        if (frame.data.seq) fold(frame.data);
      }
      throw new Error("the stream ended");
    } catch (error) {
      if (error.status === 401) return noteFailure(error);
      if (state.link.state !== "away") state.link = { state: "away", since: Date.now() };
      changed();
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 10000);
    }
  }
}

// What had happened by the moment that is shown.
export const heard = () => (state.moment ? state.then : state.events);

// Travel: every list is asked for as of that moment; null comes back to now. The moment stands in the
// address, so that what is seen can be handed on.
let travelling = 0;
export async function travel(moment) {
  state.moment = moment && moment < Date.now() ? moment : null;
  state.then = [];
  api.lookAt(state.moment);
  history.replaceState(null, "", `/${state.moment ? `?at=${state.moment.toISOString()}` : ""}${location.hash}`);
  changed();
  const mine = ++travelling;
  try {
    if (state.moment) await load("fleet", "findings", "incidents", "actions", "then");
    else await load();
  } catch (error) {
    if (mine === travelling) noteFailure(error);
  }
}

// To the one thing before that moment, or after it: a finding, an action, a change of the policy.
const STOPS = ["finding.raised", "finding.ended", "action.awaiting_approval", "action.claimed", "action.finished", "policy.changed"];
const one = async (asked) => (await api.get("/events", { type: STOPS, limit: 1, ...asked })).items[0];
const until = (at) => ({ before: Number.MAX_SAFE_INTEGER, as_of: new Date(at).toISOString() });
export const justAfter = (at) => new Date(Math.floor(Number(new Date(at))) + 1);
export async function step(direction) {
  const from = Number(state.moment ?? Date.now());
  try {
    const found = direction < 0 ? await one(until(from - 2)) : await one({ after: (await one(until(from)))?.seq ?? 0 });
    if (found) travel(justAfter(found.time));
    else if (direction > 0) travel(null);
  } catch (error) {
    noteFailure(error);
  }
}

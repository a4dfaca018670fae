// One agent: its charts with what was found and done, and why its score is what it is.
import { html, nothing } from "/lib/lit-html.js";
import { repeat } from "/lib/directives/repeat.js";
import * as api from "../api.js";
import { changed, heard, noteFailure, state } from "../store.js";
import { known, pointOf } from "../parts/bands.js";
import { chart, legend } from "../parts/chart.js";
import { may, move, possible, run } from "../parts/deeds.js";
import { choose } from "../parts/filters.js";
import { actionItem, findingItem } from "../parts/lists.js";
import { eventItem } from "../parts/sentences.js";
import { minutes, ribbon } from "../parts/ribbon.js";
import { scores } from "../parts/scores.js";
import { driversOf, findingMark, unusual } from "../parts/unusual.js";
import { ago, lasting, look, standing, state as shown, when, words } from "../words.js";

const nothingYet = (id) => ({ id, key: "", agent: null, history: new Map(), windows: new Map(), marks: [], unusual: new Map(), findings: [], actions: [], live: new Map(), missing: false });
let held = nothingYet(null);
let timer = 0;
const SAMPLE_MS = 1000; // as often as the quickest agents report
const KEPT = 900;
const HOURLY_S = 172800; // of a longer span the means of hours are drawn
const CLOSE_S = 900; // up to this span every value is drawn, and not the means of minutes

async function refresh(id, key) {
  const until = state.moment ?? new Date();
  const since = new Date(until - state.span * 1000);
  try {
    const agent = await api.get(`/agents/${encodeURIComponent(id)}`);
    const metrics = Object.keys(agent.metrics).sort();
    const range = { since: since.toISOString(), until: until.toISOString(), resolution: state.span > HOURLY_S ? "hour" : "minute" };
    const [histories, findings, actions] = await Promise.all([
      Promise.all(metrics.map((metric) => api.get(`/agents/${encodeURIComponent(id)}/metrics`, { metric, ...range }))),
      api.get("/findings", { agent: id, limit: 100 }), api.get("/actions", { agent: id, limit: 30 }),
    ]);
    if (held.id !== id || held.key !== key) return;
    Object.assign(held, { agent, findings: findings.items, actions: actions.items, missing: false });
    held.history = new Map(histories.map((each) => [each.metric, each.items]));
    prepare();
  } catch (error) {
    if (error.status === 404 && held.id === id) held.missing = true;
    else noteFailure(error);
  }
  changed();
}

async function sample(id) {
  if (held.id !== id || !location.hash.startsWith("#/fleet/")) { clearInterval(timer); timer = 0; return; }
  if (state.moment || document.hidden) return;
  try {
    const agent = await api.get(`/agents/${encodeURIComponent(id)}`);
    if (held.id !== id) return;
    Object.assign(held, { agent, missing: false });
    const x = Number(new Date(agent.last_seen));
    for (const [metric, value] of Object.entries(agent.metrics)) {
      const points = held.live.get(metric) ?? [];
      if (points.at(-1)?.x !== x) points.push({ x, end: x, mean: value, low: value, high: value });
      if (points.length > KEPT) points.shift();
      held.live.set(metric, points);
    }
    changed();
  } catch (error) {
    if (error.status !== 404) noteFailure(error);
  }
}

function open(id) {
  const every = Math.min(60, Math.max(10, width())); // no window closes sooner
  const news = state.events.find((e) => e.subject.endsWith(`/${id}`) && /^(finding|action|agent)\./.test(e.type))?.seq;
  const key = `${state.moment?.getTime() ?? "live"}/${state.span}/${Math.floor(Date.now() / 1000 / every)}/${news}`;
  if (held.id !== id) {
    held = nothingYet(id);
    clearInterval(timer);
    timer = 0;
  }
  if (held.key !== key) { held.key = key; refresh(id, key); }
  timer ||= setInterval(() => sample(id), SAMPLE_MS);
}

const width = () => (state.span > HOURLY_S ? 3600 : state.policy?.policy.surveillance.window_s ?? 60);

// Made once for each answer, and not for each drawing.
function prepare() {
  held.windows = new Map([...held.history].map(([metric, windows]) => [metric, windows.map((w) => pointOf(w, width() * 1000))]));
  held.marks = marks();
  held.unusual = minutes(held.history, held.findings, width() * 1000);
}

// Windows, and after them what was heard since; of a short span every value that was heard.
function points(windows, live) {
  const { expectedLow = null, expectedHigh = null } = windows.findLast(known) ?? {};
  const least = state.span <= CLOSE_S ? live[0]?.x ?? Infinity : Infinity;
  const after = Math.min(windows.at(-1)?.end ?? 0, least - 1);
  const before = windows.filter((w) => w.x < least).map((w) => (w.end > least ? { ...w, end: least } : w));
  return before.concat(live.filter((point) => point.x > after).map((point) => ({ ...point, expectedLow, expectedHigh })));
}

function limits(metric, type) {
  const rules = state.policy?.policy.surveillance.thresholds ?? [];
  const rule = rules.find((r) => r.metric === metric && (!r.agent_types.length || r.agent_types.includes(type)));
  if (!rule) return [];
  return [[rule.warning, "degraded"], [rule.critical, "failing"]].filter(([at]) => at !== null).map(([at, color]) => ({ at, color }));
}

// What is unusual now first, then what is judged, then by name.
function ordered(a, text) {
  const driving = new Set(held.findings.filter((f) => !f.ended_at).flatMap(driversOf));
  const rank = (metric) => (driving.has(metric) ? 0 : limits(metric, a.agent_type).length ? 1 : 2);
  return Object.keys(a.metrics).filter((metric) => metric.toLowerCase().includes(text)).sort((x, y) => rank(x) - rank(y) || (x < y ? -1 : 1));
}

const MANY = 8; // so many charts are searched by the eye
const search = (a, filters) => (Object.keys(a.metrics).length > MANY ? html`<input type="search" aria-label="Search metrics" placeholder="Metric  ( / )" .value=${filters.metric ?? ""} @input=${(e) => choose(`fleet/${encodeURIComponent(a.agent_id)}`, { metric: e.target.value })}>` : nothing);

function marks() {
  const found = held.findings.flatMap((f) => driversOf(f).map((metric) => findingMark(f, metric)));
  const done = held.actions.filter((a) => a.action).map((a) => {
    const outcome = a.state !== "finished" ? "open" : a.outcome === "succeeded" ? "good" : "bad";
    return { at: Number(new Date(a.created_at)), kind: "action", outcome, color: { good: "healthy", bad: "failing", open: "action" }[outcome], text: `${a.action} ${words(a.outcome || a.state)}` };
  });
  return found.concat(done);
}

// The span that is shown, and what a chart shows of it, as it is known now.
function spanned(a) {
  const to = Number(state.moment ?? Date.now());
  return [Math.min(to - 300000, Math.max(to - state.span * 1000, Number(new Date(a.registered_at)))), to];
}
function charted(a, metric) {
  const [from, to] = spanned(a), windows = held.windows.get(metric) ?? [], live = state.moment ? [] : held.live.get(metric) ?? [];
  return {
    metric, from, to, windows, last: live.at(-1) ?? windows.at(-1), points: () => points(windows, live),
    limits: limits(metric, a.agent_type), marks: held.marks.filter((m) => m.kind === "action" || m.metric === metric),
  };
}

const drawn = () => `${state.span <= CLOSE_S && !state.moment ? "every value since you look, before that " : ""}mean of each ${width() === 3600 ? "hour" : width() === 60 ? "minute" : lasting(width())}, and its range`;

export function agent({ argument: id, filters }) {
  open(id);
  if (held.missing) return html`<div class="lead"><p class="small"><a href="#/fleet">Fleet</a></p><h1>${id}</h1></div><section class="block"><p class="empty">No agent of this name ${state.moment ? "was known at that moment" : "is known"}. It is registered when its first heartbeat arrives.</p></section>`;
  const a = held.agent;
  if (!a) return html`<h1>${id}</h1><section class="block"><p class="empty" role="status">Reading…</p></section>`;
  const shownMetrics = ordered(a, (filters.metric ?? "").toLowerCase());
  const events = heard().filter((e) => e.subject === `${a.tenant_id}/${id}`).slice(0, 12);
  return html`<div class="row"><h1>${id}</h1>${shown(look(a.status, a.health.level), standing({ status: a.status, health: a.health.level }))}
      <span class="quiet grow">${a.agent_type}, ${words(a.status)} since ${when(a.status_since)}, heard of ${state.moment ? when(a.last_seen) : ago(a.last_seen)}</span>
      ${!may() ? nothing : html`${possible(a.agent_type).includes("service.restart") ? html`<button @click=${() => run("service.restart", id)}>Restart</button>` : nothing}
      ${a.status === "maintenance" ? html`<button @click=${() => move(id, "active")}>End maintenance</button>` : html`<button @click=${() => move(id, "maintenance")}>Maintenance</button>`}`}</div>
    ${scores(a)}
    ${unusual({ metrics: a.metrics, history: held.history, findings: held.findings })}
    <section class="block" aria-label="Measurements"><header><h2>Measurements</h2>${search(a, filters)}${legend(drawn(), true)}</header>
      ${ribbon(held.unusual, Object.keys(a.metrics).length, ...spanned(a), width() * 1000)}
      <div class="charts">${repeat(shownMetrics, (m) => m, (metric) => chart(charted(a, metric), () => charted(held.agent, metric)))}</div>${shownMetrics.length ? nothing : html`<p class="empty">${Object.keys(a.metrics).length ? "No metric has such a name." : "It has reported no measurement yet."}</p>`}</section>
    <div class="cols"><div class="stack">
      <section class="block"><header><h2>Findings</h2></header>${held.findings.length ? html`<ul class="list">${held.findings.slice(0, 10).map(findingItem)}</ul>` : html`<p class="empty">None were raised.</p>`}</section>
      <section class="block"><header><h2>Actions</h2></header>${held.actions.length ? html`<ul class="list">${held.actions.slice(0, 10).map(actionItem)}</ul>` : html`<p class="empty">Nothing was done to it.</p>`}</section>
    </div><div class="stack">
      <section class="block"><header><h2>What it says of itself</h2></header><dl class="facts pad"><dt>registered</dt><dd>${when(a.registered_at)}${a.provisional ? ", provisionally" : ""}</dd>
        ${Object.entries(a.labels).map(([name, value]) => html`<dt>${words(name)}</dt><dd>${value}</dd>`)}</dl></section>
      <section class="block"><header><h2>Lately</h2></header>${events.length ? html`<ul class="list">${events.map((e) => eventItem(e))}</ul>` : html`<p class="empty">No news since the page was opened.</p>`}</section>
    </div></div>`;
}

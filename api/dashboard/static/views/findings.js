// One finding, and the whole chain from measurement to outcome.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { justAfter, state, travel } from "../store.js";
import { pointOf } from "../parts/bands.js";
import { care, cared, talk } from "../parts/care.js";
import { chain, chainSwitch } from "../parts/chain.js";
import { chart, legend } from "../parts/chart.js";
import { holding } from "../parts/held.js";
import { agentLink, titleOf } from "../parts/lists.js";
import { silencedBy, silenceThis } from "../parts/silences.js";
import { findingMark } from "../parts/unusual.js";
import { between, gist, lasting, measured, number, severityLook, state as shown, when, words } from "../words.js";

// Its metric from well before until it was over, or now.
const BEFORE_MS = 1800000, AFTER_MS = 600000, LONG_MS = 172800000;
function span(f) {
  const end = f.ended_at ? Math.min(Date.now(), Number(new Date(f.ended_at)) + AFTER_MS) : Number(state.moment ?? Date.now());
  return [Number(new Date(f.since ?? f.raised_at)) - BEFORE_MS, end];
}

const width = () => state.policy?.policy.surveillance.window_s ?? 60;

// The metrics that drive it, the strongest first: each with what was expected of it.
const DRIVERS = 4;
async function around(f) {
  const [from, to] = span(f), hourly = to - from > LONG_MS;
  const range = { since: new Date(from).toISOString(), until: new Date(to).toISOString(), resolution: hourly ? "hour" : "minute" };
  const wide = hourly ? 3600 : width();
  return Promise.all([...new Set([f.metric, ...f.drivers])].filter(Boolean).slice(0, DRIVERS).map(async (metric) => {
    const { items } = await api.get(`/agents/${encodeURIComponent(f.agent_id)}/metrics`, { metric, ...range });
    return [metric, items.map((each) => pointOf(each, 1000 * wide))];
  }));
}

const reading = holding(async (path) => {
  const [finding, chained] = await Promise.all([api.get(path), api.get(`${path}/chain`)]);
  const over = state.moment || Date.now() > Number(new Date(finding.ended_at ?? NaN)) + AFTER_MS;
  return { finding, links: chained.items, windows: await around(finding), again: over ? Infinity : 1000 * width() };
});

// What was measured then, with the finding on the line.
function measurement(f, measured) {
  const seen = measured.filter(([, windows]) => windows.length > 1);
  if (!seen.length) return nothing;
  const [begin, to] = span(f), from = Math.max(begin, Math.min(...seen.map(([, windows]) => windows[0].x)));
  const charted = ([metric, windows]) => ({ metric, from, to, windows, last: windows.at(-1), points: () => windows, limits: [], marks: [findingMark(f, metric)] });
  return html`<section class="block" aria-label="Measured"><header><h2>What was measured</h2><span class="right">${legend("mean of each window, and its range")}</span></header>
    <div class="charts ${seen.length > 1 ? "pairs" : "alone"}">${seen.map((each) => { const data = charted(each); return chart(data, () => data); })}</div></section>`;
}

function open(id) {
  const news = state.events.filter((event) => event.correlation_id === id || event.data.finding_id === id).length;
  return reading(`${id}/${Number(state.moment)}`, news, `/findings/${encodeURIComponent(id)}`);
}

function expected({ metric, expected_low: low, expected_high: high }) {
  if (low !== null && high !== null) return `, usually ${between(metric, low, high)}`;
  if (low === null && high === null) return "";
  return low === null ? `, expected at most ${measured(metric, high)}` : `, expected at least ${measured(metric, low)}`;
}

export function findings({ argument: id, filters }) {
  const { found, missing } = open(id);
  const incident = state.incidents?.find((each) => each.members.some((m) => m.finding_id === id));
  if (missing) return html`<h1>Finding</h1><section class="block"><p class="empty">There is no finding of this id${state.moment ? " at that moment" : ""}. <a href="#/incidents?by=finding">All findings</a></p></section>`;
  if (!found) return html`<h1>Finding</h1><section class="block"><p class="empty" role="status">Reading…</p></section>`;
  const { finding: f, links, windows } = found, path = `/findings/${encodeURIComponent(id)}`;
  return html`<div class="lead"><p class="small">${incident ? html`<a href="#/incidents/${encodeURIComponent(incident.incident_id)}">${titleOf(incident)}</a>` : html`<a href="#/incidents">Incidents</a>`}</p><h1>${gist(f)}</h1>
      <p class="row">${shown(f.ended_at ? "healthy" : severityLook(f.severity), f.ended_at ? `over: ${words(f.end_reason)} after ${lasting(f.lasted_s)}` : `${f.severity}, open`)}<span class="quiet">${agentLink(f.agent_id)}, raised ${when(f.raised_at)}</span>
        ${cared(f)}${care(f, path, f.ended_at)}<button @click=${() => travel(justAfter(f.raised_at))} title="The whole page as it was when this was raised">See it as it began</button>${silencedBy(f)}${f.silence_id ? nothing : silenceThis(f)}</p></div>
    <section class="block"><header><h2>Why, from measurement to outcome</h2><span class="small quiet hide-small">each stop opens; the time between them stands on the arrow</span><span class="right">${chainSwitch(id, filters.as)}</span></header>${chain(links, filters.as, `finding-${id}`)}</section>
    ${talk(f, path)}
    ${measurement(f, windows)}
    <section class="block"><header><h2>Evidence</h2></header><dl class="facts pad">
      <dt>kind</dt><dd>${words(f.kind)}</dd>${f.rule ? html`<dt>rule</dt><dd>${f.rule}</dd>` : nothing}${f.one_in ? html`<dt>how rare</dt><dd>about one in ${number(f.one_in)} records</dd>` : nothing}<dt>in its words</dt><dd>${f.summary}</dd>${f.metric ? html`<dt>metric</dt><dd>${f.metric} = ${measured(f.metric, f.value)}${expected(f)}</dd>` : nothing}
      <dt>driven by</dt><dd>${f.drivers.join(", ") || "–"}</dd><dt>policy</dt><dd>version ${f.policy_version}</dd>
      ${f.severities.length > 1 ? html`<dt>severity</dt><dd>${f.severities.map((s) => html`${s.severity} ${when(s.at)} `)}</dd>` : nothing}
      ${Object.entries(f.labels).map(([name, value]) => html`<dt>${words(name)}</dt><dd>${value}</dd>`)}</dl></section>`;
}

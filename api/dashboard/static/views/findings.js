// One finding, and the whole chain from measurement to outcome.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { changed, noteFailure, state } from "../store.js";
import { chain, chainSwitch } from "../parts/chain.js";
import { agentLink } from "../parts/lists.js";
import { silencedBy, silenceThis } from "../parts/silences.js";
import { gist, lasting, number, severityLook, state as shown, titled, when, words } from "../words.js";

let held = { id: null, version: -1, finding: null, links: [], missing: false };

async function refresh(id) {
  try {
    const [finding, told] = await Promise.all([api.get(`/findings/${encodeURIComponent(id)}`), api.get(`/findings/${encodeURIComponent(id)}/chain`)]);
    if (held.id === id) Object.assign(held, { finding, links: told.items });
  } catch (error) {
    if (error.status === 404 && held.id === id) held.missing = true;
    else noteFailure(error);
  }
  changed();
}

function open(id) {
  if (held.id !== id) held = { id, version: -1, finding: null, links: [], missing: false };
  const mine = state.events.filter((event) => event.correlation_id === id || event.data.finding_id === id).length;
  if (held.version !== mine) { held.version = mine; refresh(id); }
}

export function findings({ argument: id, filters }) {
  open(id);
  const f = held.finding;
  const incident = state.incidents?.find((each) => each.members.some((m) => m.finding_id === id));
  if (held.missing) return html`<h1>Finding</h1><p class="empty">There is no finding of this id${state.moment ? " at that moment" : ""}. <a href="#/incidents?by=finding">All findings</a></p>`;
  if (!f) return html`<h1>Finding</h1><p class="empty" role="status">Reading…</p>`;
  const range = f.expected_low !== null || f.expected_high !== null ? `${f.expected_low === null ? "at most" : number(f.expected_low)}${f.expected_low !== null && f.expected_high !== null ? " to " : f.expected_high === null ? " or more" : ""}${f.expected_high === null ? "" : ` ${number(f.expected_high)}`}` : "";
  return html`<div class="lead"><p class="small">${incident ? html`<a href="#/incidents/${encodeURIComponent(incident.incident_id)}">${titled(incident.title)}</a>` : html`<a href="#/incidents">Incidents</a>`}</p><h1>${gist(f)}</h1>
      <p class="row">${shown(f.ended_at ? "healthy" : severityLook(f.severity), f.ended_at ? `over: ${words(f.end_reason)} after ${lasting(f.lasted_s)}` : `${f.severity}, open`)}<span class="quiet">${agentLink(f.agent_id)}, raised ${when(f.raised_at)}</span>
        ${silencedBy(f)}${f.silence_id ? nothing : silenceThis(f)}</p></div>
    <section class="block"><header><h2>Why, from measurement to outcome</h2><span class="small quiet hide-small">each stop opens; the time between them stands on the arrow</span><span class="right">${chainSwitch(id, filters.as)}</span></header>${chain(held.links, filters.as, `finding-${id}`)}</section>
    <section class="block"><header><h2>Evidence</h2></header><dl class="facts pad">
      <dt>kind</dt><dd>${words(f.kind)}</dd>${f.rule ? html`<dt>rule</dt><dd>${f.rule}</dd>` : nothing}${f.one_in ? html`<dt>how rare</dt><dd>about one in ${number(f.one_in)} records</dd>` : nothing}<dt>in its words</dt><dd>${f.summary}</dd><dt>metric</dt><dd>${f.metric} = ${number(f.value)}${range ? `, expected ${range}` : ""}</dd>
      <dt>driven by</dt><dd>${f.drivers.join(", ") || "–"}</dd><dt>policy</dt><dd>version ${f.policy_version}</dd>
      ${f.severities.length > 1 ? html`<dt>severity</dt><dd>${f.severities.map((s) => html`${s.severity} ${when(s.at)} `)}</dd>` : nothing}
      ${Object.entries(f.labels).map(([name, value]) => html`<dt>${words(name)}</dt><dd>${value}</dd>`)}</dl></section>`;
}

// Incidents: findings that belong together, root first, and why each belongs.
import { html, nothing } from "/lib/lit-html.js";
import { justAfter, state, travel } from "../store.js";
import { care, cared, talk } from "../parts/care.js";
import { holding } from "../parts/held.js";
import { agentLink, findingLink, findingList, graver, incidentItem } from "../parts/lists.js";
import { table } from "../parts/table.js";
import { brief, readIncident, steps } from "../parts/story.js";
import { timeline } from "../parts/timeline.js";
import { agentOf, lasting, plural, severityLook, state as shown, titled, when, words } from "../words.js";

const WHY = {
  root: "where it most likely began", depends_on: "depends on it", host: "on the same host", group: "of the same group", same_agent: "on the same agent", same_host: "on the same host",
  agent: "on the same agent", cohort: "like it, at the same time", learnt: "has often followed on it", time: "at the same time", coordinated: "the same threat at the same time",
};
const reading = holding(readIncident);

const standing = (i) => (i.status === "closed" ? shown("healthy", `over after ${lasting(i.lasted_s)}${i.close_reason && i.close_reason !== "quiet" ? `, ${words(i.close_reason)}` : ""}`)
  : i.status === "recovering" ? shown("maintenance", "recovering") : shown(severityLook(i.severity), `${i.severity}, open`));

function roots(incident) {
  const best = Math.max(...incident.candidates.map((c) => c.score), Number.EPSILON);
  return html`<section class="block"><header><h2>Where it began</h2></header>
    ${incident.root ? html`<p class="pad"><b>${agentLink(agentOf(incident.root.agent))}</b>: ${words(incident.root.reason)}. <span class="small quiet">Of the weight of all candidates it has ${Math.round(incident.root.confidence * 100)} %; that is a rank, and no probability.</span></p>` : html`<p class="empty">Nothing points to one place.</p>`}
    ${incident.candidates.length > 1 ? html`<ul class="list" aria-label="Possible roots">${incident.candidates.map((c) => html`<li><span class="grow">${agentLink(agentOf(c.agent))} <span class="small quiet">${words(c.reason)}</span></span>
      <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${(100 * c.score) / best} height="8"/></svg><span class="num small">${Math.round(c.score * 100)} %</span></li>`)}</ul>` : nothing}</section>`;
}

const member = (m) => html`<tr class=${m.because === "root" ? "chosen" : ""}><td>${shown(m.ended_at ? "healthy" : severityLook(m.severity), m.ended_at ? "over" : m.severity)}</td>
  <td>${agentLink(agentOf(m.agent))} ${findingLink(m, words(m.kind) + (m.metric ? ` of ${m.metric}` : ""))}<div class="small quiet">${WHY[m.because] ?? words(m.because)}</div></td></tr>`;
const members = (incident) => html`<section class="block"><header><h2>What belongs to it, and why</h2></header>
  ${table("Members", ["Severity", "Finding"], incident.members.map(member))}</section>`;

function one(id) {
  const { found: i, missing } = reading(`${id}/${Number(state.moment)}`, state.incidentsVersion, id);
  if (missing) return html`<h1>Incident</h1><section class="block"><p class="empty">There is no incident of this id${state.moment ? " at that moment" : ""}. ${findingLink({ finding_id: id }, "Look for a finding of this id")}</p></section>`;
  if (!i) return html`<h1>Incident</h1><section class="block"><p class="empty" role="status">Reading…</p></section>`;
  const path = `/incidents/${encodeURIComponent(id)}`, until = Number(i.closed_at ? new Date(i.closed_at) : state.moment ?? Date.now());
  return html`<div class="lead"><p class="small"><a href="#/incidents">Incidents</a></p><h1>${titled(i.title)}</h1>
      <p class="row">${standing(i)}<span class="quiet">${plural(i.findings, "finding")} on ${plural(i.agents, "agent")}, since ${when(i.since)}${i.coordinated ? ", coordinated" : ""}</span>
        ${cared(i)}${care(i, path, i.status === "closed")}<button @click=${() => travel(justAfter(i.opened_at))} title="The whole page as it was when this was noticed">See it as it began</button>
        ${i.merged_into ? html`<a href="#/incidents/${encodeURIComponent(i.merged_into)}">became part of another incident</a>` : nothing}</p></div>
    ${brief(i)}
    <section class="block"><header><h2>In time</h2><span class="small quiet right">a bar a finding, root first; lines: what was done</span></header>${timeline(i, until)}</section>
    <div class="cols">${steps(i)}<div class="stack">${talk(i, path)}${members(i)}${roots(i)}</div></div>`;
}

const tab = (by, here, href, text) => html`<a href=${href} aria-current=${by === here ? "true" : nothing}>${text}</a>`;

export function incidents({ argument, filters }) {
  if (argument) return one(argument);
  const known = state.incidents !== null;
  const by = known && filters.by !== "finding" ? "incident" : "finding";
  const active = (state.incidents ?? []).filter((i) => i.status !== "closed").sort(graver);
  const closed = (state.incidents ?? []).filter((i) => i.status === "closed" && !i.merged_into);
  const silent = by === "incident" ? active.filter((i) => i.withheld).length : state.silenced.length;
  const count = by === "incident" ? active.length - silent : state.findings.length;
  return html`<div class="row"><h1 class="grow">${count ? `${count} open` : "Nothing is wrong"}${silent ? `, ${silent} silenced` : ""}</h1>
      ${known ? html`<nav class="switch" aria-label="Shown by">${tab(by, "incident", "#/incidents", "Incidents")}${tab(by, "finding", "#/incidents?by=finding", "Findings")}</nav>` : nothing}</div>
    ${by === "finding" ? findingList() : html`
      <section class="block"><header><h2>Open</h2></header>${active.length ? html`<ul class="list">${active.map(incidentItem)}</ul>` : html`<p class="empty">No incident is open. ${closed[0] ? html`The last one was over at ${when(closed[0].closed_at)}.` : "Nothing has deviated so far."}</p>`}</section>
      <section class="block"><header><h2>Over</h2></header>${closed.length ? html`<ul class="list">${closed.slice(0, 50).map(incidentItem)}</ul>` : html`<p class="empty">None yet.</p>`}</section>`}`;
}

// Incidents: findings that belong together, root first, and why each belongs.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { justAfter, state, travel } from "../store.js";
import { care, cared, talk } from "../parts/care.js";
import { choose, pick } from "../parts/filters.js";
import { holding } from "../parts/held.js";
import { agentLink, findingItem, findingLink, graver, incidentItem, moreUrgent, openAndOver, titleOf } from "../parts/lists.js";
import { table } from "../parts/table.js";
import { brief, readIncident, steps } from "../parts/story.js";
import { timeline } from "../parts/timeline.js";
import { agentOf, fault, lasting, plural, severityLook, state as shown, titled, when, words } from "../words.js";

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
    ${incident.root ? html`<p class="pad"><b>${agentLink(agentOf(incident.root.agent))}</b>: ${titled(incident.root.reason)}. <span class="small quiet">Of the weight of all candidates it has ${Math.round(incident.root.confidence * 100)} %; that is a rank, and no probability.</span></p>` : html`<p class="empty">Nothing points to one place.</p>`}
    ${incident.candidates.length > 1 ? html`<ul class="list" aria-label="Possible roots">${incident.candidates.map((c) => html`<li><span class="grow">${agentLink(agentOf(c.agent))} <span class="small quiet">${titled(c.reason)}</span></span>
      <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${(100 * c.score) / best} height="8"/></svg><span class="num small">${Math.round(c.score * 100)} %</span></li>`)}</ul>` : nothing}</section>`;
}

const member = (m) => html`<tr class=${m.because === "root" ? "chosen" : ""}><td>${shown(m.ended_at ? "healthy" : severityLook(m.severity), m.ended_at ? "over" : m.severity)}</td>
  <td>${agentLink(agentOf(m.agent))} ${findingLink(m, fault(m))}<div class="small quiet">${WHY[m.because] ?? words(m.because)}</div></td></tr>`;
const members = (incident) => html`<section class="block"><header><h2>What belongs to it, and why</h2></header>
  ${table("Members", ["Severity", "Finding"], incident.members.map(member))}</section>`;

function one(id) {
  const { found: i, missing } = reading(`${id}/${Number(state.moment)}`, state.incidentsVersion, id);
  if (missing) return html`<h1>Incident</h1><section class="block"><p class="empty">There is no incident of this id${state.moment ? " at that moment" : ""}. ${findingLink({ finding_id: id }, "Look for a finding of this id")}</p></section>`;
  if (!i) return html`<h1>Incident</h1><section class="block"><p class="empty" role="status">Reading…</p></section>`;
  const path = `/incidents/${encodeURIComponent(id)}`, until = Number(i.closed_at ? new Date(i.closed_at) : state.moment ?? Date.now());
  return html`<div class="lead"><p class="small"><a href="#/incidents">Incidents</a></p><h1>${titleOf(i)}</h1>
      <p class="row">${standing(i)}<span class="quiet">${plural(i.findings, "finding")} on ${plural(i.agents, "agent")}, since ${when(i.since)}${i.coordinated ? ", coordinated" : ""}</span>
        ${cared(i)}${care(i, path, i.status === "closed")}<button @click=${() => travel(justAfter(i.opened_at))} title="The whole page as it was when this was noticed">See it as it began</button>
        ${i.merged_into ? html`<a href="#/incidents/${encodeURIComponent(i.merged_into)}">became part of another incident</a>` : nothing}</p></div>
    ${brief(i)}
    <section class="block"><header><h2>In time</h2><span class="small quiet right">a bar a finding, root first; lines: what was done</span></header>${timeline(i, until)}</section>
    <div class="cols">${steps(i)}<div class="stack">${talk(i, path)}${members(i)}${roots(i)}</div></div>`;
}

const tab = (by, here, filters, text) => html`<a href="#/incidents?${new URLSearchParams({ ...filters, by })}" aria-current=${by === here ? "true" : nothing}>${text}</a>`;

// What the page holds of one kind, now or at the moment that is shown.
const held = {
  incident: () => ({ item: incidentItem, since: "closed_at", open: [...state.incidents ?? []].filter((i) => i.status !== "closed"), over: (state.incidents ?? []).filter((i) => i.status === "closed" && !i.merged_into) }),
  finding: () => ({ item: findingItem, since: "ended_at", open: [...state.findings, ...state.silenced], over: state.moment ? null : state.ended }),
};

// Who looks after it is asked of the server: what is over is held here in part only.
const ASKED = { incident: ["/incidents", "status", "active", "closed"], finding: ["/findings", "state", "open", "ended"] };
const searching = holding(async (by, asked) => {
  const [path, of, open, over] = ASKED[by];
  const [all, latest] = await Promise.all([api.all(path, { ...asked, [of]: open }), api.get(path, { ...asked, [of]: over, limit: 100 })]);
  return { open: all, over: latest.items.filter((each) => !each.merged_into) };
});
function search(by, { acknowledged, assigned_to }) {
  if (!acknowledged && !assigned_to) return null;
  const key = JSON.stringify([by, acknowledged, assigned_to, Number(state.moment)]);
  return searching(key, by === "incident" ? state.incidents : state.findings, by, { acknowledged, assigned_to }).found ?? { open: [], over: [], reading: true };
}

function lookedAfter(filters) {
  const set = (name) => (value) => choose("incidents", { ...filters, [name]: value });
  const all = [...state.incidents ?? [], ...state.findings, ...state.silenced, ...state.ended];
  const people = new Set([filters.assigned_to, state.who.name, ...all.map((each) => each.assigned_to).sort()].filter(Boolean));
  return html`<div class="filters">${pick("Acknowledged", filters.acknowledged, [["", "or not"], ["true", "yes"], ["false", "no"]], set("acknowledged"))}
    ${pick("Assigned to", filters.assigned_to, [["", "anybody or nobody"], ...people], set("assigned_to"))}</div>`;
}

export function incidents({ argument, filters }) {
  if (argument) return one(argument);
  const known = state.incidents !== null;
  const by = known && filters.by !== "finding" ? "incident" : "finding";
  const here = held[by](), found = search(by, filters), { open, over } = found ?? here;
  const silent = here.open.filter((each) => each.withheld || each.silence_id).length, count = here.open.length - silent;
  const last = here.over?.[0];
  return html`<div class="row"><h1 class="grow">${found ? `${found.open.length} of ${here.open.length} open` : count ? `${count} open` : "Nothing is wrong"}${silent && !found ? `, ${silent} silenced` : ""}</h1>
      ${lookedAfter(filters)}${known ? html`<nav class="switch" aria-label="Shown by">${tab("incident", by, filters, "Incidents")}${tab("finding", by, filters, "Findings")}</nav>` : nothing}</div>
    ${found?.reading ? html`<p class="empty" role="status">Reading…</p>` : openAndOver(here.item, open.sort(by === "incident" ? graver : moreUrgent), here.over && over,
      found ? html`Nothing open matches. <a href="#/incidents?by=${by}">Clear the filters</a>` : html`No ${by} is open. ${last ? html`The last one was over at ${when(last[here.since])}.` : "Nothing has deviated so far."}`)}`;
}

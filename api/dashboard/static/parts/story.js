// An incident as whoever is on call asks after it: what happened, why it acted, what it did, how that
// was verified, and what is still open; then step by step, each step's event one click away.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { noteFailure, state } from "../store.js";
import { agentOf, fault, lasting, number, plural, precisely, severityLook, stamp, state as shown, when, words } from "../words.js";
import { agentLink, findingLink } from "./lists.js";
import { because, eventItem, openEvent, said, sentence } from "./sentences.js";

const TYPES = ["finding.raised", "finding.changed", "finding.ended", "incident.opened", "incident.changed", "incident.closed",
  ...["finding", "incident"].flatMap((of) => ["acknowledged", "unacknowledged", "assigned", "commented"].map((verb) => `${of}.${verb}`)),
  ...["requested", "proposed", "withheld", "awaiting_approval", "approval_given", "queued", "granted", "refused", "claimed", "verified", "finished"].map((name) => `action.${name}`)];
const AGENTS = 8; // of so many the events are read; those of others are told in the log's own words
const SHOWN = 3;
const asked = (incident, agent, more) => api.get("/events", { before: Number.MAX_SAFE_INTEGER, subject: `${incident.tenant_id}/${agent}`, ...more });

// An incident, and the events of its timeline as they lie in the log, by their ids.
export async function readIncident(id) {
  const incident = await api.get(`/incidents/${encodeURIComponent(id)}`), until = incident.closed_at ?? state.moment?.toISOString();
  const agents = [...new Set(incident.timeline.map((each) => each.agent))].filter(Boolean).slice(0, AGENTS);
  const lists = await Promise.all(agents.map((agent) => asked(incident, agent, { type: TYPES, as_of: until, limit: 200 })));
  return { ...incident, events: new Map(lists.flatMap((list) => list.items).map((event) => [event.id, event])) };
}

// What was done or might have been: of each action its events by type.
function deeds(incident) {
  const members = new Set(incident.members.map((m) => m.finding_id)), found = new Map();
  const own = incident.timeline.map((each) => incident.events.get(each.event_id)).filter((event) => event?.type.startsWith("action."));
  for (const event of own) {
    const { action_id: id, finding_id: finding } = event.data;
    if (finding && !members.has(finding)) continue; // about something else on the same agent
    const key = id ?? event.id;
    if (!id || event.type === "action.proposed") found.set(key, {});
    if (found.has(key)) found.get(key)[event.type.slice("action.".length)] = event;
  }
  return [...found.values()];
}

const percent = (share) => `${Math.round(share * 100)} %`;
function why({ proposed, withheld, approval_given: answer }) {
  if (withheld) return html`${sentence(withheld)}.`;
  const { data: d } = proposed, best = d.candidates.find((c) => !c.rejected), others = d.candidates.filter((c) => c.rejected);
  const people = `${d.requested_by ? ` ${d.requested_by} asked for it.` : ""}${answer ? ` ${answer.data.by} ${answer.data.approved ? "approved" : "rejected"} it${answer.data.reason ? `: ${answer.data.reason}` : ""}.` : ""}`;
  if (!best) return html`<b>${d.action}</b>:${people}`;
  return html`<b>${d.action}</b> should remove ${percent(best.improvement)} of it and succeeds ${percent(best.success_probability)} of the time, at a risk of ${number(d.risk)}: score ${number(d.score)}.${people}
    ${others.length ? html`<span class="quiet">Not ${others.map((c) => `${c.action}, as ${because(c.rejected)}`).join("; nor ")}.</span>` : nothing}`;
}

function what({ proposed, claimed, finished, refused, awaiting_approval: awaiting, queued }) {
  const { data: d } = proposed, link = html`<a href="#/actions/${d.action_id}">${d.action}</a> for ${agentLink(agentOf(proposed.subject))}`;
  if (finished) return html`${link}: ${said(finished).replace(`${d.action} `, "")}.${finished.data.evidence?.preview ? html` <code>${finished.data.evidence.preview}</code>` : nothing}`;
  if (refused) return html`${link} was not let through, as ${because(refused.data.reason)}.`;
  if (claimed) return html`${link} runs on ${claimed.data.host} since ${when(claimed.time)}.`;
  return html`${link}: nothing yet${awaiting ? `, it waits for a person: ${because(awaiting.data.reason)}` : queued ? `, as ${because(queued.data.reason)}` : ""}.`;
}

function checked({ claimed, verified, finished }) {
  if (verified) return html`${shown("healthy", "")} ${verified.data.detail || words(verified.data.check)}, ${lasting((new Date(verified.time) - new Date(claimed?.time ?? verified.time)) / 1000)} after it began.`;
  return html`${shown("failing", "")} Not verified: ${finished.data.detail || words(finished.data.outcome)}.`;
}

const some = (all, one, word) => html`${all.slice(0, SHOWN).map((each) => html`<p>${one(each)}</p>`)}${all.length > SHOWN ? html`<p class="quiet">and ${plural(all.length - SHOWN, word)} more, below</p>` : nothing}`;

function happened(incident) {
  const [root, ...others] = incident.members, agents = new Set(incident.members.map((m) => m.agent)).size;
  const raised = [...incident.events.values()].find((e) => e.type === "finding.raised" && e.data.finding_id === root.finding_id);
  const first = others.map((m) => new Date(m.since) - new Date(root.since)).sort((a, b) => a - b)[0];
  return html`<p>${raised ? sentence(raised) : html`${agentLink(agentOf(root.agent))}: ${fault(root)}`}, since ${precisely(root.since)}.
    ${others.length ? `${plural(incident.findings - 1, "other finding")} ${incident.findings === 2 ? "belongs" : "belong"} to it${agents > 1 ? `, on ${plural(incident.agents, "agent")} in all` : ""}${first > 0 ? `; the next came ${lasting(first / 1000)} later` : ""}.` : nothing}</p>`;
}

function left(incident, done) {
  const grave = (m) => (severityLook(m.severity) === "failing" ? 0 : 1);
  const open = incident.members.filter((m) => !m.ended_at).sort((a, b) => grave(a) - grave(b)), waiting = done.filter((d) => d.awaiting_approval && !d.granted && !d.refused && !d.finished);
  if (incident.status === "closed") return html`<p>${shown("healthy", "")} Nothing. It was over after ${lasting(incident.lasted_s)}${incident.closed_at ? `, and closed at ${stamp(incident.closed_at)}` : ""}.</p>`;
  if (!open.length && !waiting.length) return html`<p>${shown("maintenance", "")} Nothing: every finding has ended. It is closed when it has stayed away for a while.</p>`;
  return html`${waiting.map((d) => html`<p>${shown("degraded", "")} <a href="#/actions/${d.proposed.data.action_id}">${d.proposed.data.action}</a> waits for an answer.</p>`)}
    ${some(open, (m) => html`${shown(severityLook(m.severity), "")} ${findingLink(m, fault(m))} on ${agentLink(agentOf(m.agent))}, for ${lasting(((state.moment ?? Date.now()) - new Date(m.since)) / 1000)}`, "finding")}`;
}

export function brief(incident) {
  if (!incident.members.length) return nothing;
  const done = deeds(incident), acted = done.filter((d) => d.proposed), not = done.filter((d) => !d.proposed), ran = acted.filter((d) => d.verified || d.finished);
  const row = (name, content) => html`<dt>${name}</dt><dd>${content}</dd>`;
  return html`<section class="block" aria-label="In short"><dl class="facts story pad">
    ${row("What happened", happened(incident))}
    ${row(acted.length ? "Why it acted" : "Why it did not act", done.length ? some(acted.concat(not), why, "decision") : html`<p>Nothing was decided about it so far.</p>`)}
    ${acted.length ? row("What it did", some(acted, what, "action")) : nothing}
    ${ran.length ? row("How it was verified", some(ran, checked, "check")) : nothing}
    ${row("What is still open", left(incident, done))}</dl></section>`;
}

// In the log's words, without what stands beside them: for agents whose events were not read.
async function seek(incident, { at, what: type, agent, event_id: id }) {
  const found = await asked(incident, agent, { type, as_of: new Date(Number(new Date(at)) + 1).toISOString(), limit: 100 }).catch(noteFailure);
  const event = found?.items.find((each) => each.id === id);
  if (event) openEvent(event);
}
const plain = (incident, each) => html`<li class="event">${precisely(each.at)}${shown("unknown", "")}<span class="grow">${agentLink(each.agent)} ${each.text.replaceAll(`${incident.tenant_id}/`, "")}</span>
  <button class="bare small" data-stop @click=${() => seek(incident, each)}>${each.what}</button></li>`;

export const steps = (incident) => html`<section class="block"><header><h2>Step by step</h2><span class="small quiet right">the name of each event opens the event itself</span></header>
  ${incident.timeline.length ? html`<ul class="list">${incident.timeline.map((each) => { const event = incident.events.get(each.event_id); return event ? eventItem(event, { exact: true }) : plain(incident, each); })}</ul>` : html`<p class="empty">Nothing is on record.</p>`}</section>`;

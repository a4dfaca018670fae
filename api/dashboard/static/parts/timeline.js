// An incident in time: a bar a finding, root first, from when it began until it was over, with what
// was done as lines across all of them.
import { html, nothing, svg } from "/lib/lit-html.js";
import { fault, lasting, severityLook, stamp } from "../words.js";

const SHOWN = 16;
const WIDE = 1000;
const DONE = { "action.finished": "good", "action.verified": "good", "action.granted": "", "action.claimed": "" };

function span(incident, until) {
  const begins = incident.members.map((m) => Number(new Date(m.since)));
  const from = Math.min(...begins, Number(new Date(incident.since)));
  const ends = incident.members.map((m) => (m.ended_at ? Number(new Date(m.ended_at)) : until));
  const to = Math.max(...ends, from + 1000);
  return { from, to, x: (at) => ((at - from) / (to - from)) * WIDE };
}

function bar(member, place, { x, from, to }, until) {
  const begin = Number(new Date(member.since)), end = member.ended_at ? Number(new Date(member.ended_at)) : until;
  const agent = member.agent.slice(member.agent.indexOf("/") + 1);
  return html`<div role="listitem"><a class="lane" data-stop href="#/findings/${encodeURIComponent(member.finding_id)}">
    <span class="name"><b>${agent}</b> <span class="quiet">${fault(member)}</span></span>
    <svg viewBox="0 0 ${WIDE} 16" preserveAspectRatio="none" aria-hidden="true">
      ${svg`<rect class=${severityLook(member.severity)} x=${x(begin)} y="3" height="10" width=${Math.max(4, x(Math.min(end, to)) - x(begin))} />`}
    </svg>
    <span class="small quiet nowrap">${place ? "" : "root, "}${begin > from ? `+${lasting((begin - from) / 1000)}` : place ? "at once" : "the first"}, ${member.ended_at ? `over after ${lasting((end - begin) / 1000)}` : "open"}</span></a></div>`;
}

export function timeline(incident, until) {
  if (!incident.members.length) return nothing;
  const time = span(incident, until);
  const done = (incident.timeline ?? []).filter((each) => each.what in DONE);
  const more = incident.findings - Math.min(SHOWN, incident.members.length);
  return html`<div class="lanes" role="list" aria-label="Findings over time, root first">
    ${incident.members.slice(0, SHOWN).map((member, place) => bar(member, place, time, until))}
    <div class="lane axis" aria-hidden="true"><span class="name small quiet">${done.length ? "what was done" : nothing}</span>
      <svg viewBox="0 0 ${WIDE} 16" preserveAspectRatio="none">${done.map((each) => svg`<path class="act ${DONE[each.what]}" d="M${time.x(Number(new Date(each.at)))} 0V16" vector-effect="non-scaling-stroke"/>`)}</svg>
      <span class="small quiet nowrap">${stamp(time.from)} – ${stamp(time.to)}</span></div>
    ${more > 0 ? html`<p class="small quiet">and ${more} more</p>` : nothing}</div>`;
}

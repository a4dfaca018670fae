// The chain: measurement, finding, decision, command, outcome, with the milliseconds between.
import { html, nothing, svg } from "/lib/lit-html.js";
import { lasting, measured, number, stamp, state as shown, words } from "../words.js";
import { keep } from "./dialogs.js";
import { openEvent, said } from "./sentences.js";
import { table } from "./table.js";

const NAMES = {
  "finding.raised": "Finding", "action.proposed": "Decision", "action.granted": "Granted", "action.awaiting_approval": "Waits",
  "action.approval_given": "Answer", "action.claimed": "Taken up", "action.verified": "Verified", "action.finished": "Outcome",
  "finding.ended": "Over", "action.refused": "Refused", "action.withheld": "Withheld", "finding.changed": "Changed", "action.queued": "Queued",
  "action.preview_requested": "Asked", "action.preview": "Dry run asked", "action.previewed": "Dry run", "action.preview_refused": "No dry run",
};
const named = (link) => NAMES[link.type] ?? (link.topic === "actions.commands" ? "Command" : words(link.type));
const measuredAs = ({ metric, value }) => (value === null || value === undefined ? "–" : metric ? measured(metric, value) : number(value));
const GOOD = new Set(["action.verified", "finding.ended"]);

function tone(event) {
  if (event.type === "finding.raised" || event.type === "action.refused") return "bad";
  if (event.type === "action.finished") return event.data.outcome === "succeeded" ? "good" : "bad";
  return GOOD.has(event.type) ? "good" : "";
}

const SHAPES = [["", "Picture"], ["events", "Events"], ["json", "JSON"]];
export const chainSwitch = (id, shape = "") => html`<nav class="switch" aria-label="Shown as">${SHAPES.map(([name, text]) => html`<a href="#/findings/${encodeURIComponent(id)}${name ? `?as=${name}` : ""}" aria-current=${name === shape ? "true" : nothing}>${text}</a>`)}</nav>`;

export function chain(links, shape, name) {
  if (!links?.length) return html`<p class="empty">Nothing has followed from it yet.</p>`;
  return { events, json }[shape]?.(links, name) ?? picture(links);
}

function picture(links) {
  // A grant and its command are one moment: the command says more.
  const commanded = links.some((link) => link.topic === "actions.commands" && link.type !== "action.preview");
  const stops = links.filter((link) => !(commanded && link.type === "action.granted") && !/^action\.preview(_requested)?$/.test(link.type));
  const first = stops[0];
  const before = first.type === "finding.raised" ? html`
    <div class="stop" role="listitem"><b>Measured</b><span class="small">${first.data.metric || words(first.data.kind)} = ${measuredAs(first.data)}</span>
      <span class="small quiet">${stamp((first.data.since || 0) * 1000)}</span></div>${hop((new Date(first.time) / 1000 - first.data.since) * 1000)}` : nothing;
  return html`<div class="chain" role="list" aria-label="From measurement to outcome">${before}
    ${stops.map((link, i) => html`${i ? hop(new Date(link.time) - new Date(stops[i - 1].time)) : nothing}
      <div role="listitem"><button class="stop ${tone(link)}" data-stop @click=${() => openEvent(link)}>
        <b>${tone(link) ? shown(tone(link) === "good" ? "healthy" : "failing", "") : nothing}${named(link)}</b><span class="small">${broken(said(link))}</span></button></div>`)}</div>`;
}

// Every event with nothing left out, and how it lies in time.
const WIDE = 1000;
function events(links) {
  const from = Number(new Date(links[0].time)), span = Math.max(1, new Date(links.at(-1).time) - from);
  const x = (link) => 6 + ((new Date(link.time) - from) / span) * (WIDE - 12);
  return html`<div class="pad"><svg class="scale" viewBox="0 0 ${WIDE} 16" preserveAspectRatio="none" role="img" aria-label="${links.length} events in ${lasting(span / 1000)}">
      <path d="M6 8H${WIDE - 6}" vector-effect="non-scaling-stroke"/>${links.map((link) => svg`<path class=${tone(link) || "plain"} d="M${x(link)} 1V15" vector-effect="non-scaling-stroke"/>`)}</svg></div>
    ${table("Events of the chain", [["After", "num"], "Event", "What it says", "By", "Where in the log"], links.map((link) => html`<tr><td class="num nowrap">${lasting((new Date(link.time) - from) / 1000)}</td><td class="nowrap"><button class="bare" data-stop @click=${() => openEvent(link)}>${link.type}</button></td>
      <td>${said(link)}</td><td class="small quiet nowrap">${link.source}</td><td class="small quiet nowrap">${link.topic} / ${link.partition} / ${link.offset}</td></tr>`))}`;
}

function json(links, name) {
  const text = JSON.stringify(links, null, 2);
  return html`<div class="pad stack tight"><div class="row"><button @click=${() => navigator.clipboard?.writeText(text)}>Copy</button><button @click=${() => keep(`${name}.json`, text)}>Download</button></div>
    <pre class="plain" tabindex="0" aria-label="The chain as JSON">${text}</pre></div>`;
}

const broken = (text) => text.replaceAll(/([./])(?=[a-z_])|(\/\/)/gi, "$&\u200b"); // long names may break there, numbers not
const hop = (ms) => html`<div class="hop"><span>${lasting(Math.max(0, ms || 0) / 1000)}</span>
  <svg viewBox="0 0 64 8" preserveAspectRatio="none" aria-hidden="true">${svg`<path d="M0 4H62M57 1L62 4L57 7"/>`}</svg></div>`;

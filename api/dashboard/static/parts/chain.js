// The chain: measurement, finding, decision, command, outcome, with the milliseconds between.
import { html, nothing, svg } from "/lib/lit-html.js";
import { clock, lasting, told, words } from "../words.js";
import { openEvent } from "./dialogs.js";

const NAMES = {
  "finding.raised": "Finding", "action.proposed": "Decision", "action.granted": "Granted", "action.awaiting_approval": "Waits",
  "action.approval_given": "Answer", "action.claimed": "Taken up", "action.verified": "Verified", "action.finished": "Outcome",
  "finding.ended": "Over", "action.refused": "Refused", "action.withheld": "Withheld", "finding.changed": "Changed", "action.queued": "Queued",
};
const GOOD = new Set(["action.verified", "finding.ended"]);

function tone(event) {
  if (event.type === "finding.raised" || event.type === "action.refused") return "bad";
  if (event.type === "action.finished") return event.data.outcome === "succeeded" ? "good" : "bad";
  return GOOD.has(event.type) ? "good" : "";
}

export function chain(links) {
  if (!links?.length) return html`<p class="empty">Nothing has followed from it yet.</p>`;
  // A grant and its command are one moment: the command says more.
  const commanded = links.some((link) => link.topic === "actions.commands");
  const shown = links.filter((link) => !(commanded && link.type === "action.granted"));
  const first = shown[0];
  const measured = first.type === "finding.raised" ? html`
    <div class="stop"><b>Measured</b><span class="small">${first.data.metric || words(first.data.kind)} = ${first.data.value ?? "–"}</span>
      <span class="small quiet">${clock((first.data.since || 0) * 1000)}</span></div>${hop((new Date(first.time) / 1000 - first.data.since) * 1000)}` : nothing;
  return html`<div class="chain" role="list" aria-label="From measurement to outcome">${measured}
    ${shown.map((link, i) => html`${i ? hop(link.after_ms) : nothing}
      <button class="stop ${tone(link)}" role="listitem" data-stop @click=${() => openEvent(link)}>
        <b>${NAMES[link.type] ?? (link.topic === "actions.commands" ? "Command" : words(link.type))}</b>
        <span class="small">${broken(told(link))}</span></button>`)}</div>`;
}

const broken = (text) => text.replaceAll(/([./])(?=\w)/g, "$1\u200b"); // long names may break there
const hop = (ms) => html`<div class="hop"><span>${lasting(Math.max(0, ms || 0) / 1000)}</span>
  <svg viewBox="0 0 64 8" preserveAspectRatio="none" aria-hidden="true">${svg`<path d="M0 4H62M57 1L62 4L57 7"/>`}</svg></div>`;

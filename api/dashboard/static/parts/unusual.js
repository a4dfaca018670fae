// What the detector holds against an agent: which metrics drive it, what was expected of them, how
// rare that is, and whether it was like this before.
import { html, nothing } from "/lib/lit-html.js";
import { state } from "../store.js";
import { between, count, day, gist, lasting, measured, number, severityLook, state as shown, when, words } from "../words.js";
import { may, send } from "./deeds.js";
import { askReason } from "./dialogs.js";
import { findingLink } from "./lists.js";
import { table } from "./table.js";

export const DETECTED = new Set(["anomaly", "shift", "trend", "flat_line", "missing_metric", "heartbeat_gap", "clock_skew", "decoupled", "unit_change"]);
export const driversOf = (finding) => (finding.drivers.length ? finding.drivers : finding.metric ? [finding.metric] : []);

// A finding on the chart of a metric: where it was raised, and how long it lasted.
export const findingMark = (f, metric) => ({
  at: Number(new Date(f.raised_at)), from: Number(new Date(f.since ?? f.raised_at)), until: f.ended_at ? Number(new Date(f.ended_at)) : Infinity,
  kind: "finding", color: severityLook(f.severity), metric, value: metric === f.metric ? f.value ?? undefined : undefined, text: gist(f),
});

const before = (finding, others) => {
  const drivers = new Set(driversOf(finding));
  return others.filter((other) => other.finding_id !== finding.finding_id && other.raised_at < finding.raised_at &&
    DETECTED.has(other.kind) && driversOf(other).some((metric) => drivers.has(metric)));
};

async function ask(path, body, told, title, verb, why) {
  const reason = await askReason(title, verb, why);
  if (reason !== null) await send("POST", path, { ...body, reason }, { text: told }, "findings");
}

const accept = (f) => ask(`/findings/${encodeURIComponent(f.finding_id)}/accept`, {}, `What ${f.agent_id} shows now is its new normal.`, `Take this for the new normal of ${f.agent_id}?`, "Accept",
  "What its metrics show now is what will be expected. The finding ends, and your reason stays on record.");
const relearn = (f) => ask(`/agents/${encodeURIComponent(f.agent_id)}/relearn`, { metrics: driversOf(f) }, `${f.agent_id} learns ${driversOf(f).join(", ")} anew.`, `Forget what is usual of ${driversOf(f).join(", ")}?`, "Learn anew",
  `Nothing is expected of ${f.agent_id} in these metrics until enough was seen again.`);

function driver(finding, metric, place, { metrics, history }) {
  const window = (history.get(metric) ?? []).findLast((w) => w.expected_low !== null);
  const own = place === 0 && finding.metric === metric;
  const low = own ? finding.expected_low : window?.expected_low ?? null, high = own ? finding.expected_high : window?.expected_high ?? null;
  return html`<tr><td>${metric}${own && finding.kind === "anomaly" ? html` <span class="small quiet">strongest</span>` : nothing}</td>
    <td class="num">${own ? measured(metric, finding.value) : "–"}</td><td class="num">${measured(metric, metrics[metric])}</td>
    <td class="num">${low === null || high === null ? html`<span class="quiet">not learnt</span>` : between(metric, low, high)}</td></tr>`;
}

const DRIVEN = ["Driven by", ["When raised", "num"], ["Now", "num"], ["Usually", "num"]];
function one(finding, agent) {
  const rare = finding.one_in, like = before(finding, agent.findings), drivers = driversOf(finding);
  return html`<article class="pad stack tight">
    <div class="row">${shown(severityLook(finding.severity), words(finding.kind))}<b class="grow">${findingLink(finding, gist(finding))}</b>
      ${may() ? html`<button @click=${() => accept(finding)}>Accept as new normal</button>${drivers.length ? html`<button @click=${() => relearn(finding)}>Learn anew</button>` : nothing}` : nothing}</div>
    <p class="quiet">Since ${when(finding.since ?? finding.raised_at)}, ${lasting(((state.moment ?? Date.now()) - new Date(finding.since ?? finding.raised_at)) / 1000)} now${rare ? html`; as rare as one in <b>${count(rare)}</b> records` : nothing}.
      ${like.length ? html`${like.length === 1 ? "Once" : `${number(like.length)} times`} like this before, last ${findingLink(like[0], day(like[0].raised_at))}${like[0].ended_at ? ` (${words(like[0].end_reason)} after ${lasting(like[0].lasted_s)})` : ""}.` : "Not seen like this before."}</p>
    ${drivers.length > 1 ? table("Metrics that drive it", DRIVEN, drivers.map((metric, place) => driver(finding, metric, place, agent))) : nothing}</article>`;
}

// `agent` has its latest metrics, the history of each, and its findings, newest first.
export function unusual(agent) {
  const open = agent.findings.filter((f) => !f.ended_at && DETECTED.has(f.kind));
  if (!open.length) return nothing;
  return html`<section class="block" aria-label="Unusual"><header><h2>Unusual</h2><span class="small quiet right">compared with what this agent usually shows at this time of day</span></header>
    <div class="parted">${open.map((finding) => one(finding, agent))}</div></section>`;
}

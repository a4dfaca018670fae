// The installation itself, honestly: its parts, how far behind they are, what was not accepted.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { may } from "../parts/deeds.js";
import { askReason } from "../parts/dialogs.js";
import { agentLink } from "../parts/lists.js";
import { table } from "../parts/table.js";
import { changed, noteFailure, state } from "../store.js";
import { ago, lasting, look, measured, number, plural, standing, state as shown, when, words } from "../words.js";

const LOOKS = { ok: "healthy", starting: "maintenance", degraded: "failing" };
let letters = null;
let reported = null;
let asked = 0;

export function parts(details = true) {
  const health = state.health;
  return html`<section class="block"><header><h2>${details ? "Pipeline" : "Parts"}${state.moment ? ", now" : ""}</h2>${details ? html`<a class="right small" href="#/pipeline">Details</a>` : nothing}</header>
    ${health ? html`<ul class="list inline">${Object.entries(health.components).map(([name, part]) => html`<li>${shown(LOOKS[part.status] ?? "unknown", part.status)}
      <span class="grow">${name}${part.detail ? html` <span class="small quiet">${part.detail}</span>` : nothing}</span>
      <span class="small quiet">${part.detail ? nothing : figures(part.figures)}</span></li>`)}</ul>` : html`<p class="empty" role="status">Asking…</p>`}</section>`;
}

const figures = (values) => Object.entries(values).map(([name, value]) =>
  name === "age_s" ? (value < 2 ? "just now" : `${lasting(value)} ago`) : name === "lag_records" ? (value ? `${plural(value, "record")} behind` : "") : `${words(name)} ${number(value)}`).filter(Boolean).join(", ");

// Of a column to be compared: one digit behind the point, and what is rarer as that.
const rate = (value) => (value && value < 0.1 ? "< 0.1" : (value ?? 0).toFixed(1));

function decode(text) {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  } catch {
    return text;
  }
}

// Parts that report like any other agent: the workers, and the broker.
async function ask() {
  try {
    const ours = state.health.components.worker?.agents ?? [];
    const [kafka, ...workers] = await Promise.all([api.get("/agents", { type: "kafka", limit: 20 }), ...ours.map((id) => api.get(`/agents/${id}`))]);
    reported = { workers, brokers: kafka.items };
    letters = (await api.get("/dead-letters", { limit: 100 })).items;
  } catch (error) {
    if (error.status === 403) letters = [];
    else noteFailure(error);
  }
  changed();
}

async function write(letter, verb, body) {
  try {
    await api.send("POST", `/dead-letters/${encodeURIComponent(letter.event_id)}/${verb}`, body);
    letter.kind = { redrive: "redriven", discard: "discarded" }[verb];
  } catch (error) {
    noteFailure(error);
  }
  changed();
}

async function discard(letter) {
  const reason = await askReason("Discard this record", "Discard", "Nothing is to come of it; it stays in the log.");
  if (reason) write(letter, "discard", { reason });
}


function answers(letter) {
  if (letter.kind !== "dead_letter" || !state.who.everywhere || !may()) return html`${words(letter.kind)}${letter.outcome ? `, ${words(letter.outcome)}` : ""}`;
  return html`<button @click=${() => write(letter, "redrive")} ?disabled=${letter.truncated || letter.topic !== "telemetry"}
      title="Let it come in once more, late: it may register its agent, and trains nothing">Redrive</button>
    <button @click=${() => discard(letter)}>Discard</button>`;
}

const WORKERS = ["Worker", "State", ["Records/s", "num"], ["Behind", "num"], ["Snapshot", "num"], ["Dead letters", "num"], ["Heard of", "num"]];
const worker = ({ metrics: m, ...w }) => html`<tr><td class="nowrap">${agentLink(w.agent_id)}</td><td>${shown(look(w.status, w.health.level), standing({ status: w.status, health: w.health.level }))}</td><td class="num">${rate(m.records_per_s)}</td><td class="num">${number(m.consumer_lag)}</td>
  <td class="num">${lasting(m.snapshot_age_s)}</td><td class="num">${number(m.dead_letters)}</td><td class="num nowrap">${ago(w.last_seen)}</td></tr>`;

// Topics as the broker's sensor measures them, the busiest first.
function topics({ metrics }) {
  const sized = Object.keys(metrics).filter((name) => name.startsWith("log_size_bytes:")).map((name) => name.slice("log_size_bytes:".length));
  const busy = (topic) => metrics[`records_per_s:${topic}`] ?? 0;
  return sized.sort((a, b) => busy(b) - busy(a) || (a < b ? -1 : 1)).map((topic) => html`<tr><td>${topic}</td><td class="num">${rate(busy(topic))}</td><td class="num">${measured("log_size_bytes", metrics[`log_size_bytes:${topic}`])}</td></tr>`);
}

const broker = (b) => html`<section class="block"><header><h2>Topics</h2><span class="small quiet right">of ${agentLink(b.agent_id)}: ${rate(b.metrics.records_per_s)} records a second, ${measured("log_size_bytes", b.metrics.log_size_bytes)} on disk, ${ago(b.last_seen)}</span></header>
  ${table("Topics", ["Topic", ["Records/s", "num"], ["On disk", "num"]], topics(b))}</section>`;

const letter = (l) => html`<tr><td>${when(l.at)}</td><td>${words(l.reason)}<div class="small quiet">${l.detail}</div></td><td class="nowrap small">${l.topic} / ${l.partition} / ${l.offset}</td><td><code>${decode(l.value).slice(0, 200)}</code></td><td class="nowrap">${answers(l)}</td></tr>`;

export function pipeline() {
  if (state.health && Date.now() - asked > 5000) { asked = Date.now(); ask(); }
  return html`<h1>${state.health?.status === "ok" ? "The pipeline keeps up" : `The pipeline is ${state.health?.status ?? "being asked"}`}</h1>
    ${state.moment ? html`<p class="quiet">This view shows now: what the parts were is not kept.</p>` : nothing}
    <div class="cols"><div class="stack">${parts(false)}
      <section class="block"><header><h2>Workers</h2></header>${reported?.workers.length ? table("Workers", WORKERS, reported.workers.map(worker)) : html`<p class="empty">${reported ? "None has reported yet." : "Asking…"}</p>`}</section></div>
      <div class="stack">${reported?.brokers.map(broker)}</div></div>
    <section class="block"><header><h2>Dead letters</h2><span class="small quiet right">records that were not accepted, with the reason</span></header>
      ${letters?.length ? table("Dead letters", ["When", "Reason", "Where", "Value", "What became of it"], letters.map(letter))
        : html`<p class="empty">${letters ? "None. Everything that came in was accepted." : "Asking…"}</p>`}</section>`;
}

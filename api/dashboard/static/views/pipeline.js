// The installation itself, honestly: its parts, how far behind they are, what was not accepted.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { askReason } from "../parts/dialogs.js";
import { changed, noteFailure, state } from "../store.js";
import { ago, number, state as shown, when, words } from "../words.js";

const LOOKS = { ok: "healthy", starting: "maintenance", degraded: "failing" };
let letters = null;
let asked = 0;

export function parts(details = true) {
  const health = state.health;
  return html`<section class="block"><header><h2>${details ? "Pipeline" : "Parts"}</h2>${details ? html`<a class="right small" href="#/pipeline">Details</a>` : nothing}</header>
    ${health ? html`<ul class="list">${Object.entries(health.components).map(([name, part]) => html`<li>${shown(LOOKS[part.status] ?? "unknown", part.status)}
      <span class="grow">${name}${part.detail ? html` <span class="small quiet">${part.detail}</span>` : nothing}</span>
      <span class="small quiet">${figures(part.figures)}</span></li>`)}</ul>` : html`<p class="empty" role="status">Asking…</p>`}</section>`;
}

const figures = (values) => Object.entries(values).map(([name, value]) =>
  name === "age_s" ? `${number(value)} s ago` : name === "lag_records" ? `${number(value)} behind` : `${words(name)} ${number(value)}`).join(", ");

function decode(text) {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  } catch {
    return text;
  }
}

async function ask() {
  try {
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

const may = () => state.who.everywhere && state.who.role !== "viewer";

function answers(letter) {
  if (letter.kind !== "dead_letter" || !may()) return html`${words(letter.kind)}${letter.outcome ? `, ${words(letter.outcome)}` : ""}`;
  return html`<button @click=${() => write(letter, "redrive")} ?disabled=${letter.truncated || letter.topic !== "telemetry"}
      title="Let it come in once more, late: it may register its agent, and trains nothing">Redrive</button>
    <button @click=${() => discard(letter)}>Discard</button>`;
}

export function pipeline() {
  if (Date.now() - asked > 5000) { asked = Date.now(); ask(); }
  const workers = [...state.fleet.values()].filter((a) => a.type === "worker");
  return html`<h1>${state.health?.status === "ok" ? "The pipeline keeps up" : `The pipeline is ${state.health?.status ?? "being asked"}`}</h1>
    ${state.moment ? html`<p class="quiet">This view shows now: what the parts were is not kept.</p>` : nothing}
    ${parts(false)}
    <section class="block"><header><h2>Workers</h2></header><ul class="list">${workers.map((w) => html`<li>${shown(w.health === "healthy" ? "healthy" : "degraded", w.health || w.status)}<span class="grow"><a href="#/fleet/${w.id}">${w.id}</a></span></li>`)}</ul></section>
    <section class="block"><header><h2>Dead letters</h2><span class="small quiet right">records that were not accepted, with the reason</span></header>
      ${letters?.length ? html`<div class="scroll"><table><thead><tr><th>When</th><th>Reason</th><th>Where</th><th>Value</th><th>What became of it</th></tr></thead><tbody>${letters.map((l) => html`<tr><td>${when(l.at)}</td><td>${words(l.reason)}<div class="small quiet">${l.detail}</div></td><td class="nowrap small">${l.topic} / ${l.partition} / ${l.offset}</td><td><code>${decode(l.value).slice(0, 200)}</code></td><td class="nowrap">${answers(l)}</td></tr>`)}</tbody></table></div>`
        : html`<p class="empty">${letters ? "None. Everything that came in was accepted." : "Asking…"}</p>`}</section>`;
}

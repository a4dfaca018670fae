// How an agent is, in up to three scores, each with what drives it.
import { html, nothing } from "/lib/lit-html.js";
import { measured, number, reasons, state as shown, when, words } from "../words.js";

const LOOKS = {
  healthy: "healthy", excellent: "healthy", good: "healthy", secure: "healthy", guarded: "degraded", fair: "degraded", degraded: "degraded",
  poor: "failing", at_risk: "failing", failing: "failing", critical: "failing",
};

function score(name, said, why) {
  return html`<div class="figure"><div class="row"><h2>${name}</h2><b>${number(said.score)}</b>${shown(LOOKS[said.level] ?? "unknown", words(said.level) || "unknown")}</div>
    <p class="small quiet">${why}</p></div>`;
}

function working({ parts, p95_ms: p95, success_rate: success, throughput_per_s: throughput }) {
  const said = [];
  if (p95 !== null && p95 !== undefined) said.push(`95 of 100 answers within ${measured("latency", p95)}`);
  if (success !== null && success !== undefined) said.push(`${number(success * 100)} % succeed`);
  if (throughput !== null && throughput !== undefined) said.push(`${number(throughput)} tasks a second`);
  const worst = Object.entries(parts ?? {}).sort(([, a], [, b]) => a - b)[0];
  if (worst && worst[1] < 0.9) said.push(`${words(worst[0])} costs it most`);
  return said.join(", ") || "Nothing counts against it.";
}

export function scores({ health, performance, security }) {
  const since = health.since ? html` since ${when(health.since)}` : nothing;
  return html`<section class="figures wide" aria-label="Scores">
    ${score("Health", health, health.reasons.length ? reasons(health.reasons) : html`Nothing counts against it${since}.`)}
    ${performance?.level ? score("Performance", performance, working(performance)) : nothing}
    ${security?.level ? score("Security", security, security.reasons?.length ? reasons(security.reasons) : "No threat is held against it.") : nothing}</section>`;
}

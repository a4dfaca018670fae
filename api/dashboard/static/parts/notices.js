// What stands above every view: that it shows the past, that something does not answer or is behind,
// and what became of what the person did.
import { html, nothing } from "/lib/lit-html.js";
import { load, noteFailure, noteOutcome, state, step, travel } from "../store.js";
import { ago, dayAndClock, lasting, stamp } from "../words.js";

export function link() {
  if (state.moment) return html`<span class="link past" role="status">past</span>`;
  const { state: kind, since } = state.link, { status, figures } = state.health?.components.projector ?? {};
  const away = { connecting: "connecting", away: `disconnected since ${stamp(since)}`, ended: "signed out" }[kind];
  if (state.failure?.status === 0) return html`<span class="link away" role="status">no answer</span>`;
  if (away) return html`<span class="link ${kind === "connecting" ? kind : "away"}" role="status">${away}</span>`;
  if (status === "degraded") return html`<span class="link stale" role="status">${lasting(figures.age_s)} behind</span>`;
  return html`<span class="link" role="status">live</span>`;
}

// What the page cannot do, calmly: which part is at fault, what that means, and what helps.
const MEANS = {
  projector: "Nothing is lost and healing does not wait; what you see is older than what is known.",
  worker: "Nothing is judged or healed until one is back.",
  broker: "Nothing comes in or is healed until it is back.",
};
function troubles() {
  const parts = Object.entries(state.health?.components ?? {}).filter(([, part]) => part.status === "degraded");
  return parts.map(([name, { detail }]) => html`<div class="notice ${name === "projector" ? "" : "bad"}" role="status"><span><b>${name}</b>: ${detail}. ${MEANS[name] ?? nothing}</span> <a href="#/pipeline">Pipeline</a></div>`);
}

function unreachable() {
  const { state: kind, since } = state.link;
  if (kind === "ended") {
    return html`<div class="notice bad" role="alert">Your session has ended. What you see is kept as it was at ${stamp(since)}.
      <button class="primary" @click=${() => location.reload()}>Sign in again</button></div>`;
  }
  if (kind === "away") return html`<div class="notice bad" role="alert">Nothing new since ${stamp(since)}: the server does not answer. What you see is kept; it catches up by itself.</div>`;
  if (!state.failure) return troubles();
  return html`<div class="notice bad" role="alert">${state.failure.message}
    <button class="bare" @click=${() => load().catch(noteFailure)}>Try again</button></div>`;
}

export function notices() {
  const found = [];
  if (state.moment) {
    found.push(html`<div class="notice time"><span class="grow"><span role="status">You are looking at <b>${dayAndClock(state.moment)}</b></span>, ${ago(state.moment)}. <span class="hide-small">Nothing can be done from here.</span></span>
      <button aria-label="Earlier: to the event before" aria-keyshortcuts="[" @click=${() => step(-1)}>‹ Earlier <kbd>[</kbd></button><button aria-label="Later: to the event after" aria-keyshortcuts="]" @click=${() => step(1)}>Later › <kbd>]</kbd></button>
      <button class="primary" aria-keyshortcuts="t" @click=${() => travel(null)}>Back to live <kbd>t</kbd></button></div>`);
  }
  found.push(unreachable());
  if (state.outcome) {
    const { text, href, refused } = state.outcome;
    found.push(html`<div class="notice ${refused ? "bad" : ""}" role=${refused ? "alert" : "status"}>${text} ${href ? html`<a href=${href}>See what becomes of it</a>` : nothing}
      <button class="bare" @click=${() => noteOutcome(null)}>Dismiss</button></div>`);
  }
  return found;
}

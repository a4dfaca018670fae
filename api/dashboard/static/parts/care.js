// Who looks after a finding or an incident: acknowledged, assigned, talked about.
import { html, nothing } from "/lib/lit-html.js";
import { state } from "../store.js";
import { state as shown, when } from "../words.js";
import { may, send } from "./deeds.js";
import { askForm, askReason } from "./dialogs.js";

const say = (path, verb, body, text) => send("POST", `${path}/${verb}`, body, { text }, "findings", "incidents");
const known = (thing) => thing.acknowledgement !== undefined; // by a server that keeps it

async function acknowledge(path) {
  const reason = await askReason("Acknowledge this?", "Acknowledge", "Others see that you look after it. It stays open until it is over, and asks again where it gets worse.");
  if (reason !== null) await say(path, "acknowledge", { reason }, "It is acknowledged.");
}
async function takeBack(path) {
  const reason = await askReason("Take the acknowledgement back?", "Take back", "It asks for somebody again.");
  if (reason !== null) await say(path, "unacknowledge", { reason }, "The acknowledgement was taken back.");
}
async function assign(path, to) {
  const given = await askForm("Who looks after it?", "Assign", "The reason stays on record.", html`<label>Name <input name="to" maxlength="100" required class="grow" value=${to || state.who.name}></label>`);
  if (given) await say(path, "assign", { to: given.get("to").trim(), reason: given.get("reason") }, `It is assigned to ${given.get("to").trim()}.`);
}
async function comment(event, path) {
  event.preventDefault();
  const form = event.target, text = new FormData(form).get("text").trim();
  if (!text) return;
  await say(path, "comment", { text }, "The comment is on record.");
  form.reset();
}

// What stands in a list, beside the name.
export const cared = (thing) => (thing.acknowledgement || thing.assigned_to ? html` <span class="small quiet nowrap">${[
  thing.acknowledgement && `acknowledged by ${thing.acknowledgement.by}${thing.acknowledgement.worse ? ", worse since" : ""}`, thing.assigned_to && `assigned to ${thing.assigned_to}`].filter(Boolean).join(", ")}</span>` : nothing);
export const calm = (thing) => Boolean(thing.acknowledgement && !thing.acknowledgement.worse);

// The buttons, beside what is known of it.
export function care(thing, path, over) {
  if (!known(thing) || over || !may()) return nothing;
  return html`${thing.acknowledgement && !thing.acknowledgement.worse ? html`<button @click=${() => takeBack(path)}>Unacknowledge</button>` : html`<button data-key="e" @click=${() => acknowledge(path)}>Acknowledge <kbd>e</kbd></button>`}
    <button @click=${() => assign(path, thing.assigned_to)}>Assign…</button>`;
}

// Who, since when and why; and what was said.
export function talk(thing, path) {
  if (!known(thing)) return nothing;
  const { acknowledgement: ack, assigned_to: to, comments = [] } = thing;
  if (!ack && !to && !comments.length && !may()) return nothing;
  return html`<section class="block" aria-label="Looked after"><header><h2>Looked after</h2><span class="small quiet right">${to ? `by ${to}` : ack ? nothing : "by nobody yet"}</span></header>
    <ul class="list">${ack ? html`<li>${when(ack.at)}<span class="grow">${ack.worse ? shown("degraded", "") : shown("maintenance", "")} <b>${ack.by}</b> acknowledged it: ${ack.note}${ack.worse ? " It got worse since." : ""}</span></li>` : nothing}
      ${comments.map((each) => html`<li>${when(each.at)}<span class="grow"><b>${each.by}</b>: ${each.text}</span></li>`)}</ul>
    ${may() ? html`<form class="pad row" aria-label="Say something" @submit=${(event) => comment(event, path)}><input name="text" class="grow" aria-label="Comment" placeholder="What was seen, tried or agreed" maxlength="1000" autocomplete="off" required><button>Comment</button></form>` : nothing}</section>`;
}

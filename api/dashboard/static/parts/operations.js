// One thing done to many agents: what it would touch is counted first, and what became of each is told.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { stale } from "../store.js";
import { count, plural, state as shown, words } from "../words.js";
import { may } from "./deeds.js";
import { open } from "./dialogs.js";
import { because } from "./sentences.js";

const MOST = 1000;
const KINDS = [["maintenance", "begin maintenance"], ["release", "release: back to active"], ["relearn", "learn anew what is usual"], ["quarantine", "quarantine"], ["decommission", "decommission"]];
const LOOKED_MS = 1000;
const LOOKS = { done: "healthy", refused: "failing", asked: "unknown" };

const refusals = ({ refused }) => Object.entries(refused).map(([reason, n]) => `${count(n)} as ${because(reason)}`).join(", ");
const outcome = (told) => html`<p class="row">${Object.entries(told.counts).filter(([, n]) => n).map(([name, n]) => shown(LOOKS[name] ?? "unknown", `${count(n)} ${name}`))}</p>
  <ul class="list told">${told.outcomes.filter((each) => each.state !== "done").slice(0, 50).map((each) => html`<li>${shown(LOOKS[each.state] ?? "unknown", each.state)}<span class="grow">${each.agent_id} <span class="quiet">${words(each.detail)}</span></span></li>`)}</ul>`;

function ask(agents) {
  let kind = KINDS[0][0], preview = null, told = null, trouble = "", timer = 0;
  const tell = (error) => { trouble = error.message; dialog.redraw(); };
  const look = () => {
    preview = null;
    const asked = kind;
    api.send("POST", "/operations/preview", { operation: kind, agents }).then((found) => { if (asked === kind) { preview = found; trouble = ""; dialog.redraw(); } }, tell);
  };
  const follow = (id) => api.get(`/operations/${encodeURIComponent(id)}`).then((found) => {
    told = found;
    dialog.redraw();
    if (found.counts.asked && dialog.dialog.open) timer = setTimeout(() => follow(id), LOOKED_MS);
    else stale("fleet");
  }, (error) => (error.status === 404 && dialog.dialog.open ? (timer = setTimeout(() => follow(id), LOOKED_MS)) : tell(error)));
  const submit = (event) => {
    event.preventDefault();
    const body = { operation: kind, agents, reason: new FormData(event.target).get("reason"), expected: preview.touched };
    api.send("POST", "/operations", body).then(({ operation_id: id }) => { told = { counts: { asked: preview.touched }, outcomes: [] }; dialog.redraw(); dialog.dialog.querySelector("button").focus(); follow(id); }, (error) => { tell(error); look(); });
  };
  const form = (close) => html`<form aria-label="One thing for many agents" @submit=${submit}><h2>With ${plural(agents.length, "agent")}</h2>
    <label>Do <select @change=${(e) => { kind = e.target.value; look(); dialog.redraw(); }}>${KINDS.map(([name, text]) => html`<option value=${name} ?selected=${name === kind}>${text}</option>`)}</select></label>
    <p role="status">${preview ? html`It would touch <b>${plural(preview.touched, "agent")}</b>${preview.touched - preview.allowed ? html`; of these ${count(preview.touched - preview.allowed)} would refuse: ${refusals(preview)}` : nothing}.` : trouble ? nothing : "Counting…"}</p>
    ${trouble ? html`<p role="alert" class="state failing">${trouble}</p>` : nothing}
    <label>Reason <input name="reason" required maxlength="1000" class="grow" autofocus></label>
    <div class="row"><button class="primary" ?disabled=${!preview?.allowed}>${preview ? `Do it to ${plural(preview.allowed, "agent")}` : "Do it"}</button><button type="button" @click=${close}>Cancel</button></div></form>`;
  const dialog = open((close) => (told ? html`<div class="body"><h2>What became of it</h2>${outcome(told)}${trouble ? html`<p role="alert">${trouble}</p>` : nothing}<div class="row"><span class="grow"></span><button @click=${close}>Close</button></div></div>` : form(close)));
  dialog.dialog.addEventListener("close", () => clearTimeout(timer));
  look();
}

// Of those that a list shows, no more and no others.
export const withAll = (agents) => (!may() || !agents.length ? nothing : html`<button class="bare small" ?disabled=${agents.length > MOST}
  title=${agents.length > MOST ? `At most ${count(MOST)} at once: choose fewer by the filters` : "One thing for all that are listed"} @click=${() => ask(agents.map((a) => a.id))}>Act on these ${count(agents.length)}…</button>`);

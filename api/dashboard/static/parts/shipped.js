// What this release ships otherwise than the policy in force: each part before → after, taken or kept.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { state } from "../store.js";
import { plural } from "../words.js";
import { may, send } from "./deeds.js";
import { askReason } from "./dialogs.js";
import { holding } from "./held.js";
import { table, unseen } from "./table.js";

const ALL = "*";
const reading = holding(() => api.get("/policy/shipped"));

async function answer(verb, path, version) {
  const what = path === ALL ? "all that is offered" : path, taken = verb === "take";
  const reason = await askReason(`${taken ? "Take" : "Keep"} ${path === ALL ? "all" : path}?`, taken ? "Take" : "Keep",
    taken ? `What this release ships of ${what} comes into force, as a new version.` : `Of ${what} stays what is in force, and it is offered no more until it is shipped otherwise.`);
  if (reason !== null) await send("POST", "/policy/shipped", { [verb]: [path], reason, replaces: version }, { text: taken ? `${path === ALL ? "All" : path} is taken over.` : `${path === ALL ? "All" : path} stays as it is.` }, "policy");
}

const value = (of) => (of === null ? html`<span class="quiet">none</span>` : html`<code class="value">${JSON.stringify(of)}</code>`);
const buttons = (path, version, busy) => html`<span class="nowrap">${[["take", "Take"], ["keep", "Keep"]].map(([verb, text]) => html`<button ?disabled=${busy} aria-label="${text} ${path === ALL ? "all" : path}"
  @click=${() => answer(verb, path, version)}>${text}${path === ALL ? " all" : ""}</button> `)}</span>`;
const row = (offer, version, busy, answers) => html`<tr><td>${offer.path}${offer.standing === "differs" ? html`<div class="small quiet">changed here too; it was shipped as ${value(offer.before)}</div>` : nothing}</td>
  <td>${value(offer.in_force)} → ${value(offer.shipped)}</td>${answers ? html`<td>${buttons(offer.path, version, busy)}</td>` : nothing}</tr>`;

// `editing`: what is written in the editor would be of a version that is over.
export function shipped(editing) {
  const { found } = reading("shipped", state.policy?.version);
  if (!found?.offers.length) return nothing;
  const { offers, version } = found, answers = state.who.everywhere && may("admin");
  return html`<section class="block" aria-label="New in this release"><header><h2>New in this release</h2><span class="small quiet right">${plural(offers.length, "part")} of the policy shipped otherwise; nothing is taken by itself</span></header>
    ${table("Parts shipped otherwise", ["Part", "In force → shipped", ...(answers ? [unseen("Answer")] : [])], offers.map((offer) => row(offer, version, editing, answers)))}
    ${answers ? html`<div class="pad row">${offers.length > 1 ? buttons(ALL, version, editing) : nothing}${editing ? html`<span class="small quiet">Put in force or discard what is in the editor first.</span>` : nothing}</div>` : nothing}</section>`;
}

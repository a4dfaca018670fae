// Tokens: who holds one, made (its secret is shown this once), revoked with a reason.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { changed, noteFailure, state } from "../store.js";
import { may } from "./deeds.js";
import { day, state as shown } from "../words.js";
import { askReason } from "./dialogs.js";
import { table, unseen } from "./table.js";

const ROLES = [["viewer", "sees"], ["operator", "sees and acts"], ["approver", "also approves"], ["admin", "sees, acts and governs"]];
const DAYS = [[1, "a day"], [30, "30 days"], [90, "90 days"], [365, "a year"]];
const LOOKS = { valid: "healthy", expired: "offline", revoked: "failing", void: "offline" };
let known = null;
let asked = 0;
let made = null; // the secret of the token that was just made, until it is put away
let told = "";

async function read() {
  try {
    known = (await api.get("/tokens")).items;
  } catch (error) {
    if (error.status === 403) known = [];
    else noteFailure(error);
  }
  changed();
}

async function create(event) {
  event.preventDefault();
  const form = event.target, given = new FormData(form);
  told = "";
  try {
    made = await api.send("POST", "/tokens", {
      name: given.get("name").trim(), role: given.get("role"), lasts_s: Number(given.get("days")) * 86400, everywhere: given.has("everywhere"),
    });
    form.reset();
    await read();
  } catch (error) {
    told = error.message;
    changed();
  }
}

async function revoke(token) {
  const reason = await askReason(`Revoke the token of ${token.name}?`, "Revoke", "It ends at once, and with it every session that was begun with it.");
  if (reason === null) return;
  try {
    await api.send("DELETE", `/tokens/${encodeURIComponent(token.token_id)}?${new URLSearchParams({ reason })}`);
    if (made?.issued.token_id === token.token_id) made = null;
    await read();
  } catch (error) {
    noteFailure(error);
  }
}

const secret = () => html`<div class="pad stack tight secret" role="status"><p>The token of <b>${made.issued.name}</b>. It is shown this once, and kept nowhere:</p>
  <div class="row"><code class="grow" tabindex="0" aria-label="New token">${made.token}</code>
    <button @click=${() => navigator.clipboard?.writeText(made.token)}>Copy</button><button @click=${() => { made = null; changed(); }}>I have it</button></div></div>`;

const row = (token) => html`<tr><td>${token.name}</td><td>${token.role}${token.everywhere ? html` <span class="small quiet">everywhere</span>` : html` <span class="small quiet">of ${token.tenant}</span>`}</td>
  <td>${shown(LOOKS[token.state] ?? "unknown", token.state)}</td><td class="small">${token.issued_at ? `${day(token.issued_at)}, ${token.issued_by}` : "from a file"}</td>
  <td class="small">${token.revoked_at ? `revoked ${day(token.revoked_at)} by ${token.revoked_by}${token.reason ? `: ${token.reason}` : ""}` : token.expires_at ? day(token.expires_at) : "never"}</td>
  <td class="num">${token.state === "valid" && token.token_id ? html`<button class="danger" @click=${() => revoke(token)} aria-label="Revoke ${token.name}">Revoke</button>` : nothing}</td></tr>`;

export function tokens() {
  if (!may("admin")) return nothing;
  if (Date.now() - asked > 30000) { asked = Date.now(); read(); }
  const living = (known ?? []).filter((t) => t.state === "valid"), over = (known ?? []).filter((t) => t.state !== "valid");
  return html`<section class="block" aria-label="Tokens"><header><h2>Tokens</h2><span class="small quiet right">each program and person its own; what it does is on record under its name</span></header>
    ${made ? secret() : nothing}
    <form class="pad filters" aria-label="Who is to get one" @submit=${create}><label>Name <input name="name" required maxlength="100" pattern="[A-Za-z0-9][A-Za-z0-9._@+\\-]*" autocomplete="off" placeholder="grafana"></label>
      <label>Role <select name="role">${ROLES.map(([role, may]) => html`<option value=${role}>${role}: ${may}</option>`)}</select></label>
      <label>Lasts <select name="days">${DAYS.map(([days, text]) => html`<option value=${days} ?selected=${days === 90}>${text}</option>`)}</select></label>
      ${state.who.everywhere ? html`<label><input type="checkbox" name="everywhere"> any tenant</label>` : nothing}
      <button class="primary">Create token</button><span role="alert">${told}</span></form>
    ${known?.length ? table("Every token", ["Name", "Role", "State", "Made", "Ends", unseen("Revoke")], living.concat(over.slice(0, 20)).map(row)) : html`<p class="empty">${known ? "None but the first, which lies in a file." : "Asking…"}</p>`}</section>`;
}

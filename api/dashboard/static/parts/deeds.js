// What a person may do, from wherever it is offered: each asks first, and goes through every guard.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { noteOutcome, stale, state } from "../store.js";
import { words } from "../words.js";
import { askForm, askReason, askSure } from "./dialogs.js";

const ROLES = ["viewer", "operator", "approver", "admin"];
export const may = (role = "operator") => !state.moment && ROLES.indexOf(state.who.role) >= ROLES.indexOf(role);

export async function send(method, path, body, told, ...listsThatChange) {
  try {
    await api.send(method, path, body);
    noteOutcome(told);
    stale(...listsThatChange);
  } catch (error) {
    noteOutcome({ text: error.message, refused: true });
    if (error.status === 409) stale(...listsThatChange); // it is not as it was shown
  }
}

// The actions that the policy in force knows for such an agent.
export function possible(type) {
  const known = Object.entries(state.policy?.policy.actions ?? {});
  return known.filter(([, action]) => action.agent_types.includes(type)).map(([name]) => name);
}
export function verb(action) {
  const said = words(action.slice(action.lastIndexOf(".") + 1));
  return said[0].toUpperCase() + said.slice(1);
}

export async function run(action, target) {
  const sure = await askSure(`${verb(action)} ${target}?`, verb(action), `${action} goes through every guard, like any other action; what becomes of it is told under Actions.`);
  if (sure) await send("POST", "/actions", { action, target, parameters: {} }, { text: `${action} for ${target} was asked for.`, href: "#/actions" }, "actions");
}

export async function move(id, status) {
  const [title, label] = status === "maintenance" ? [`Put ${id} into maintenance?`, "Begin maintenance"] : [`End the maintenance of ${id}?`, "End maintenance"];
  const reason = await askReason(title, label, status === "maintenance" ? "It is still watched; nothing is done to it by itself." : "What deviates is acted on again.");
  if (reason !== null) await send("POST", `/agents/${encodeURIComponent(id)}/lifecycle`, { status, reason }, { text: `${status === "maintenance" ? "The maintenance of" : "The end of the maintenance of"} ${id} was asked for.` }, "fleet");
}

// An approval is for what was looked at: the dry run that the dialog shows goes with it.
const exactly = html`<label><input type="checkbox" name="exactly"> only if it would still do just that</label>`;
export async function answer(action, verdict, steps = nothing) {
  const approve = verdict === "approve", digest = action.preview?.digest ?? "";
  const given = await askForm(`${approve ? "Approve" : "Reject"} ${action.action} for ${action.agent_id}?`, approve ? "Approve" : "Reject",
    approve ? "All guards run again before it is carried out." : "The reason stays on record.", approve ? html`${steps}${digest ? exactly : nothing}` : nothing);
  if (given === null) return;
  const body = { reason: given.get("reason"), preview_hash: action.preview_hash, ...(approve && digest ? { seen: digest, exactly: given.has("exactly") } : {}) };
  await send("POST", `/actions/${action.action_id}/${verdict}`, body, { text: `${action.action} for ${action.agent_id} was ${approve ? "approved" : "rejected"}.`, href: `#/actions/${action.action_id}` }, "actions");
}

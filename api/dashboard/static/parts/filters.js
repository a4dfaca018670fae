// Filters live in the address: what is looked at can be handed on.
import { html } from "/lib/lit-html.js";
import { now } from "../store.js";

export function choose(path, filters) {
  const text = new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();
  history.replaceState(null, "", `#/${path}${text ? `?${text}` : ""}`);
  now();
}

// One of several values, each [value, text] or both at once; what the address says is what is chosen.
export const pick = (label, value, options, change) => html`<label>${label} <select @change=${(e) => change(e.target.value)}>${options.map((each) => {
  const [of, text = of] = [each].flat();
  return html`<option value=${of} .selected=${of === (value ?? "")}>${text}</option>`;
})}</select></label>`;

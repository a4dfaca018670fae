// Filters live in the address: what is looked at can be handed on.
import { now } from "../store.js";

export function choose(path, filters) {
  const text = new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();
  history.replaceState(null, "", `#/${path}${text ? `?${text}` : ""}`);
  now();
}

// Light, dark, or as the system says: kept in this browser.
import { changed, now } from "../store.js";

export const dressed = () => localStorage.getItem("theme") ?? "";

export function dress(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  if (theme) localStorage.setItem("theme", theme);
  else localStorage.removeItem("theme");
  changed(); // what is drawn on a canvas takes its colours anew
}

const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", changed);

// Names the look that the page has now: what was drawn in another has to be drawn anew.
export const look = () => `${document.documentElement.dataset.theme ?? ""}/${dark.matches}`;

// On paper it is light, whatever it is on the screen.
addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; now(); });
addEventListener("afterprint", () => dress(dressed()));

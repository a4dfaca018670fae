// Time lies under every view: drag back, and the whole page shows that moment.
import { html } from "/lib/lit-html.js";
import { ref } from "/lib/directives/ref.js";
import { changed, state, travel } from "../store.js";
import { clock, day, lasting } from "../words.js";

const SPANS = [[900, "15 min"], [3600, "1 hour"], [21600, "6 hours"], [86400, "24 hours"], [604800, "7 days"]];
const STEPS = 1000;
let settled = 0;

const begin = () => Date.now() - state.span * 1000;

function drag(event) {
  const share = Number(event.target.value) / STEPS;
  clearTimeout(settled);
  const moment = share >= 1 ? null : new Date(begin() + share * state.span * 1000);
  settled = setTimeout(() => travel(moment), 120);
  event.target.setAttribute("aria-valuetext", moment ? day(moment) : "live");
}

function marks(canvas) {
  if (!canvas?.isConnected) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== width * ratio) { canvas.width = width * ratio; canvas.height = height * ratio; }
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const from = begin();
  for (const [type, color, low, high] of [
    ["finding.raised", "--failing", 0, 9], ["action.finished", "--accent", height - 9, height],
  ]) {
    pen.fillStyle = style.getPropertyValue(color);
    for (const event of state.events) {
      if (event.type !== type) continue;
      const x = ((new Date(event.time) - from) / (state.span * 1000)) * (width - 16) + 8;
      if (x >= 0) pen.fillRect(Math.round(x), low, 2, high - low);
    }
  }
}

export function scrubber() {
  const value = state.moment ? Math.round(((state.moment - begin()) / (state.span * 1000)) * STEPS) : STEPS;
  return html`<footer class="scrub" aria-label="Time">
    <label><span class="hide-small">Last</span>
      <select aria-label="Span of the timeline" @change=${(e) => { state.span = Number(e.target.value); changed(); }}>
        ${SPANS.map(([seconds, text]) => html`<option value=${seconds} ?selected=${seconds === state.span}>${text}</option>`)}
      </select></label>
    <div class="track"><canvas ${ref((c) => queueMicrotask(() => marks(c)))} aria-hidden="true"></canvas>
      <input type="range" min="0" max=${STEPS} .value=${String(value)} @input=${drag}
        aria-label="Moment that is shown" aria-valuetext=${state.moment ? day(state.moment) : "live"}></div>
    <span class="shown">${state.moment ? `${day(state.moment)} (${lasting((Date.now() - state.moment) / 1000)} ago)` : `live, ${clock(Date.now())}`}</span>
  </footer>`;
}

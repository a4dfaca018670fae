// A fleet as a field of cells, one an agent: drawn on a canvas, so ten thousand stay fluid.
import { html, nothing } from "/lib/lit-html.js";
import { ref } from "/lib/directives/ref.js";
import { repeat } from "/lib/directives/repeat.js";
import { changed } from "../store.js";
import { look, plural, words } from "../words.js";

const drawn = new WeakMap(); // canvas -> what is on it
let tip = null;

function size(count, width) {
  if (count <= 200) return 26;
  return Math.max(width < 500 ? 3 : 5, Math.min(18, Math.floor(Math.sqrt((width * 340) / count))));
}

function cell(pen, kind, x, y, edge, colors) {
  pen.fillStyle = colors[kind] ?? colors.unknown;
  if (kind === "offline" || kind === "unknown") {
    pen.strokeStyle = pen.fillStyle;
    pen.lineWidth = 1;
    pen.strokeRect(x + 0.5, y + 0.5, edge - 1, edge - 1);
    if (kind === "offline") { pen.beginPath(); pen.moveTo(x, y + edge); pen.lineTo(x + edge, y); pen.stroke(); }
    return;
  }
  pen.fillRect(x, y, edge, edge);
  if (edge < 9) return;
  pen.fillStyle = colors.mark;
  if (kind === "failing") pen.fillRect(x + edge * 0.3, y + edge * 0.44, edge * 0.4, edge * 0.14);
  if (kind === "degraded") pen.fillRect(x + edge * 0.43, y + edge * 0.28, edge * 0.15, edge * 0.44);
}

// Styles and sizes are known once the element is in the page.
function placedIn(canvas, agents, of) {
  queueMicrotask(() => { if (canvas?.isConnected) draw(canvas, agents, of); });
}

function palette(canvas) {
  const style = getComputedStyle(canvas);
  const colors = Object.fromEntries(["healthy", "degraded", "failing", "quarantined", "maintenance", "offline"].map((k) => [k, style.getPropertyValue(`--${k}`)]));
  return { ...colors, unknown: style.getPropertyValue("--line-strong"), mark: style.getPropertyValue("--surface") };
}

// `of` all that are shown, so that the cells of each group are of one size.
function fit(canvas, count, width, of) {
  const step = size(of, canvas.closest(".map").clientWidth);
  const columns = Math.max(1, Math.floor(width / step));
  const height = Math.max(step, Math.ceil(count / columns) * step);
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.height = `${height}px`;
  canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
  return { step, columns };
}

// Only cells that look otherwise than before are drawn: most frames change a few of ten thousand.
function draw(canvas, agents, of) {
  const width = canvas.clientWidth || 600;
  const colors = palette(canvas);
  const sheet = `${width}/${agents.length}/${of}/${Object.values(colors)}`;
  const held = drawn.get(canvas), fresh = held?.sheet !== sheet;
  if (!fresh && held.agents === agents) return; // the same list: nobody has changed
  const { step, columns } = fresh ? fit(canvas, agents.length, width, of) : { step: held.size, columns: held.columns };
  const kinds = agents.map((a) => look(a.status, a.health));
  const pen = canvas.getContext("2d");
  const edge = step - (step > 8 ? 3 : 1);
  kinds.forEach((kind, i) => {
    if (!fresh && held.kinds[i] === kind) return;
    const x = (i % columns) * step, y = Math.floor(i / columns) * step;
    pen.clearRect(x, y, step, step);
    cell(pen, kind, x, y, edge, colors);
  });
  drawn.set(canvas, { agents, kinds, sheet, size: step, columns });
}

function under(event) {
  const held = drawn.get(event.target);
  const x = Math.floor(event.offsetX / held.size), y = Math.floor(event.offsetY / held.size);
  return x < held.columns ? held.agents[y * held.columns + x] : undefined;
}

function hover(event) {
  const agent = under(event);
  const next = agent ? { agent, over: event.target, x: event.offsetX + 28, y: event.offsetY + 28 } : null;
  if (next?.agent !== tip?.agent) { tip = next; changed(); }
}

const placed = (element) => {
  if (!element || !tip) return;
  const room = element.parentElement;
  element.style.left = `${Math.min(tip.x + tip.over.offsetLeft - 16, room.clientWidth - element.offsetWidth - 8)}px`;
  element.style.top = `${tip.y + tip.over.offsetTop - 16}px`;
};

const cells = (agents, label, of = agents.length) => html`<canvas role="img" aria-label=${label} ${ref((c) => placedIn(c, agents, of))}
  @mousemove=${hover} @mouseleave=${() => { tip = null; changed(); }}
  @click=${(e) => { const a = under(e); if (a) location.hash = `#/fleet/${encodeURIComponent(a.id)}`; }}></canvas>`;
const pointed = () => (tip ? html`<div class="tip" ${ref(placed)}>${tip.agent.id}: ${words(tip.agent.status)}, ${tip.agent.health || "unknown"}</div>` : nothing);

export const map = (agents, label) => html`<div class="map">${cells(agents, label)}${pointed()}</div>`;

// Groups beside each other, each as wide as it has agents; [name, address, agents] in order.
const GROUPS = 60;
export function groups(all) {
  const said = (agents) => {
    const bad = agents.filter((a) => look(a.status, a.health) !== "healthy").length;
    return bad ? `${bad} of ${agents.length} not healthy` : plural(agents.length, "agent");
  };
  const total = all.reduce((sum, [, , agents]) => sum + agents.length, 0);
  return html`<div class="map groups">${repeat(all.slice(0, GROUPS), ([name]) => name, ([name, address, agents]) => html`
      <section class=${agents.length > 200 ? "wide" : agents.length > 40 ? "mid" : ""} aria-label=${name}><h2><a href=${address}>${name}</a> <span class="small quiet">${said(agents)}</span></h2>${cells(agents, `${name}: ${said(agents)}`, total)}</section>`)}
    ${pointed()}</div>${all.length > GROUPS ? html`<p class="pad small quiet">and ${plural(all.length - GROUPS, "group")} more, none of them worse</p>` : nothing}`;
}

// Moments, numbers and states as people read them.
import { html, svg } from "/lib/lit-html.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
const DATE = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const ROUGH = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const COMPACT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

const WHOLE = new Intl.DateTimeFormat(undefined, { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
export const dayAndClock = (at) => WHOLE.format(new Date(at));
export const clock = (at) => (at ? CLOCK.format(new Date(at)) : "–");
export const day = (at) => (at ? DAY.format(new Date(at)) : "–");
const LATELY_MS = 20 * 3600000; // what is older could be of another day: it says which
const older = (at) => at && Date.now() - new Date(at) > LATELY_MS;
export const stamp = (at) => (older(at) ? day : clock)(at);
export const count = (n) => n.toLocaleString();
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return (size >= 100000 ? COMPACT : size < 1 ? ROUGH : NUMBER).format(value);
}

export function lasting(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export function ago(at, now = Date.now()) {
  if (!at) return "never";
  const seconds = (now - new Date(at)) / 1000;
  return seconds < 2 ? "just now" : `${lasting(seconds)} ago`;
}

const split = (at) => `${older(at) ? `${DATE.format(new Date(at))}, ` : ""}${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;
export const precisely = (at) => html`<time datetime=${at} title=${at}>${split(at)}</time>`;
export const when = (at) => html`<time datetime=${at ?? ""} title=${at ?? ""}>${stamp(at)}</time>`;

const UNITS = [
  [/_usage(:\w+)?$|_percent$/, "%"], [/_bytes(_per_s)?$|^bytes_/, "B"], [/^(response_time|network_latency|latency)/, "ms"],
  [/_seconds$/, "s"], [/_per_s$/, "/s"], [/temperature/, "°C"],
];
export function unit(metric) {
  return UNITS.find(([pattern]) => pattern.test(metric))?.[1] ?? "";
}
export function measured(metric, value) {
  const of = unit(metric);
  if (value === null || value === undefined) return "–";
  if (of === "B") return bytes(value) + (metric.endsWith("_per_s") ? "/s" : "");
  if (of === "s" && value > 120) return lasting(value);
  return `${number(value)}${of ? `\u202f${of}` : ""}`;
}
// What such a metric cannot fall below, whatever is expected of it.
const COUNTED = /connections|files|count|queue|depth|tasks|errors?_|rate|sessions|threads|processes|load|brokers|topics|partitions|lag|records|requests|restarts|letters/;
export const lowest = (metric) => (unit(metric) === "°C" || (!unit(metric) && !COUNTED.test(metric)) ? -Infinity : 0);
// A range to three digits, its unit said once.
export function between(metric, least, most) {
  const of = unit(metric), low = Math.max(least, lowest(metric)), high = of === "%" && low <= 100 ? Math.min(100, most) : most;
  if (of === "B" || (of === "s" && high > 120)) return `${measured(metric, low)} to ${measured(metric, high)}`;
  const from = ROUGH.format(low), to = ROUGH.format(high);
  return `${from === to ? to : `${from} to ${to}`}${of ? `\u202f${of}` : ""}`;
}
function bytes(value) {
  const steps = ["B", "KiB", "MiB", "GiB", "TiB"];
  let step = 0;
  while (Math.abs(value) >= 1024 && step < 4) { value /= 1024; step += 1; }
  return `${value.toFixed(value < 10 && step ? 1 : 0)}\u202f${steps[step]}`;
}

// What an agent looks like: its lifecycle first where that explains more than its health.
const LIFECYCLE = {
  offline: "offline", quarantined: "quarantined", compromised: "quarantined", maintenance: "maintenance",
  decommissioning: "offline", decommissioned: "offline",
};
const LEVELS = { healthy: "healthy", degraded: "degraded", unhealthy: "failing", failing: "failing", critical: "failing" };
export const LOOKS = ["failing", "degraded", "quarantined", "offline", "maintenance", "unknown", "healthy"];
export function look(status, health) {
  return LIFECYCLE[status] ?? LEVELS[health] ?? (status === "degraded" ? "degraded" : "unknown");
}
export const standing = (agent) => (LIFECYCLE[agent.status] ? words(agent.status) : agent.health || words(agent.status)); // in a word
export function ranked(agents) { // worst first
  const order = new Map(agents.map((agent) => [agent, LOOKS.indexOf(look(agent.status, agent.health))]));
  return agents.sort((a, b) => order.get(a) - order.get(b) || (a.id < b.id ? -1 : 1));
}
export const severityLook = (severity) => ({ emergency: "failing", critical: "failing", high: "failing", warning: "degraded", info: "maintenance" })[severity] ?? "degraded";

const SHAPES = {
  healthy: svg`<circle cx="5" cy="5" r="4"/>`,
  degraded: svg`<path d="M5 0.8 L9.6 9.2 H0.4 Z"/>`,
  failing: svg`<rect x="1" y="1" width="8" height="8"/>`,
  quarantined: svg`<path d="M5 0 L10 5 L5 10 L0 5 Z"/>`,
  maintenance: svg`<path d="M1 3.5h8v3H1z"/>`,
  offline: svg`<path d="M1.5 1.5 L8.5 8.5 M8.5 1.5 L1.5 8.5"/>`,
  unknown: svg`<circle cx="5" cy="5" r="3.6"/>`,
};
export const state = (kind, word = kind) =>
  html`<span class="state ${kind}"><svg viewBox="0 0 10 10" aria-hidden="true">${SHAPES[kind]}</svg>${word}</span>`;

// A finding in a line, with units and the range that was expected; `beside` its agent's name, which
// is not said again then.
export function gist(finding, beside = false) {
  const { kind, metric, value, expected_low: low, expected_high: high } = finding;
  const agent = finding.agent_id ?? agentOf(finding.subject ?? "");
  const name = beside ? "" : `${agent} `;
  const summary = finding.summary.replaceAll(finding.subject ?? `${finding.tenant_id}/${agent}`, beside ? "it" : agent).replace(/^it /, "");
  if (kind === "service_down") return `${name}is down`;
  if (kind === "agent_offline") return `${name}is silent`;
  if (!metric || value === null) return summary;
  const is = `${finding.rule ? `${words(finding.rule)}: ` : ""}${metric}${beside ? "" : ` of ${agent}`} is ${measured(metric, value)}`;
  if (low !== null && high !== null) return `${is}, usually ${between(metric, low, high)}`;
  const limit = measured(metric, high ?? low);
  if (high === null && low === null) return summary;
  return limit === measured(metric, value) ? `${is}, at its limit` : `${is}, ${high !== null ? "above" : "below"} ${limit}`;
}

// What is wrong, where only its kind and metric are known.
const FAULTS = {
  threshold: "is beyond its limit", threat: "breaks a rule", anomaly: "is unusual", shift: "has a new level", trend: "heads for its limit", flat_line: "stands still",
  missing_metric: "is not reported", decoupled: "no longer goes with the others", unit_change: "seems to be in another unit",
};
export const fault = ({ kind, metric }) => (metric && FAULTS[kind] ? `${metric} ${FAULTS[kind]}` : words(kind) + (metric && !metric.startsWith(kind) ? ` of ${metric}` : ""));

// A title or a reason names a kind, and in brackets what was measured: its root says it better.
export const titled = (title, root) => title.replace(/((?:info|warning|high|critical|emergency) )?([a-z][a-z ]*) \(([^)]*)\)/,
  (_, severity, kind, metric) => (severity ? `${severity.trim()}: ` : "") + (root ? gist(root, true) : fault({ kind: kind.replaceAll(" ", "_"), metric })));
export const reasons = (all) => all.map((reason) => words(reason).replace(":", ": ")).join(", ");
export const words = (name) => String(name ?? "").replaceAll("_", " ");
export const agentOf = (subject) => subject.slice(subject.indexOf("/") + 1);

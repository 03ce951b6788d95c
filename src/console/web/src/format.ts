// Numbers, sizes, times and names as the pages write them.

const grouped = new Intl.NumberFormat("en");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const integer = (value: number) => grouped.format(Math.round(value));

/** A number with about three digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9) return `${digits(value / 1e9)} G`;
  if (size >= 1e6) return `${digits(value / 1e6)} M`;
  if (size >= 1e5) return `${digits(value / 1e3)} k`;
  if (size >= 1000) return integer(value);
  return digits(value);
}

const digits = (value: number) => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3))));

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : digits(value)} ${units[unit]}`;
}

export const milliseconds = (value: number) =>
  value < 1 ? `${digits(value * 1000)} µs` : value < 1000 ? `${digits(value)} ms` : `${digits(value / 1000)} s`;

/** A moment of the server, e.g. `2026-11-29 00:00:31.099+00`. */
export const moment = (text: string | null) => (text ? new Date(text.replace(" ", "T").replace(/\+00$/, "Z")) : null);

/** How long ago that was. */
export function ago(text: string | null): string {
  const then = moment(text);
  if (!then || Number.isNaN(then.getTime())) return "–";
  const seconds = (then.getTime() - Date.now()) / 1000;
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60]] as const) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return Math.abs(seconds) < 2 ? "now" : relative.format(Math.round(seconds), "second");
}

export const clock = (date: Date) => date.toLocaleTimeString("en-GB");

/** The end of a peer id: their beginnings are all alike. */
export const peerName = (id: string | null) => (id ? `…${id.slice(-6)}` : "unknown");

export const plural = (count: number, noun: string, many = `${noun}s`) => `${integer(count)} ${count === 1 ? noun : many}`;

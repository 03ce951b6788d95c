// Small charts, drawn as SVG. What they show is also there as text.

import { useId } from "preact/hooks";
import { integer, short } from "./format";

/** The last values of a number. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const id = useId();
  const [width, height] = [160, 40];
  if (values.length < 2) return <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${label}: not enough values yet`} />;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = high - low || 1;
  const points = values.map((value, place) => {
    const x = (place / (values.length - 1)) * width;
    const y = high === low ? height - 6 : height - 4 - ((value - low) / span) * (height - 10);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${label}: between ${short(low)} and ${short(high)}`}>
      <defs>
        <linearGradient id={id} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" class="spark-top" />
          <stop offset="1" class="spark-bottom" />
        </linearGradient>
      </defs>
      <polygon points={`0,${height} ${points.join(" ")} ${width},${height}`} fill={`url(#${id})`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}

/** How often each value is there. */
export function BarList({ items, total, onPick }: { items: { name: string; count: number }[]; total: number; onPick?: (name: string) => void }) {
  const most = Math.max(1, ...items.map((item) => item.count));
  return (
    <ul class="bar-list">
      {items.map((item) => (
        <li key={item.name}>
          <span class="bar" style={{ width: `${Math.max(1, (item.count / most) * 100)}%` }} />
          {onPick ? (
            <button type="button" class="bar-name link" onClick={() => onPick(item.name)} title={`Show the entries with ${item.name}`}>
              {item.name}
            </button>
          ) : (
            <span class="bar-name">{item.name}</span>
          )}
          <span class="bar-count" title={total > 0 ? `${((item.count / total) * 100).toFixed(1)} %` : ""}>
            {integer(item.count)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** How numbers are spread over equal ranges. */
export function Histogram({ counts, low, high, label }: { counts: number[]; low: number; high: number; label: string }) {
  const most = Math.max(1, ...counts);
  const [width, height] = [240, 70];
  const step = width / counts.length;
  const range = (place: number) => low + ((high - low) * place) / counts.length;
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${label}: from ${short(low)} to ${short(high)}`}>
        {counts.map((count, place) => {
          const tall = count === 0 ? 0 : Math.max(1.5, (count / most) * (height - 2));
          return (
            <rect key={place} x={place * step + 0.6} width={Math.max(0.8, step - 1.2)} y={height - tall} height={tall} rx="1">
              <title>{`${short(range(place))} to ${short(range(place + 1))}: ${integer(count)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        <span>{short(low)}</span>
        <span>{short(high)}</span>
      </figcaption>
    </figure>
  );
}

export interface Part {
  name: string;
  /** null while it is not known. */
  count: number | null;
  tone: string;
}

/** A whole and its parts, with a legend. */
export function Parts({ parts, label }: { parts: Part[]; label: string }) {
  const total = parts.reduce((sum, part) => sum + (part.count ?? 0), 0);
  const shown = (part: Part) => (part.count === null ? "–" : integer(part.count));
  return (
    <div class="parts">
      <div class="parts-bar" role="img" aria-label={`${label}: ${parts.map((part) => `${part.name} ${shown(part)}`).join(", ")}`}>
        {parts.map((part) => (part.count ? <span key={part.name} class={part.tone} style={{ flexGrow: Math.max(part.count, total / 60) }} /> : null))}
      </div>
      <ul class="legend">
        {parts.map((part) => (
          <li key={part.name}>
            <i class={part.tone} /> {part.name} <strong>{shown(part)}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
}

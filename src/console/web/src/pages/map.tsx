// The map of vectors: a sample of entries on the plane in which their vectors differ most. Near on the map is often near in
// truth, but not always: the list of neighbours is exact.

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type MapAnswer, type MapPoint, map, read } from "../api";
import { EntryBody, type Neighbour, neighboursOf } from "../entry";
import { integer, plural } from "../format";
import { go, useLoaded, useWidth } from "../hooks";
import type { PageProps } from "../main";
import { type Collection, identifier, literal } from "../sql";
import { Badge, Button, Card, Empty, Load, Page } from "../ui";

const POINTS_MAX = 1900;
/** Entries beyond the sample that there is room for. */
const SPARE = 100;
/** Components that a map may read. */
const COMPONENTS_MAX = 2_000_000;
const COLOURS = 9;
const NONE: Neighbour[] = [];

interface View {
  scale: number;
  x: number;
  y: number;
}

/** A sample of the entries with vectors, those of some keys among them. */
async function sampleOf(collection: Collection, colour: string, keys: string[], signal: AbortSignal): Promise<{ answer: MapAnswer; total: number }> {
  const [table, column, key] = [identifier(collection.name), identifier(collection.vector!), identifier(collection.key!)];
  const total = Number((await read(`SELECT count(*) AS count FROM ${table} WHERE ${column} IS NOT NULL`, signal))[0]?.count ?? 0);
  const wanted = Math.min(POINTS_MAX, Math.floor(COMPONENTS_MAX / (collection.dimension ?? 384)));
  // By a digest of the key: always the same entries, and from everywhere.
  const share = Math.min(1, wanted / Math.max(1, total));
  const edge = Math.floor(share * 0xffffff).toString(16).padStart(6, "0");
  const wished = keys.length > 0 ? ` OR ${key}::text IN (${keys.map(literal).join(", ")})` : "";
  const some = share < 1 ? ` AND (md5(${key}::text) < ${literal(edge)}${wished})` : "";
  const label = colour ? (collection.kind === "MEMORY" ? `metadata->>${literal(colour)}` : `${identifier(colour)}::text`) : "NULL::text";
  const answer = await map(`SELECT ${key}::text AS key, ${label} AS label, ${column} AS vector FROM ${table} WHERE ${column} IS NOT NULL${some} LIMIT ${wanted + SPARE}`, signal);
  return { answer, total };
}

export function MapPage({ collections, isLoading, rest }: PageProps) {
  const able = collections.filter((each) => each.vector && each.key);
  // Memories first: they are what most come for, whatever tables stand before them in the alphabet.
  const collection = able.find((each) => each.name === rest[0]) ?? able.find((each) => each.kind === "MEMORY") ?? able[0];
  if (!collection) {
    return (
      <Page title="Map">
        <Card>
          {isLoading ? <Empty title="Loading" /> : <Empty title="No collection has vectors yet">Once entries have vectors, this page shows which of them lie near each other.</Empty>}
        </Card>
      </Page>
    );
  }
  return <Shown key={collection.name} collection={collection} all={able} entry={rest[1] || null} />;
}

function Shown({ collection, all, entry }: { collection: Collection; all: Collection[]; entry: string | null }) {
  const [colour, setColour] = useState<string | null>(null);
  const choices = useLoaded(
    async (signal) =>
      collection.kind === "MEMORY"
        ? (await read(`SELECT fact FROM (SELECT jsonb_object_keys(metadata) AS fact FROM (SELECT metadata FROM ${identifier(collection.name)} LIMIT 2000) AS sample) AS facts GROUP BY fact ORDER BY count(*) DESC, fact LIMIT 40`, signal)).map((row) => row.fact!)
        : collection.columns.filter((column) => !column.type.startsWith("vector") && column.type !== "bytea" && column.name !== collection.key).map((column) => column.name),
    [collection.name],
  );
  // What looks like a group is a good colour to begin with.
  const first = choices.data?.find((name) => /^(topic|section|kind|type|category|class|source|label|tag)/i.test(name)) ?? "";
  const chosen = colour ?? first;
  // What was chosen and what lies near it is on the map, also where the sample had left it out.
  const wished = useRef<string[]>(entry ? [entry] : []);
  const loaded = useLoaded(async (signal) => (choices.data ? sampleOf(collection, chosen, wished.current, signal) : null), [collection.name, choices.data === null ? null : chosen]);
  const near = useLoaded(
    async (signal) => {
      if (!entry) return [];
      const [row] = await read(`SELECT ${identifier(collection.vector!)} AS vector FROM ${identifier(collection.name)} WHERE ${identifier(collection.key!)} = ${literal(entry)}`, signal);
      return row?.vector ? neighboursOf(collection, row.vector, entry, signal) : [];
    },
    [collection.name, entry],
  );
  useEffect(() => {
    if (!entry || !near.data || !loaded.data || near.data.length === 0) return;
    const there = new Set(loaded.data.answer.points.map((point) => point.key));
    const keys = [entry, ...near.data.map((each) => each.key)];
    if (keys.every((key) => there.has(key) || wished.current.includes(key))) return;
    wished.current = keys;
    loaded.reload();
  }, [entry, near.data, loaded.data]);
  const select = useCallback((key: string | null) => (key === null ? go("map", collection.name) : go("map", collection.name, key)), [collection.name]);
  const data = loaded.data;
  const groups = useMemo(() => groupsOf(data?.answer.points ?? []), [data]);
  return (
    <Page
      title="Map"
      lead={
        data
          ? `${plural(data.answer.points.length, "entry", "entries")}${data.total > data.answer.points.length ? ` of ${integer(data.total)}` : ""} on the two axes along which their vectors differ most: ${Math.round((data.answer.explained[0] + data.answer.explained[1]) * 100)} % of the variance.`
          : "Entries whose vectors lie near each other."
      }
      actions={
        <>
          {all.length > 1 && (
            <label class="inline">
              Collection{" "}
              <select value={collection.name} onChange={(event) => go("map", event.currentTarget.value)}>
                {all.map((each) => (
                  <option key={each.name}>{each.name}</option>
                ))}
              </select>
            </label>
          )}
          <label class="inline">
            Colour{" "}
            <select value={chosen} onChange={(event) => setColour(event.currentTarget.value)}>
              <option value="">none</option>
              {(choices.data ?? []).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </>
      }
    >
      <div class={`map-columns ${entry ? "with-entry" : ""}`}>
        <Card class="map-card">
          <Load of={loaded}>
            {(found) =>
              found === null || found.answer.points.length === 0 ? (
                <Empty title={found ? "No entry has a vector" : "Loading"} />
              ) : (
                <>
                  <Plane points={found.answer.points} groups={groups} near={near.data ?? NONE} chosen={entry} onChoose={select} />
                  {groups.length > 1 && (
                    <ul class="legend">
                      {groups.map((group, place) => (
                        <li key={group.name}>
                          <i class={`colour-${place < COLOURS - 1 ? place : "rest"}`} /> {group.name} <strong>{integer(group.count)}</strong>
                        </li>
                      ))}
                    </ul>
                  )}
                </>
              )
            }
          </Load>
        </Card>
        {entry && (
          <Card title={<code>{entry}</code>} class="map-entry" actions={<Button icon="close" kind="quiet" label="Close the entry" onClick={() => select(null)} />}>
            <EntryBody key={entry} collection={collection} entry={entry} onOpen={select} />
          </Card>
        )}
      </div>
    </Page>
  );
}

interface Group {
  name: string;
  count: number;
}

/** The commonest labels, and all others together. */
function groupsOf(points: MapPoint[]): Group[] {
  const counts = new Map<string, number>();
  for (const point of points) {
    const name = point.label ?? "without";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].map(([name, count]) => ({ name, count })).sort((one, other) => other.count - one.count);
  if (sorted.length < COLOURS) return sorted;
  const rest = sorted.slice(COLOURS - 1);
  return [...sorted.slice(0, COLOURS - 1), { name: `${integer(rest.length)} others`, count: rest.reduce((sum, each) => sum + each.count, 0) }];
}

function Plane({ points, groups, near, chosen, onChoose }: { points: MapPoint[]; groups: Group[]; near: Neighbour[]; chosen: string | null; onChoose: (key: string | null) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [frame, width] = useWidth<HTMLDivElement>();
  const height = Math.max(300, Math.min(640, Math.round(width * 0.68), innerHeight - 260));
  const [view, setView] = useState<View>({ scale: 1, x: 0, y: 0 });
  const [hover, setHover] = useState<number | null>(null);
  const drag = useRef<{ x: number; y: number; view: View; moved: boolean } | null>(null);
  const colourOf = useMemo(() => {
    const places = new Map(groups.slice(0, COLOURS - 1).map((group, place) => [group.name, place]));
    return (point: MapPoint) => (groups.length <= 1 ? 0 : (places.get(point.label ?? "without") ?? COLOURS - 1));
  }, [groups]);
  const bounds = useMemo(() => {
    const xs = points.map((point) => point.x);
    const ys = points.map((point) => point.y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    return { x: (left + right) / 2, y: (top + bottom) / 2, span: Math.max(right - left, bottom - top) || 1, wide: right - left || 1, tall: bottom - top || 1 };
  }, [points]);
  const place = useCallback(
    (point: MapPoint): [number, number] => {
      const unit = Math.min((width - 40) / bounds.wide, (height - 40) / bounds.tall) * view.scale;
      return [width / 2 + (point.x - bounds.x) * unit + view.x, height / 2 - (point.y - bounds.y) * unit + view.y];
    },
    [width, height, bounds, view],
  );
  const index = useMemo(() => new Map(points.map((point, at) => [point.key, at])), [points]);
  const theme = document.documentElement.dataset.theme;

  useEffect(() => {
    const element = canvas.current;
    if (!element || width === 0) return;
    const ratio = devicePixelRatio || 1;
    element.width = width * ratio;
    element.height = height * ratio;
    const style = getComputedStyle(element);
    const palette = Array.from({ length: COLOURS }, (_, at) => style.getPropertyValue(at < COLOURS - 1 ? `--colour-${at}` : "--colour-rest").trim());
    const [line, ink, paper] = [style.getPropertyValue("--accent").trim(), style.getPropertyValue("--text").trim(), style.getPropertyValue("--surface").trim()];
    const context = element.getContext("2d")!;
    context.scale(ratio, ratio);
    context.clearRect(0, 0, width, height);
    const radius = Math.min(6, (points.length > 800 ? 2.6 : 3.6) * Math.sqrt(view.scale));
    const home = chosen === null ? undefined : points[index.get(chosen) ?? -1];
    if (home) {
      const [x, y] = place(home);
      context.strokeStyle = line;
      context.lineWidth = 1.2;
      for (const neighbour of near) {
        const other = points[index.get(neighbour.key) ?? -1];
        if (!other) continue;
        const [toX, toY] = place(other);
        context.beginPath();
        context.moveTo(x, y);
        context.lineTo(toX, toY);
        context.stroke();
      }
    }
    const marked = new Set(near.map((neighbour) => neighbour.key));
    // What has no colour of its own lies below.
    const order = points.map((point, at) => [colourOf(point), at] as const).sort((one, other) => other[0] - one[0]);
    for (const [colour, at] of order) {
      const point = points[at]!;
      const [x, y] = place(point);
      if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
      context.globalAlpha = home && point !== home && !marked.has(point.key) ? 0.28 : colour === COLOURS - 1 ? 0.55 : 0.85;
      context.fillStyle = palette[colour]!;
      context.beginPath();
      context.arc(x, y, marked.has(point.key) ? radius + 1.5 : radius, 0, 7);
      context.fill();
    }
    context.globalAlpha = 1;
    for (const point of [home, hover === null ? undefined : points[hover]]) {
      if (!point) continue;
      const [x, y] = place(point);
      context.beginPath();
      context.arc(x, y, radius + 4, 0, 7);
      context.strokeStyle = paper;
      context.lineWidth = 4;
      context.stroke();
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.stroke();
    }
  }, [points, width, height, place, hover, chosen, near, colourOf, theme]);

  const nearest = (event: MouseEvent): number | null => {
    const box = canvas.current!.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best: [number, number] | null = null;
    points.forEach((point, at) => {
      const [toX, toY] = place(point);
      const distance = Math.hypot(toX - x, toY - y);
      if (distance < 14 && (best === null || distance < best[0])) best = [distance, at];
    });
    return best === null ? null : best[1];
  };
  const zoom = (factor: number, x = width / 2, y = height / 2) =>
    setView((before) => {
      const scale = Math.min(40, Math.max(1, before.scale * factor));
      const gain = scale / before.scale;
      if (scale === 1) return { scale, x: 0, y: 0 };
      return { scale, x: x - width / 2 - (x - width / 2 - before.x) * gain, y: y - height / 2 - (y - height / 2 - before.y) * gain };
    });
  const onKeyDown = (event: KeyboardEvent) => {
    const directions: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const direction = directions[event.key];
    if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "Escape") onChoose(null);
    else if (direction) {
      event.preventDefault();
      const from = chosen === null ? undefined : points[index.get(chosen) ?? -1];
      if (!from) return onChoose(points[0]!.key);
      const [x, y] = place(from);
      let best: [number, string] | null = null;
      for (const point of points) {
        const [toX, toY] = place(point);
        const along = (toX - x) * direction[0] + (toY - y) * direction[1];
        const across = Math.abs((toX - x) * direction[1]) + Math.abs((toY - y) * direction[0]);
        if (along > 0.5 && across <= along && (best === null || along + across < best[0])) best = [along + across, point.key];
      }
      if (best) onChoose(best[1]);
    } else return;
    event.preventDefault();
  };
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      // Without a key the wheel scrolls the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = element.getBoundingClientRect();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [width, height]);
  const hovered = hover === null ? undefined : points[hover];
  const at = hovered ? place(hovered) : null;
  return (
    <div class="plane" ref={frame}>
      <canvas
        ref={canvas}
        style={{ height: `${height}px` }}
        tabIndex={0}
        role="application"
        aria-label={`Map of ${points.length} entries. Arrow keys go from entry to entry, plus and minus zoom. The chosen one: ${chosen ?? "none"}`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, view, moved: false };
        }}
        onPointerMove={(event) => {
          const begun = drag.current;
          if (begun && event.buttons === 1) {
            const [x, y] = [event.clientX - begun.x, event.clientY - begun.y];
            if (Math.hypot(x, y) > 4 && view.scale > 1) begun.moved = true;
            if (begun.moved) setView({ ...begun.view, x: begun.view.x + x, y: begun.view.y + y });
          } else setHover(nearest(event));
        }}
        onPointerLeave={() => setHover(null)}
        onClick={(event) => {
          if (drag.current?.moved) return;
          const found = nearest(event);
          onChoose(found === null ? null : points[found]!.key);
        }}
      />
      {hovered && at && (
        <div class="tip" style={{ left: `${Math.min(at[0] + 12, width - 180)}px`, top: `${Math.max(0, at[1] - 34)}px` }}>
          <strong>{hovered.key}</strong> {hovered.label && <span class="faint">{hovered.label}</span>}
        </div>
      )}
      <div class="plane-tools">
        <Button label="Zoom in" onClick={() => zoom(1.6)}>+</Button>
        <Button label="Zoom out" onClick={() => zoom(1 / 1.6)}>−</Button>
        {view.scale > 1 && <Badge>{`${view.scale.toFixed(1)}×`}</Badge>}
      </div>
    </div>
  );
}

// What the node is doing, at a glance.

import { useEffect, useRef, useState } from "preact/hooks";
import { type FeedMessage, listen, metrics, problems, read } from "../api";
import { type Part, Parts, Sparkline } from "../charts";
import { bytes, clock, integer, milliseconds, peerName, plural, short } from "../format";
import { go, useLoaded } from "../hooks";
import type { PageProps } from "../main";
import { identifier, literal } from "../sql";
import { Badge, Button, Card, Empty, ErrorBox, Load, Page, Table } from "../ui";

const SAMPLES = 90;
const INTERVAL = 2000;

interface Sample {
  at: number;
  numbers: Map<string, number>;
}

interface FeedLine {
  at: Date;
  text: string;
  tone: "plain" | "good" | "warn" | "accent";
}

/** The sum of all numbers of a name, whatever their labels. */
const sum = (numbers: Map<string, number>, name: string) => {
  let total = numbers.get(name) ?? 0;
  for (const [key, value] of numbers) if (key.startsWith(`${name}{`)) total += value;
  return total;
};

/** The quantile of what a histogram gained between two samples, in seconds; it lies within a bucket. */
function quantile(before: Map<string, number>, after: Map<string, number>, name: string, part: number): number | null {
  const gained = new Map<number, number>();
  for (const [key, value] of after) {
    const bound = key.startsWith(`${name}_bucket{`) ? key.match(/le="([^"]+)"/)?.[1] : undefined;
    if (bound !== undefined) {
      const edge = bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound);
      gained.set(edge, (gained.get(edge) ?? 0) + value - (before.get(key) ?? 0));
    }
  }
  const edges = [...gained.keys()].sort((one, other) => one - other);
  const total = gained.get(Number.POSITIVE_INFINITY) ?? 0;
  if (total <= 0) return null;
  let [low, counted] = [0, 0];
  for (const edge of edges) {
    const count = gained.get(edge)!;
    if (count >= part * total) {
      if (!Number.isFinite(edge)) return low;
      return low + ((edge - low) * (part * total - counted)) / Math.max(1, count - counted);
    }
    [low, counted] = [edge, count];
  }
  return null;
}

/** The histogram of how long statements take, whatever it is called in detail. */
const latencyName = (numbers: Map<string, number>) => {
  for (const key of numbers.keys()) {
    const name = key.match(/^(nebulusdb_\w*(?:statement|query)\w*_seconds)_bucket\{/)?.[1];
    if (name) return name;
  }
  return null;
};

function Tile({ title, value, unit, about, values }: { title: string; value: string; unit?: string; about: string; values: number[] }) {
  return (
    <section class="card tile">
      <h2>{title}</h2>
      <p class="big">
        {value} {unit && <small>{unit}</small>}
      </p>
      <p class="faint small">{about}</p>
      <Sparkline values={values} label={title} />
    </section>
  );
}

function feedLine(message: FeedMessage): FeedLine {
  const at = new Date();
  let told: Record<string, unknown>;
  try {
    told = JSON.parse(message.payload);
  } catch {
    return { at, text: message.payload, tone: "plain" };
  }
  if (told.lost) return { at, text: "Some messages were lost: this page was too slow.", tone: "warn" };
  if (typeof told.event === "string") {
    const peer = told.peer ? ` · peer ${peerName(String(told.peer))}` : "";
    const entries = told.entries ? ` · ${plural(Number(told.entries), "entry", "entries")}` : "";
    return { at, text: `${told.network}: ${told.event.replace(":", " ")}${told.collection ? ` · ${told.collection}` : ""}${entries}${peer}`, tone: "accent" };
  }
  if (told.changed) return { at, text: `${told.collection}: ${plural(Number(told.changed), "entry", "entries")} changed`, tone: "plain" };
  const from = told.origin === "local" ? "" : ` · from ${peerName(String(told.origin ?? ""))}`;
  const tone = told.operation === "insert" ? "good" : told.operation === "delete" ? "warn" : "plain";
  return { at, text: `${told.collection}: ${told.operation} ${told.key ?? ""}${from}`, tone };
}

export function Overview({ collections, isLoading }: PageProps) {
  const [samples, setSamples] = useState<Sample[]>([]);
  const [feed, setFeed] = useState<FeedLine[]>([]);
  const state = useLoaded(
    async (signal) => {
      const numbers = await metrics(signal);
      setSamples((before) => [...before.slice(1 - SAMPLES), { at: performance.now(), numbers }]);
      return problems(signal);
    },
    [],
    INTERVAL,
  );
  const names = collections.filter((each) => each.kind !== "AUTH").map((each) => each.name);
  const known = names.join("\n");
  const counts = useLoaded(
    async (signal) => {
      if (names.length === 0) return isLoading ? null : [];
      const parts = names.map((name) => `SELECT ${literal(name)} AS collection, _publicity AS publicity, count(*) AS count, count(_stage) AS staged FROM ${identifier(name)} GROUP BY _publicity`);
      return read(parts.join(" UNION ALL "), signal);
    },
    [known, isLoading],
    5000,
  );
  const entryHistory = useRef<number[]>([]);
  const networks = useLoaded((signal) => read("SELECT name, connected_peers, total_peers, staged, last_error FROM nebulus.networks ORDER BY name", signal), [], 5000);
  useEffect(() => {
    if (names.length === 0) return;
    const abort = new AbortController();
    void listen(names, (message) => setFeed((before) => [feedLine(message), ...before].slice(0, 40)), abort.signal);
    return () => abort.abort();
  }, [known]);

  const rows = counts.data ?? [];
  const total = rows.reduce((all, row) => all + Number(row.count), 0);
  useEffect(() => {
    if (counts.data) entryHistory.current = [...entryHistory.current.slice(1 - SAMPLES), total];
  }, [counts.data]);
  const by = (test: (row: Record<string, string | null>) => boolean) => rows.filter(test).reduce((all, row) => all + Number(row.count), 0);
  const staged = rows.reduce((all, row) => all + Number(row.staged), 0);
  const parts: Part[] = [
    { name: "private", count: by((row) => row.publicity === "private" || row.publicity === "replaced"), tone: "tone-private" },
    { name: "public", count: by((row) => row.publicity === "public"), tone: "tone-public" },
    { name: "public, edited since", count: by((row) => row.publicity === "edited"), tone: "tone-edited" },
  ];

  const rates = samples.slice(1).map((sample, place) => {
    const before = samples[place]!;
    const done = (numbers: Map<string, number>) => sum(numbers, "nebulusdb_statements_total") + sum(numbers, "nebulusdb_errors_total");
    return (done(sample.numbers) - done(before.numbers)) / ((sample.at - before.at) / 1000);
  });
  const last = samples.at(-1)?.numbers ?? new Map<string, number>();
  const latency = latencyName(last);
  const first = samples.at(-Math.min(samples.length, 16))?.numbers;
  const at = (part: number) => (latency && first ? quantile(first, last, latency, part) : null);
  const latencies = latency ? samples.slice(1).map((sample, place) => quantile(samples[place]!.numbers, sample.numbers, latency, 0.5) ?? 0) : [];
  const memoryName = last.has("process_resident_memory_bytes") ? "process_resident_memory_bytes" : "nebulusdb_client_memory_bytes";
  const history = (name: string) => samples.map((sample) => sum(sample.numbers, name));
  const connected = (networks.data ?? []).reduce((all, row) => all + Number(row.connected_peers), 0);
  const half = at(0.5);

  return (
    <Page
      title="Overview"
      lead={
        state.data === null ? undefined : state.data.length === 0 ? (
          <Badge tone="good">All is well</Badge>
        ) : (
          state.data.map((line) => <Badge key={line} tone={line.startsWith("waits for you") ? "warn" : "bad"}>{line}</Badge>)
        )
      }
    >
      {state.error && <ErrorBox failure={state.error} />}
      <div class="tiles">
        <Tile title="Entries" value={counts.data ? integer(total) : "–"} about={names.length > 0 ? `in ${plural(names.length, "collection")}` : ""} values={entryHistory.current} />
        <Tile title="Statements" value={rates.length ? short(rates.at(-1)!) : "–"} unit="/s" about={`${integer(sum(last, "nebulusdb_statements_total"))} since the start, ${integer(sum(last, "nebulusdb_errors_total"))} failed`} values={rates} />
        {latency && <Tile title="Latency" value={half === null ? "–" : milliseconds(half * 1000)} about={at(0.95) === null ? "median of the last half minute" : `95 % within ${milliseconds(at(0.95)! * 1000)}`} values={latencies} />}
        <Tile title="Memory" value={bytes(last.get(memoryName) ?? 0)} about={memoryName.startsWith("process") ? "of the process" : `held for clients, of ${bytes(last.get("nebulusdb_client_memory_bytes_max") ?? 0)}`} values={history(memoryName)} />
        <Tile title="Disk" value={bytes(sum(last, "nebulusdb_store_bytes"))} about={last.has("nebulusdb_disk_free_bytes") ? `in the store; ${bytes(last.get("nebulusdb_disk_free_bytes")!)} are free` : "in the store"} values={history("nebulusdb_store_bytes")} />
        <Tile title="Clients" value={integer(sum(last, "nebulusdb_clients"))} about={`${plural(connected, "peer")} connected`} values={history("nebulusdb_clients")} />
      </div>
      <div class="columns">
        <Card title="What others know" actions={<Button kind="quiet" icon="networks" onClick={() => go("networks")}>Networks</Button>}>
          <Load of={counts}>
            {() =>
              total === 0 ? (
                <Empty title="There are no entries yet">
                  <p>Write one, and it appears here.</p>
                  <Button kind="primary" icon="query" onClick={() => go("query")}>
                    Write the first one
                  </Button>
                </Empty>
              ) : (
                <>
                  <Parts parts={parts} label="Entries by who knows them" />
                  <p class="faint small">{staged > 0 ? `${plural(staged, "entry is", "entries are")} staged and leave with the next sync.` : "Nothing is staged: nothing more leaves this machine."}</p>
                </>
              )
            }
          </Load>
          {networks.data && networks.data.length > 0 && (
            <Table
              label="Networks"
              rows={networks.data}
              columns={[
                { name: "Network", cell: (row) => <a href="#/networks">{row.name}</a> },
                { name: "Peers connected", cell: (row) => row.connected_peers, isNumber: true },
                { name: "State", cell: (row) => (row.last_error ? <Badge tone="bad" title={row.last_error}>error</Badge> : Number(row.connected_peers) > 0 ? <Badge tone="good">connected</Badge> : <Badge>alone</Badge>) },
              ]}
            />
          )}
        </Card>
        <Card title="Happening now">
          {feed.length === 0 ? (
            <Empty title="Quiet">Changes of entries and events of networks appear here as they happen.</Empty>
          ) : (
            <ol class="feed" aria-live="off">
              {feed.map((line, place) => (
                <li key={feed.length - place}>
                  <time>{clock(line.at)}</time>
                  <i class={`dot ${line.tone}`} />
                  <span>{line.text}</span>
                </li>
              ))}
            </ol>
          )}
        </Card>
      </div>
    </Page>
  );
}

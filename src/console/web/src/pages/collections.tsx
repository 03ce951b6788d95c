// The collections, what facts their entries have, and the entries themselves.

import { useEffect, useState } from "preact/hooks";
import { type Cell, read } from "../api";
import { BarList, Histogram } from "../charts";
import { EntryDialog } from "../entry";
import { ago, integer, peerName, plural, short } from "../format";
import { go, useLoaded } from "../hooks";
import type { PageProps } from "../main";
import { type Collection, identifier, literal } from "../sql";
import { Badge, Button, Card, Empty, Load, Page, Publicity, Table } from "../ui";

/** Entries that charts look at. */
const SAMPLE = 20_000;
const FACTS_MAX = 60;
const PAGE = 50;
const BINS = 24;

export function Collections({ collections, rest }: PageProps) {
  const chosen = collections.find((each) => each.name === rest[0]);
  return chosen ? <One key={chosen.name} collection={chosen} tab={rest[1] ?? "facts"} entry={rest[2]} /> : <All collections={collections} />;
}

function All({ collections }: { collections: Collection[] }) {
  const names = collections.map((each) => each.name).join("\n");
  const counts = useLoaded(
    async (signal) => {
      if (collections.length === 0) return new Map<string, number>();
      const rows = await read(collections.map((each) => `SELECT ${literal(each.name)} AS collection, count(*) AS count FROM ${identifier(each.name)}`).join(" UNION ALL "), signal);
      return new Map(rows.map((row) => [row.collection!, Number(row.count)]));
    },
    [names],
    10_000,
  );
  return (
    <Page title="Collections" lead="A collection is a set of entries, and a table of SQL.">
      <div class="cards">
        {collections.map((each) => (
          <a key={each.name} class="card pick-card" href={`#/collections/${encodeURIComponent(each.name)}`}>
            <div class="card-head">
              <h2>{each.name}</h2>
              {each.kind === "AUTH" ? <Badge tone="warn">secrets</Badge> : each.kind === "MEMORY" ? <Badge tone="accent">memories</Badge> : <Badge>table</Badge>}
            </div>
            <p class="big">
              {counts.data ? integer(counts.data.get(each.name) ?? 0) : "–"} <small>{counts.data?.get(each.name) === 1 ? "entry" : "entries"}</small>
            </p>
            <p class="badges">
              {each.vector && <Badge>{each.dimension ? `vectors of ${each.dimension}` : "vectors"}</Badge>}
              {each.indexes.filter((index) => !index.name.endsWith("_pkey")).length > 0 && <Badge>{plural(each.indexes.filter((index) => !index.name.endsWith("_pkey")).length, "index", "indexes")}</Badge>}
              {each.networks.map((network) => (
                <Badge key={network} tone="good">
                  {network}
                </Badge>
              ))}
              {each.kind === "AUTH" && <span class="faint small">encrypted, never shared</span>}
            </p>
          </a>
        ))}
      </div>
    </Page>
  );
}

function One({ collection, tab, entry }: { collection: Collection; tab: string; entry: string | undefined }) {
  const tabs: [string, string][] = collection.kind === "AUTH" ? [["entries", "Names"]] : [["facts", collection.kind === "MEMORY" ? "Facts" : "Columns"], ["entries", "Entries"], ["shape", "Columns and indexes"]];
  if (collection.kind === "TABLE") tabs[0] = ["facts", "Values"];
  const shown = tabs.some(([each]) => each === tab) ? tab : tabs[0]![0];
  return (
    <Page
      title={
        <>
          <a href="#/collections" class="crumb">Collections</a> {collection.name}
        </>
      }
      actions={
        <>
          {collection.vector && <Button icon="map" onClick={() => go("map", collection.name)}>Map</Button>}
          {collection.kind !== "AUTH" && <Button icon="query" onClick={() => go("query", collection.kind === "MEMORY" ? `GET MEMORY IN ${identifier(collection.name)} LIMIT 20` : `SELECT * FROM ${identifier(collection.name)} LIMIT 20`)}>Query</Button>}
        </>
      }
    >
      <nav class="tabs" aria-label="Views of the collection">
        {tabs.map(([each, word]) => (
          <a key={each} href={`#/collections/${encodeURIComponent(collection.name)}/${each}`} aria-current={each === shown ? "page" : undefined}>
            {word}
          </a>
        ))}
      </nav>
      {collection.kind === "AUTH" ? <Secrets collection={collection} /> : shown === "facts" ? <Facts collection={collection} /> : shown === "entries" ? <Entries collection={collection} entry={entry} /> : <Shape collection={collection} />}
    </Page>
  );
}

interface Field {
  name: string;
  /** How many of the sample have it. */
  count: number;
  /** The value as text, and its type as JSON. */
  text: string;
  /** A condition in KNIRVQL for one of its values, where it has one. */
  path: string | null;
  isFact: boolean;
  type: string;
}

const sample = (collection: Collection, columns: string) => `(SELECT ${columns} FROM ${identifier(collection.name)} LIMIT ${SAMPLE}) AS sample`;

async function fieldsOf(collection: Collection, signal: AbortSignal): Promise<{ fields: Field[]; total: number }> {
  const total = Number((await read(`SELECT count(*) AS count FROM ${sample(collection, identifier(collection.columns[0]!.name))}`, signal))[0]?.count ?? 0);
  if (collection.kind === "TABLE") {
    const shown = collection.columns.filter((column) => !column.type.startsWith("vector") && column.type !== "bytea" && column.name !== collection.key);
    return { total, fields: shown.map((column) => ({ name: column.name, count: total, text: `${identifier(column.name)}::text`, path: null, isFact: false, type: column.type })) };
  }
  const rows = await read(`SELECT fact, count(*) AS count FROM (SELECT jsonb_object_keys(metadata) AS fact FROM ${sample(collection, "metadata")}) AS facts GROUP BY fact ORDER BY count DESC, fact LIMIT ${FACTS_MAX}`, signal);
  return { total, fields: rows.map((row) => ({ name: row.fact!, count: Number(row.count), text: `metadata->>${literal(row.fact!)}`, path: `metadata.${JSON.stringify(row.fact!)}`, isFact: true, type: "" })) };
}

function Facts({ collection }: { collection: Collection }) {
  const loaded = useLoaded((signal) => fieldsOf(collection, signal), [collection.name]);
  return (
    <Load of={loaded}>
      {({ fields, total }) =>
        fields.length === 0 ? (
          <Empty title={collection.kind === "TABLE" ? "There are no columns to show" : "No entry has a fact"} />
        ) : (
          <>
            {total >= SAMPLE && <p class="faint small">Of the first {integer(SAMPLE)} entries.</p>}
            <div class="cards facts-cards">
              {fields.map((field) => (
                <FactCard key={field.name} collection={collection} field={field} total={total} />
              ))}
            </div>
          </>
        )
      }
    </Load>
  );
}

interface Distribution {
  top: { name: string; count: number }[];
  distinct: number;
  numbers: { low: number; high: number; mean: number; counts: number[] } | null;
  isNested: boolean;
}

const NUMBER_TYPES = /^(int|bigint|smallint|integer|numeric|real|double)/;

async function distributionOf(collection: Collection, field: Field, signal: AbortSignal): Promise<Distribution> {
  const source = field.isFact ? sample(collection, "metadata") : sample(collection, identifier(field.name));
  const kind = field.isFact ? (await read(`SELECT jsonb_typeof(metadata->${literal(field.name)}) AS kind, count(*) AS count FROM ${source} GROUP BY 1 ORDER BY 2 DESC`, signal)).find((row) => row.kind !== null)?.kind : NUMBER_TYPES.test(field.type) ? "number" : "string";
  if (kind === "object") return { top: await inner(field, source, signal), distinct: 0, numbers: null, isNested: true };
  const [values, distinct] = await Promise.all([
    read(`SELECT ${field.text} AS name, count(*) AS count FROM ${source} WHERE ${field.text} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 6`, signal),
    read(`SELECT count(DISTINCT ${field.text}) AS count FROM ${source}`, signal),
  ]);
  const top = values.map((row) => ({ name: row.name!, count: Number(row.count) }));
  const isNumber = kind === "number";
  if (!isNumber) return { top, distinct: Number(distinct[0]?.count ?? 0), numbers: null, isNested: false };
  const number = `(${field.text})::float8`;
  const guard = field.isFact ? `jsonb_typeof(metadata->${literal(field.name)}) = 'number'` : `${field.text} IS NOT NULL`;
  const [range] = await read(`SELECT min(${number}) AS low, max(${number}) AS high, avg(${number}) AS mean FROM ${source} WHERE ${guard}`, signal);
  const [low, high, mean] = [Number(range?.low), Number(range?.high), Number(range?.mean)];
  const counts = new Array<number>(BINS).fill(0);
  if (high > low) {
    const bins = await read(`SELECT floor((${number} - (${low})) / ${(high - low) / BINS})::int AS bin, count(*) AS count FROM ${source} WHERE ${guard} GROUP BY 1`, signal);
    for (const row of bins) {
      const place = Math.min(BINS - 1, Math.max(0, Number(row.bin)));
      counts[place] = counts[place]! + Number(row.count);
    }
  }
  return { top, distinct: Number(distinct[0]?.count ?? 0), numbers: high > low ? { low, high, mean, counts } : null, isNested: false };
}

/** The members of a fact that is an object, and how often each is there. */
async function inner(field: Field, source: string, signal: AbortSignal) {
  const rows = await read(`SELECT name, count(*) AS count FROM (SELECT jsonb_object_keys(metadata->${literal(field.name)}) AS name FROM ${source} WHERE jsonb_typeof(metadata->${literal(field.name)}) = 'object') AS members GROUP BY 1 ORDER BY 2 DESC LIMIT 6`, signal);
  return rows.map((row) => ({ name: row.name!, count: Number(row.count) }));
}

function FactCard({ collection, field, total }: { collection: Collection; field: Field; total: number }) {
  const loaded = useLoaded((signal) => distributionOf(collection, field, signal), [collection.name, field.name]);
  const share = total > 0 ? Math.round((field.count / total) * 100) : 0;
  const pick = field.path && !loaded.data?.isNested ? (value: string) => go("collections", collection.name, "entries", "", `${field.path} = ${loaded.data?.numbers ? value : literal(value)}`) : undefined;
  return (
    <Card title={field.name} actions={<span class="faint small">{field.isFact ? (share === 100 ? "in all" : `in ${share} %`) : field.type}</span>}>
      <Load of={loaded}>
        {({ top, distinct, numbers, isNested }) => (
          <>
            {numbers ? (
              <>
                <Histogram counts={numbers.counts} low={numbers.low} high={numbers.high} label={field.name} />
                <p class="faint small">{`mean ${short(numbers.mean)} · ${plural(distinct, "different value")}`}</p>
              </>
            ) : top.length > 0 && top[0]!.count === 1 && distinct > 1 ? (
              <p class="faint">
                {`${integer(distinct)} different texts, such as `}
                <span class="text">{top[0]!.name.slice(0, 80)}</span>
              </p>
            ) : (
              <>
                <BarList items={top} total={total} onPick={pick} />
                <p class="faint small">{isNested ? "members of the object" : distinct > top.length ? `and ${plural(distinct - top.length, "other value")}` : plural(distinct, "value")}</p>
              </>
            )}
          </>
        )}
      </Load>
    </Card>
  );
}

interface Entry {
  key: Cell;
  facts: [string, unknown][];
  publicity: Cell;
  stage: Cell;
  timestamp: Cell;
  peer: Cell;
}

/** The facts, those that are plain values first. */
function factsOf(metadata: Cell): [string, unknown][] {
  const facts = Object.entries(metadata ? (JSON.parse(metadata) as Record<string, unknown>) : {});
  const isNested = ([, value]: [string, unknown]) => Number(typeof value === "object" && value !== null);
  return facts.sort((one, other) => isNested(one) - isNested(other));
}

/** A condition from what somebody wrote: one of KNIRVQL, or a part of a key. */
const conditionOf = (wanted: string, key: string) => (/[=<>]|\b(like|contains|in|is|matches|starts)\b/i.test(wanted) ? wanted : `${key} CONTAINS ${literal(wanted)}`);

function Entries({ collection, entry }: { collection: Collection; entry: string | undefined }) {
  const route = location.hash.split("/").slice(5).map(decodeURIComponent)[0] ?? "";
  const [draft, setDraft] = useState(route);
  const [wanted, setWanted] = useState(route);
  const [page, setPage] = useState(0);
  const key = collection.key;
  useEffect(() => setPage(0), [wanted]);
  const loaded = useLoaded(
    async (signal) => {
      if (!key) return { rows: [] as Entry[], hasMore: false };
      const names = collection.kind === "MEMORY" ? [] : collection.columns.filter((column) => column.name !== key && !column.type.startsWith("vector") && column.type !== "bytea").slice(0, 6).map((column) => column.name);
      const where = wanted.trim() ? ` WHERE ${conditionOf(wanted.trim(), key)}` : "";
      const fields = [key, "metadata", "_publicity", "_stage", "_timestamp", "_peer_id", ...names.filter((name) => name !== "metadata")];
      const rows = await read(`GET MEMORY FIELDS ${fields.join(", ")} IN ${identifier(collection.name)}${where} ORDER BY ${key} LIMIT ${PAGE + 1} OFFSET ${page * PAGE}`, signal);
      const entries = rows.slice(0, PAGE).map((row) => ({
        key: row[key] ?? null,
        facts: [...names.map((name): [string, unknown] => [name, row[name] ?? null]), ...factsOf(row.metadata ?? null)],
        publicity: row._publicity ?? null,
        stage: row._stage ?? null,
        timestamp: row._timestamp ?? null,
        peer: row._peer_id ?? null,
      }));
      return { rows: entries, hasMore: rows.length > PAGE };
    },
    [collection.name, wanted, page],
  );
  if (!key) return <Empty title="This table has no primary key of one column">Its rows can be seen on the query page.</Empty>;
  const open = (name: string) => go("collections", collection.name, "entries", name);
  return (
    <Card>
      <form
        class="toolbar"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setWanted(draft);
        }}
      >
        <input type="search" class="grow" aria-label="Filter" placeholder={`a part of ${key}, or a condition: ${collection.kind === "MEMORY" ? 'metadata.topic = "weather"' : `${key} = …`}`} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
        <Button type="submit">Filter</Button>
      </form>
      <Load of={loaded}>
        {({ rows, hasMore }) => (
          <>
            <Table
              label="Entries"
              rows={rows}
              empty={<Empty title={wanted ? "No entry fulfils this" : "There are no entries"} />}
              columns={[
                { name: key, cell: (row) => <a href={`#/collections/${encodeURIComponent(collection.name)}/entries/${encodeURIComponent(row.key ?? "")}`}>{row.key}</a> },
                {
                  name: collection.kind === "MEMORY" ? "Facts" : "Values",
                  cell: (row) => (
                    <span class="chips">
                      {row.facts.slice(0, 5).map(([name, value]) => (
                        <span key={name} class="chip">
                          <b>{name}</b> {typeof value === "object" && value !== null ? "{…}" : String(value)}
                        </span>
                      ))}
                      {row.facts.length > 5 && <span class="faint small">{`+${row.facts.length - 5}`}</span>}
                    </span>
                  ),
                },
                { name: "Known to", cell: (row) => <Publicity value={row.publicity} stage={row.stage} /> },
                { name: "Changed", cell: (row) => <span class="nowrap" title={row.timestamp ?? ""}>{ago(row.timestamp)}</span>, isMinor: true },
                { name: "By", cell: (row) => <code class="nowrap" title={row.peer ?? ""}>{peerName(row.peer)}</code>, isMinor: true },
              ]}
            />
            {(page > 0 || hasMore) && (
              <div class="pager">
                <Button icon="back" label="The page before" disabled={page === 0} onClick={() => setPage(page - 1)} />
                <span>{`${integer(page * PAGE + 1)} to ${integer(page * PAGE + rows.length)}`}</span>
                <Button icon="next" label="The next page" disabled={!hasMore} onClick={() => setPage(page + 1)} />
              </div>
            )}
          </>
        )}
      </Load>
      {entry && <EntryDialog collection={collection} entry={entry} onOpen={open} onClose={() => go("collections", collection.name, "entries")} onChanged={loaded.reload} />}
    </Card>
  );
}

/** The names of secrets. Their values are never asked for. */
function Secrets({ collection }: { collection: Collection }) {
  const key = identifier(collection.key ?? "key");
  const loaded = useLoaded((signal) => read(`SELECT ${key} AS name FROM ${identifier(collection.name)} ORDER BY 1 LIMIT 1000`, signal), [collection.name]);
  return (
    <Card>
      <div class="notice info">Values are encrypted on disk, never leave this machine, and are not shown here. A program reads one with <code>GET AUTH WHERE key = …</code>.</div>
      <Load of={loaded}>{(rows) => <Table label="Names of secrets" rows={rows} empty={<Empty title="No secret is kept here" />} columns={[{ name: "Name", cell: (row) => <code>{row.name}</code> }, { name: "Value", cell: () => <span class="faint">••••••••</span> }]} />}</Load>
    </Card>
  );
}

function Shape({ collection }: { collection: Collection }) {
  return (
    <div class="columns">
      <Card title="Columns">
        <Table
          label="Columns"
          rows={collection.columns}
          columns={[
            { name: "Name", cell: (row) => <>{row.name} {row.name === collection.key && <Badge>key</Badge>}</> },
            { name: "Type", cell: (row) => <code>{row.type}</code> },
          ]}
        />
      </Card>
      <Card title="Indexes">
        <Table label="Indexes" rows={collection.indexes} columns={[{ name: "Name", cell: (row) => row.name }, { name: "Definition", cell: (row) => <code class="small">{row.definition.replace(/^CREATE /, "").replace(/public\./, "")}</code> }]} />
      </Card>
    </div>
  );
}

// One entry: its facts, its vector and what lies near it, its blob, who wrote it and who knows it.

import { useState } from "preact/hooks";
import { act, type Cell, read } from "./api";
import { ago, bytes, integer, peerName, plural, short } from "./format";
import { useLoaded } from "./hooks";
import { type Collection, identifier, literal, vectorOf } from "./sql";
import { ActionButton, Badge, Dialog, Empty, Load, Publicity } from "./ui";

const NEIGHBOURS = 10;

export interface Neighbour {
  key: string;
  distance: number;
}

/** The entries whose vectors are nearest to that of an entry, itself left out. */
export async function neighboursOf(collection: Collection, vector: string, key: string, signal?: AbortSignal): Promise<Neighbour[]> {
  const [column, name] = [identifier(collection.vector!), identifier(collection.key!)];
  const distance = `${column} ${collection.operator} ${literal(vector)}`;
  const rows = await read(`SELECT ${name}::text AS key, ${distance} AS distance FROM ${identifier(collection.name)} ORDER BY ${distance} LIMIT ${NEIGHBOURS + 1}`, signal);
  return rows.filter((row) => row.key !== key).slice(0, NEIGHBOURS).map((row) => ({ key: row.key!, distance: Number(row.distance) }));
}

/** A value of JSON, objects and arrays opened up. */
export function Json({ value }: { value: unknown }) {
  if (value === null) return <span class="null">null</span>;
  if (Array.isArray(value)) {
    if (value.every((each) => each === null || typeof each !== "object")) {
      return (
        <span class="badges">
          {value.map((each, place) => (
            <Badge key={place}>{String(each)}</Badge>
          ))}
          {value.length === 0 && <span class="null">empty</span>}
        </span>
      );
    }
    return (
      <ol class="json">
        {value.map((each, place) => (
          <li key={place}>
            <Json value={each} />
          </li>
        ))}
      </ol>
    );
  }
  if (typeof value === "object") {
    const members = Object.entries(value as Record<string, unknown>);
    if (members.length === 0) return <span class="null">empty</span>;
    return (
      <dl class="facts inner">
        {members.map(([name, each]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Json value={each} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  if (typeof value === "number") return <span class="t-number">{String(value)}</span>;
  if (typeof value === "boolean") return <span class="t-keyword">{String(value)}</span>;
  const text = String(value);
  return /^https?:\/\/\S+$/.test(text) ? (
    <a href={text} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  ) : (
    <span class="text">{text}</span>
  );
}

/** The components of a vector as a band: above the middle what is positive. */
function VectorBand({ components }: { components: number[] }) {
  const width = 480;
  const count = Math.min(components.length, 240);
  const group = components.length / count;
  const bars = Array.from({ length: count }, (_, place) => {
    const part = components.slice(Math.floor(place * group), Math.max(Math.floor(place * group) + 1, Math.floor((place + 1) * group)));
    return part.reduce((sum, each) => sum + each, 0) / part.length;
  });
  const most = Math.max(...bars.map(Math.abs)) || 1;
  return (
    <svg class="band" viewBox={`0 0 ${width} 60`} preserveAspectRatio="none" role="img" aria-label={`${components.length} components`}>
      {bars.map((bar, place) => {
        const tall = (Math.abs(bar) / most) * 28;
        return <rect key={place} class={bar < 0 ? "below" : ""} x={(place * width) / count} width={Math.max(0.6, width / count - 0.5)} y={bar < 0 ? 30 : 30 - tall} height={tall} />;
      })}
    </svg>
  );
}

export function EntryBody({ collection, entry, onOpen, onChanged }: { collection: Collection; entry: string; onOpen?: (key: string) => void; onChanged?: () => void }) {
  const [done, setDone] = useState("");
  const key = collection.key!;
  const where = `${identifier(key)} = ${literal(entry)}`;
  const hidden = ["_publicity", "_stage", "_timestamp", "_peer_id", "_vector_clock"].join(", ");
  const loaded = useLoaded(
    async (signal) => {
      const metadata = collection.columns.some((column) => column.name === "metadata") ? "" : ", metadata";
      const [rows, node] = await Promise.all([
        read(`SELECT *, ${hidden}${metadata} FROM ${identifier(collection.name)} WHERE ${where}`, signal),
        read("SELECT peer_id FROM nebulus.node", signal),
      ]);
      return { row: rows[0] ?? null, self: node[0]?.peer_id ?? "" };
    },
    [collection.name, entry],
  );
  const vector = collection.vector ? (loaded.data?.row?.[collection.vector] ?? null) : null;
  const near = useLoaded(async (signal) => (vector && collection.key ? neighboursOf(collection, vector, entry, signal) : []), [vector, entry]);
  const stage = async (statement: string) => {
    const outcome = await act(statement);
    setDone(outcome.notices[0]?.message ?? "Done.");
    loaded.reload();
    onChanged?.();
  };
  return (
    <Load of={loaded}>
      {({ row, self }) => {
        if (!row) return <Empty title="This entry is not here">It was deleted, or it is held by other members.</Empty>;
        const facts = parsed(row.metadata ?? null);
        const special = new Set([key, "metadata", collection.vector ?? "", "blob_hash", "blob_size", "blob_type", ...hidden.split(", ")]);
        const columns = collection.columns.filter((column) => !special.has(column.name));
        const components = vectorOf(vector);
        const clock = Object.entries((parsed(row._vector_clock ?? null) ?? {}) as Record<string, number>);
        const network = collection.networks[0];
        const condition = `${key} = ${literal(entry)}`;
        return (
          <div class="entry">
            <p class="badges">
              <Publicity value={row._publicity ?? null} stage={row._stage ?? null} />
              {network && <span class="faint small">in the network {network}</span>}
              <span class="grow" />
              {network && !row._stage && row._publicity !== "public" && (
                <ActionButton icon="share" work={() => stage(`STAGE MEMORY IN ${identifier(collection.name)} WHERE ${condition}`)} title={`The next sync tells ${network} this entry`}>
                  Stage for {network}
                </ActionButton>
              )}
              {row._stage && (
                <ActionButton icon="lock" work={() => stage(`UNSTAGE MEMORY IN ${identifier(collection.name)} WHERE ${condition}`)}>
                  Unstage
                </ActionButton>
              )}
            </p>
            {done && <div class="notice info" role="status">{done}</div>}
            {facts !== null && (
              <>
                <h3>Facts</h3>
                <dl class="facts">
                  {Object.entries(facts as Record<string, unknown>).map(([name, value]) => (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>
                        <Json value={value} />
                      </dd>
                    </div>
                  ))}
                </dl>
                {Object.keys(facts as object).length === 0 && <p class="faint">None.</p>}
              </>
            )}
            {columns.length > 0 && (
              <>
                <h3>Columns</h3>
                <dl class="facts">
                  {columns.map((column) => (
                    <div key={column.name}>
                      <dt>
                        {column.name} <small class="faint">{column.type}</small>
                      </dt>
                      <dd>{column.type === "jsonb" || column.type === "json" ? <Json value={parsed(row[column.name] ?? null)} /> : cell(row[column.name] ?? null)}</dd>
                    </div>
                  ))}
                </dl>
              </>
            )}
            {components.length > 0 && (
              <>
                <h3>
                  Vector <small class="faint">{`${integer(components.length)} components, length ${short(Math.hypot(...components))}`}</small>
                </h3>
                <VectorBand components={components} />
                <h3>
                  Nearest entries <small class="faint">{collection.metric} distance</small>
                </h3>
                <Load of={near}>
                  {(rows) => (
                    <ol class="near">
                      {rows.map((each) => (
                        <li key={each.key}>
                          {onOpen ? (
                            <button type="button" class="link" onClick={() => onOpen(each.key)}>
                              {each.key}
                            </button>
                          ) : (
                            <span>{each.key}</span>
                          )}
                          <span class="faint">{each.distance.toFixed(4)}</span>
                        </li>
                      ))}
                      {rows.length === 0 && <li class="faint">No other entry has a vector.</li>}
                    </ol>
                  )}
                </Load>
              </>
            )}
            {row.blob_hash && (
              <>
                <h3>Blob</h3>
                <dl class="facts">
                  <div>
                    <dt>size</dt>
                    <dd>{bytes(Number(row.blob_size))}</dd>
                  </div>
                  <div>
                    <dt>type</dt>
                    <dd>{cell(row.blob_type ?? null)}</dd>
                  </div>
                  <div>
                    <dt>BLAKE3</dt>
                    <dd class="mono small">{row.blob_hash}</dd>
                  </div>
                </dl>
              </>
            )}
            <h3>Written</h3>
            <dl class="facts">
              <div>
                <dt>by</dt>
                <dd title={row._peer_id ?? ""}>{row._peer_id === self ? "this node" : <code>{peerName(row._peer_id ?? null)}</code>}</dd>
              </div>
              <div>
                <dt>when</dt>
                <dd title={row._timestamp ?? ""}>{ago(row._timestamp ?? null)}</dd>
              </div>
              <div>
                <dt>versions</dt>
                <dd>{clock.length === 0 ? "–" : clock.map(([peer, count]) => `${peer === self ? "this node" : peerName(peer)}: ${plural(count, "write")}`).join(", ")}</dd>
              </div>
            </dl>
          </div>
        );
      }}
    </Load>
  );
}

const cell = (value: Cell) => (value === null ? <span class="null">NULL</span> : <span class="text">{value}</span>);

function parsed(text: Cell): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function EntryDialog({ collection, entry, onOpen, onClose, onChanged }: { collection: Collection; entry: string; onOpen: (key: string) => void; onClose: () => void; onChanged?: () => void }) {
  return (
    <Dialog title={<code>{entry}</code>} onClose={onClose} wide>
      <EntryBody key={entry} collection={collection} entry={entry} onOpen={onOpen} onChanged={onChanged} />
    </Dialog>
  );
}

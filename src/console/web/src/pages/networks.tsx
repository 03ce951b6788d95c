// Networks: who is there, how far each is behind, what is private, staged and public, and what changes that.

import { useEffect, useState } from "preact/hooks";
import { act, type Failure, listen, read } from "../api";
import { type Part, Parts } from "../charts";
import { ago, bytes, integer, milliseconds, peerName, plural } from "../format";
import { failureOf, useLoaded } from "../hooks";
import type { PageProps } from "../main";
import { arrayOf, type Collection, identifier, literal } from "../sql";
import { ActionButton, Badge, Button, Card, Dialog, Empty, ErrorBox, Field, Load, Page, Table } from "../ui";

type Row = Record<string, string | null>;
/** Peers that the picture shows one by one. */
const PEERS_SHOWN_MAX = 16;

/** A name of a network or an option's text in KNIRVQL. */
const quoted = (text: string) => literal(text);

interface State {
  node: Row;
  networks: Row[];
  peers: Row[];
  stats: Row[];
}

async function stateOf(signal: AbortSignal): Promise<State> {
  const [node, networks, peers, stats] = await Promise.all([
    read("SELECT * FROM nebulus.node", signal),
    read("SELECT * FROM nebulus.networks ORDER BY name", signal),
    read("SELECT * FROM nebulus.peers ORDER BY network, peer_id LIMIT 2000", signal),
    read("SELECT * FROM nebulus.network_stats", signal),
  ]);
  return { node: node[0] ?? {}, networks, peers, stats };
}

export function Networks({ collections, reloadCollections }: PageProps) {
  const [open, setOpen] = useState<"create" | "join" | null>(null);
  const state = useLoaded(stateOf, [], 3000);
  useEffect(() => {
    const abort = new AbortController();
    void listen([], () => state.reload(), abort.signal);
    return () => abort.abort();
  }, [state.reload]);
  const changed = () => {
    setOpen(null);
    state.reload();
    reloadCollections();
  };
  return (
    <Page
      title="Networks"
      lead="Nothing leaves this machine unless it is staged. What is staged goes to the members of the network that its collection is attached to."
      actions={
        <>
          <Button onClick={() => setOpen("join")}>Join</Button>
          <Button kind="primary" onClick={() => setOpen("create")}>Create</Button>
        </>
      }
    >
      <Load of={state}>
        {(found) => (
          <>
            {found.networks.length === 0 && (
              <Card>
                <Empty title="This node is in no network">
                  <p>Everything here is private. Create a network to share some of it with other machines, or join one whose secret you were told.</p>
                </Empty>
              </Card>
            )}
            {found.networks.map((network) => (
              <Network
                key={network.name}
                network={network}
                node={found.node}
                peers={found.peers.filter((peer) => peer.network === network.name)}
                stats={found.stats.find((each) => each.network === network.name) ?? {}}
                collections={collections}
                onChanged={changed}
              />
            ))}
            <Card title="This node">
              <dl class="facts">
                <div>
                  <dt>peer id</dt>
                  <dd class="mono small">{found.node.peer_id}</dd>
                </div>
                <div>
                  <dt>listens on</dt>
                  <dd class="mono small">{arrayOf(found.node.addresses ?? null).map((address) => <div key={address}>{address}</div>)}{arrayOf(found.node.addresses ?? null).length === 0 && <span class="faint">nothing, until it is in a network</span>}</dd>
                </div>
              </dl>
            </Card>
          </>
        )}
      </Load>
      {open === "create" && <Create onClose={() => setOpen(null)} onDone={changed} />}
      {open === "join" && <Join onClose={() => setOpen(null)} onDone={changed} />}
    </Page>
  );
}

function Network({ network, node, peers, stats, collections, onChanged }: { network: Row; node: Row; peers: Row[]; stats: Row; collections: Collection[]; onChanged: () => void }) {
  const [open, setOpen] = useState<"stage" | "invite" | "attach" | "leave" | null>(null);
  const name = network.name!;
  const attached = arrayOf(network.collections ?? null);
  const free = collections.filter((each) => each.kind !== "AUTH" && each.key && each.networks.length === 0);
  const counts = useLoaded(
    async (signal) =>
      attached.length === 0
        ? []
        : read(attached.map((each) => `SELECT ${literal(each)} AS collection, _publicity AS publicity, count(*) AS count, count(_stage) AS staged FROM ${identifier(each)} GROUP BY _publicity`).join(" UNION ALL "), signal),
    [attached.join("\n")],
    4000,
  );
  const members = peers.filter((peer) => peer.removed !== "t").length;
  const conflicts = arrayOf(network.schema_conflicts ?? null);
  return (
    <Card
      class="network"
      title={
        <>
          {name} {network.leaving === "t" && <Badge tone="warn">leaving</Badge>} {network.sync_in_progress === "t" && <Badge tone="accent">syncing</Badge>}
        </>
      }
      actions={
        <>
          <ActionButton work={async () => { await act(`SYNC NETWORK ${quoted(name)}`); onChanged(); }}>Sync now</ActionButton>
          <Button onClick={() => setOpen("invite")}>Invite</Button>
          <Button onClick={() => setOpen("attach")} disabled={free.length === 0} title={free.length === 0 ? "All collections are attached" : undefined}>Attach</Button>
          <Button kind="primary" icon="share" onClick={() => setOpen("stage")} disabled={attached.length === 0}>Stage entries</Button>
        </>
      }
    >
      {network.last_error && <div class="notice bad" role="status"><strong>Not all is well</strong><p>{network.last_error}</p></div>}
      {conflicts.map((conflict) => <div key={conflict} class="notice warn">{conflict}</div>)}
      <div class="network-columns">
        <Picture node={node} peers={peers} />
        <div>
          <dl class="facts">
            <div><dt>peers</dt><dd>{`${network.connected_peers} of ${integer(members)} connected`}</dd></div>
            <div><dt>last sync</dt><dd title={network.last_sync ?? ""}>{ago(network.last_sync ?? null)}</dd></div>
            <div><dt>sent, received</dt><dd>{`${integer(Number(stats.operations_sent ?? 0))} and ${integer(Number(stats.operations_received ?? 0))} deltas, ${bytes(Number(stats.bytes_transferred ?? 0))}`}</dd></div>
            <div><dt>latency</dt><dd>{stats.average_latency ? milliseconds(Number(stats.average_latency)) : "–"}</dd></div>
          </dl>
          {attached.length === 0 && <Empty title="No collection is attached">Attach one: then its staged entries go to this network.</Empty>}
          {counts.error && <ErrorBox failure={counts.error} />}
          {attached.map((each) => (
            <Attached key={each} collection={each} network={name} rows={counts.data?.filter((row) => row.collection === each) ?? null} onChanged={() => { counts.reload(); onChanged(); }} />
          ))}
        </div>
      </div>
      <Table
        label={`Peers of ${name}`}
        rows={peers}
        empty={<p class="faint small">No other member is known yet.</p>}
        columns={[
          { name: "Peer", cell: (peer) => <code class="nowrap" title={peer.peer_id ?? ""}>{peerName(peer.peer_id ?? null)}</code> },
          { name: "State", cell: (peer) => (peer.removed === "t" ? <Badge tone="bad">removed</Badge> : peer.connected === "t" ? <Badge tone="good">connected</Badge> : <Badge>away</Badge>) },
          { name: "Latency", cell: (peer) => (peer.latency_ms ? milliseconds(Number(peer.latency_ms)) : "–"), isNumber: true },
          { name: "It lacks", cell: (peer) => (peer.behind_deltas === null ? "–" : Number(peer.behind_deltas) === 0 ? "nothing" : plural(Number(peer.behind_deltas), "delta")), isNumber: true },
          { name: "We lack", cell: (peer) => (peer.ahead_deltas === null ? "–" : Number(peer.ahead_deltas) === 0 ? "nothing" : plural(Number(peer.ahead_deltas), "delta")), isNumber: true },
          { name: "Seen", cell: (peer) => <span title={peer.last_seen ?? ""}>{ago(peer.last_seen ?? null)}</span>, isMinor: true },
          { name: "Collections", cell: (peer) => arrayOf(peer.collections ?? null).join(", ") || "–", isMinor: true },
        ]}
      />
      <p class="end"><Button kind="quiet" onClick={() => setOpen("leave")}>Leave this network</Button></p>
      {open === "stage" && <Stage network={name} members={members} collections={collections.filter((each) => attached.includes(each.name))} onClose={() => setOpen(null)} onDone={() => { counts.reload(); onChanged(); }} />}
      {open === "invite" && <Invite network={name} addresses={arrayOf(node.addresses ?? null)} onClose={() => setOpen(null)} />}
      {open === "attach" && <Attach network={name} collections={free} onClose={() => setOpen(null)} onDone={() => { setOpen(null); onChanged(); }} />}
      {open === "leave" && (
        <Dialog title={`Leave ${name}?`} onClose={() => setOpen(null)}>
          <p>Its collections stay here as they are. What was posted stays with the other members, and nothing more comes or goes.</p>
          <p class="end"><ActionButton kind="danger" work={async () => { await act(`LEAVE NETWORK ${quoted(name)}`); setOpen(null); onChanged(); }}>Leave</ActionButton></p>
        </Dialog>
      )}
    </Card>
  );
}

/** This node among its peers. */
function Picture({ node, peers }: { node: Row; peers: Row[] }) {
  const members = peers.filter((peer) => peer.removed !== "t");
  const shown = [...members].sort((one, other) => (one.connected === other.connected ? 0 : one.connected === "t" ? -1 : 1)).slice(0, PEERS_SHOWN_MAX);
  const [width, height] = [360, 290];
  const [x, y] = [width / 2, height / 2];
  const text = members.length === 0 ? "This node is alone" : `This node and ${plural(members.length, "peer")}: ${members.map((peer) => `${peerName(peer.peer_id ?? null)} ${peer.connected === "t" ? "connected" : "away"}`).slice(0, PEERS_SHOWN_MAX).join(", ")}`;
  return (
    <svg class="picture" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={text}>
      {shown.map((peer, place) => {
        const angle = -Math.PI / 2 + (2 * Math.PI * place) / Math.max(shown.length, 3);
        const [toX, toY] = [x + Math.cos(angle) * 128, y + Math.sin(angle) * 92];
        const lag = Number(peer.behind_deltas ?? 0) + Number(peer.ahead_deltas ?? 0);
        const isHere = peer.connected === "t";
        const words = !isHere ? "away" : lag > 0 ? `${integer(lag)} behind` : peer.latency_ms ? milliseconds(Number(peer.latency_ms)) : "";
        return (
          <g key={peer.peer_id} class={isHere ? (lag > 0 ? "peer lags" : "peer here") : "peer away"}>
            <line x1={x} y1={y} x2={toX} y2={toY} />
            <circle cx={toX} cy={toY} r="17" />
            <text x={toX} y={toY + 4} class="inside">{peer.peer_id!.slice(-3)}</text>
            <text x={toX} y={toY < y - 20 ? toY - 23 : toY + 32}>{words}</text>
            <title>{peer.peer_id}</title>
          </g>
        );
      })}
      <circle class="self" cx={x} cy={y} r="24" />
      <text x={x} y={y + 4} class="inside self-text">{(node.peer_id ?? "").slice(-3)}</text>
      <text x={x} y={y + 42}>this node</text>
      {members.length === 0 && <text x={x} y={height - 18} class="faint-text">nobody else is known yet</text>}
      {members.length > shown.length && <text x={x} y={height - 4} class="faint-text">{`and ${integer(members.length - shown.length)} more`}</text>}
    </svg>
  );
}

function Attached({ collection, network, rows, onChanged }: { collection: string; network: string; rows: Row[] | null; onChanged: () => void }) {
  const [open, setOpen] = useState<"staged" | "detach" | null>(null);
  const of = (...kinds: string[]) => rows?.filter((row) => kinds.includes(row.publicity ?? "")).reduce((sum, row) => sum + Number(row.count), 0) ?? null;
  const staged = rows?.reduce((sum, row) => sum + Number(row.staged), 0) ?? 0;
  const parts: Part[] = [
    { name: "private", count: of("private", "replaced"), tone: "tone-private" },
    { name: "public", count: of("public"), tone: "tone-public" },
    { name: "edited since", count: of("edited"), tone: "tone-edited" },
  ];
  return (
    <div class="attached">
      <div class="card-head">
        <h3><a href={`#/collections/${encodeURIComponent(collection)}`}>{collection}</a></h3>
        <div class="actions">
          {staged > 0 && <Button kind="quiet" onClick={() => setOpen("staged")}>{`${integer(staged)} staged`}</Button>}
          <Button kind="quiet" onClick={() => setOpen("detach")}>Detach</Button>
        </div>
      </div>
      <Parts parts={parts} label={`Entries of ${collection}`} />
      {open === "staged" && <Staged collection={collection} network={network} onClose={() => setOpen(null)} onChanged={onChanged} />}
      {open === "detach" && (
        <Dialog title={`Detach ${collection} from ${network}?`} onClose={() => setOpen(null)}>
          <p>Nothing more of it is sent or received. Entries stay here, and what was posted stays with the members. Sync first, so that everybody has what was posted.</p>
          <p class="end"><ActionButton kind="danger" work={async () => { await act(`DETACH COLLECTION ${identifier(collection)} FROM NETWORK ${quoted(network)}`); setOpen(null); onChanged(); }}>Detach</ActionButton></p>
        </Dialog>
      )}
    </div>
  );
}

function Staged({ collection, network, onClose, onChanged }: { collection: string; network: string; onClose: () => void; onChanged: () => void }) {
  const rows = useLoaded((signal) => read(`SELECT id FROM nebulus.staged WHERE network = ${literal(network)} AND collection = ${literal(collection)} ORDER BY id LIMIT 500`, signal), [collection], 3000);
  return (
    <Dialog title={`Staged in ${collection}`} onClose={onClose}>
      <p>The next sync posts these to {network}. Until then you can take them off the stage.</p>
      <Load of={rows}>
        {(found) => (
          <Table
            label="Staged entries"
            rows={found}
            empty={<Empty title="Nothing is staged any more">It was posted, or taken off the stage.</Empty>}
            columns={[
              { name: "Entry", cell: (row) => row.id },
              { name: "", cell: (row) => <ActionButton kind="quiet" work={async () => { await act(`SELECT nebulus_unstage(${literal(collection)}, ${literal(`id = ${literal(row.id ?? "")}`)})`); rows.reload(); onChanged(); }}>Unstage</ActionButton> },
            ]}
          />
        )}
      </Load>
    </Dialog>
  );
}

interface Preview {
  condition: string;
  byPublicity: Map<string, number>;
  facts: string[];
  withVector: number;
  dimension: number | null;
  blobs: number;
  blobBytes: number;
  sample: string[];
}

async function previewOf(collection: Collection, condition: string): Promise<Preview> {
  const isMemory = collection.kind === "MEMORY";
  const fields = [collection.key!, "metadata", "_publicity", ...(collection.vector ? [collection.vector] : []), ...(isMemory ? ["blob_size"] : [])];
  const columns = isMemory ? [] : collection.columns.filter((column) => column.name !== collection.key && column.name !== collection.vector && column.name !== "metadata").map((column) => column.name);
  // The vectors themselves are left where they are.
  const light = fields.filter((field) => field !== collection.vector);
  const rows = await read(`GET MEMORY FIELDS ${light.join(", ")} IN ${identifier(collection.name)} WHERE ${condition} LIMIT 10000`);
  const vectors = collection.vector ? await read(`GET MEMORY FIELDS ${collection.key} IN ${identifier(collection.name)} WHERE (${condition}) AND ${collection.vector} IS NOT NULL LIMIT 10000`) : [];
  const byPublicity = new Map<string, number>();
  const facts = new Set<string>(columns);
  let [blobs, blobBytes] = [0, 0];
  for (const row of rows) {
    const publicity = row._publicity ?? "private";
    byPublicity.set(publicity, (byPublicity.get(publicity) ?? 0) + 1);
    if (row.metadata) for (const name of Object.keys(JSON.parse(row.metadata) as object)) facts.add(name);
    if (row.blob_size) [blobs, blobBytes] = [blobs + 1, blobBytes + Number(row.blob_size)];
  }
  return { condition, byPublicity, facts: [...facts].sort(), withVector: vectors.length, dimension: collection.dimension, blobs, blobBytes, sample: rows.slice(0, 5).map((row) => row[collection.key!] ?? "") };
}

function Stage({ network, members, collections, onClose, onDone }: { network: string; members: number; collections: Collection[]; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(collections[0]?.name ?? "");
  const [condition, setCondition] = useState("");
  const [preview, setPreview] = useState<Preview | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [done, setDone] = useState("");
  const collection = collections.find((each) => each.name === name);
  const look = async (event: Event) => {
    event.preventDefault();
    setFailure(null);
    setPreview(null);
    try {
      if (collection) setPreview(await previewOf(collection, condition));
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  const leaving = preview ? [...preview.byPublicity].filter(([kind]) => kind !== "public").reduce((sum, [, count]) => sum + count, 0) : 0;
  return (
    <Dialog title={`Stage entries for ${network}`} onClose={onClose} wide>
      {done ? (
        <>
          <div class="notice good" role="status"><strong>{done}</strong><p>The next sync posts them. Until then you can take them off the stage.</p></div>
          <p class="end"><Button kind="primary" onClick={onClose}>Done</Button></p>
        </>
      ) : (
        <>
          <form onSubmit={look}>
            <div class="form-row">
              <Field label="Collection">
                {(id) => (
                  <select id={id} value={name} onChange={(event) => { setName(event.currentTarget.value); setPreview(null); }}>
                    {collections.map((each) => <option key={each.name}>{each.name}</option>)}
                  </select>
                )}
              </Field>
              <Field label="Condition, in KNIRVQL" hint={<>For example <code>metadata.topic = "weather"</code> or <code>id = "note-1"</code></>}>
                {(id) => <input id={id} class="mono" value={condition} required onInput={(event) => { setCondition(event.currentTarget.value); setPreview(null); }} />}
              </Field>
            </div>
            <p class="end"><Button type="submit" kind={preview ? "plain" : "primary"}>See what would leave</Button></p>
          </form>
          {failure && <ErrorBox failure={failure} />}
          {preview && (
            <div class="leaving" role="status">
              <h3>What will leave this machine</h3>
              {leaving === 0 ? (
                <p>{preview.byPublicity.get("public") ? "Nothing: all that fulfil the condition are public already." : "Nothing: no entry fulfils the condition."}</p>
              ) : (
                <>
                  <p class="big">{plural(leaving, "entry", "entries")}</p>
                  <ul>
                    <li>with their ids{preview.sample.length > 0 && <>, such as {preview.sample.map((key, place) => <span key={key}>{place > 0 && ", "}<code>{key}</code></span>)}</>}</li>
                    <li>{preview.facts.length === 0 ? "without facts" : <>with their facts: {preview.facts.map((fact) => <Badge key={fact}>{fact}</Badge>)}</>}</li>
                    {preview.withVector > 0 && <li>{`${integer(preview.withVector)} with their vectors${preview.dimension ? ` of ${preview.dimension} numbers` : ""}, from which much of a text can be guessed`}</li>}
                    {preview.blobs > 0 && <li>{`${plural(preview.blobs, "blob")} (${bytes(preview.blobBytes)}): hash, size and type now, the bytes when a member asks for them`}</li>}
                    <li>with the time of writing and the id of this node</li>
                  </ul>
                  <p>
                    <strong>To whom:</strong> {members === 0 ? `nobody yet; whoever joins ${network} with its secret gets them` : `${plural(members, "known member")} of ${network}, and whoever joins with its secret later`}. What others have received cannot be called back.
                  </p>
                  {preview.byPublicity.get("public") && <p class="faint">{`${plural(preview.byPublicity.get("public")!, "entry that fulfils it is", "entries that fulfil it are")} public already.`}</p>}
                  <p class="end">
                    <ActionButton kind="primary" icon="share" work={async () => {
                      await act(`STAGE MEMORY IN ${identifier(name)} WHERE ${preview.condition}`);
                      setDone(`${plural(leaving, "entry is", "entries are")} staged.`);
                      onDone();
                    }}>
                      {`Stage ${plural(leaving, "entry", "entries")}`}
                    </ActionButton>
                  </p>
                </>
              )}
            </div>
          )}
        </>
      )}
    </Dialog>
  );
}

function Invite({ network, addresses, onClose }: { network: string; addresses: string[]; onClose: () => void }) {
  const [secret, setSecret] = useState<string | null>(null);
  const address = addresses.find((each) => !each.includes("/127.0.0.1/")) ?? addresses[0] ?? "/ip4/…/tcp/4001/p2p/…";
  return (
    <Dialog title={`Invite to ${network}`} onClose={onClose}>
      <p>On the other machine, in KNIRVQL or on its Networks page. Whoever knows the secret is a member: tell it over a channel that you trust.</p>
      <pre class="whole" tabIndex={0}>{`JOIN NETWORK ${network} AT '${address}'\n  WITH (secret = '${secret === null ? "••••••••" : secret.replaceAll("'", "''")}');`}</pre>
      <p class="end">
        {secret === null ? (
          <ActionButton icon="lock" work={async () => {
            const outcome = await act(`SELECT nebulus_network_secret(${literal(network)}) AS secret`);
            setSecret(outcome.results[0]?.rows[0]?.[0] ?? "");
          }}>
            Show the secret
          </ActionButton>
        ) : (
          <Button onClick={() => setSecret(null)}>Hide it</Button>
        )}
      </p>
    </Dialog>
  );
}

function Attach({ network, collections, onClose, onDone }: { network: string; collections: Collection[]; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(collections[0]?.name ?? "");
  return (
    <Dialog title={`Attach a collection to ${network}`} onClose={onClose}>
      <p>Nothing leaves by this: entries are private until they are staged. What members post into it comes here.</p>
      <Field label="Collection">
        {(id) => (
          <select id={id} value={name} onChange={(event) => setName(event.currentTarget.value)}>
            {collections.map((each) => <option key={each.name}>{each.name}</option>)}
          </select>
        )}
      </Field>
      <p class="end"><ActionButton kind="primary" work={async () => { await act(`ATTACH COLLECTION ${identifier(name)} TO NETWORK ${quoted(network)}`); onDone(); }}>Attach</ActionButton></p>
    </Dialog>
  );
}

function Create({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [secret, setSecret] = useState("");
  return (
    <Dialog title="Create a network" onClose={onClose}>
      <Field label="Name">{(id) => <input id={id} value={name} required onInput={(event) => setName(event.currentTarget.value)} />}</Field>
      <Field label="Secret" hint="Left empty, a random one is made. Members join with it.">
        {(id) => <input id={id} type="password" autocomplete="new-password" value={secret} onInput={(event) => setSecret(event.currentTarget.value)} />}
      </Field>
      <p class="end">
        <ActionButton kind="primary" disabled={name === ""} work={async () => { await act(`CREATE NETWORK ${quoted(name)}${secret ? ` WITH (secret = ${literal(secret)})` : ""}`); onDone(); }}>Create</ActionButton>
      </p>
    </Dialog>
  );
}

function Join({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [secret, setSecret] = useState("");
  return (
    <Dialog title="Join a network" onClose={onClose}>
      <Field label="Name">{(id) => <input id={id} value={name} required onInput={(event) => setName(event.currentTarget.value)} />}</Field>
      <Field label="Address of a member" hint={<>As its Networks page shows it: <code>/ip4/192.0.2.7/tcp/4001/p2p/12D3…</code></>}>
        {(id) => <input id={id} class="mono" value={address} required onInput={(event) => setAddress(event.currentTarget.value)} />}
      </Field>
      <Field label="Secret">{(id) => <input id={id} type="password" autocomplete="off" value={secret} required onInput={(event) => setSecret(event.currentTarget.value)} />}</Field>
      <p class="end">
        <ActionButton
          kind="primary"
          disabled={name === "" || address === "" || secret === ""}
          work={async () => {
            await act(`JOIN NETWORK ${quoted(name)} AT ${literal(address.trim())} WITH (secret = ${literal(secret)})`);
            onDone();
          }}
        >
          Join
        </ActionButton>
      </p>
    </Dialog>
  );
}

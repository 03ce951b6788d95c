/**
 * Networks of peers: each method is one statement of the server.
 *
 * The getters without a promise, which the specification has, show what was read last: after each change made here, with each
 * event of a network, and with refresh().
 */
import { EventEmitter } from "node:events";
import type { Connections } from "./connection.js";
import { NotFoundError, NotSupportedError, invalid } from "./errors.js";
import { nameLiteral } from "./names.js";
import { millis } from "./sync-state.js";
import type { CreateNetworkConfig, NetworkConfig, NetworkOptions, NetworkStats, PeerInfo, SyncResult } from "./types.js";

/** The events of networks, with what their listeners get. */
export interface NetworkEvents {
  initialized: [{ peerId: string }];
  "network:created": [{ networkId: string }];
  "network:joined": [{ networkId: string }];
  "network:left": [{ networkId: string }];
  "collection:added": [{ networkId: string; collectionName: string }];
  "collection:removed": [{ networkId: string; collectionName: string }];
  "peer:discovered": [{ peerId: string; networkId: string | undefined }];
  "peer:connected": [{ peerId: string; networkId: string | undefined }];
  "peer:disconnected": [{ peerId: string; networkId: string | undefined }];
  /** Documents of this node were posted. */
  "entries:posted": [{ networkId: string | undefined; entries: number }];
  "entries:received": [{ networkId: string | undefined; entries: number; peerId: string | undefined }];
}

/** A network to be in from the start. */
interface CreateNetworkOptional extends NetworkOptions {
  networkId?: string;
  bootstrapPeers?: readonly string[];
}

/** A bigint of the server. */
type Count = number | bigint;

interface NetworkRow {
  name: string;
  options: Record<string, unknown>;
  bootstrap: string[];
  collections: string[];
  staged: Count;
  last_sync: Date | null;
  last_error: string | null;
}

interface StatsRow {
  network: string;
  connected_peers: Count;
  total_peers: Count;
  collections_shared: Count;
  operations_sent: Count;
  operations_received: Count;
  bytes_transferred: Count;
  average_latency: number | null;
}

interface PeerRow {
  network: string;
  peer_id: string;
  addresses: string[];
  connected: boolean;
  latency_ms: number | null;
  last_seen: Date | null;
  collections: string[];
  behind_deltas: Count | null;
  ahead_deltas: Count | null;
}

interface SyncRow {
  networks: Count;
  posted: Count;
  peers: Count;
  received: Count;
}

/** The options as the server names them. */
function serverOptions(options: NetworkOptions): string {
  const named: Record<string, unknown> = {
    secret: options.secret ?? options.encryption?.sharedSecret,
    private_by_default: options.privateByDefault,
    auto_post_classifications: options.autoPostClassifications,
    sync_interval_ms: options.syncIntervalMs,
    replication: options.replication?.strategy,
    replication_factor: options.replication?.factor,
    mdns: options.discovery?.mdns,
    posting_url: options.postingUrl,
  };
  return JSON.stringify(named);
}

function config(row: NetworkRow, names: ReadonlyMap<string, string>): NetworkConfig {
  const options = row.options;
  const classes = options.auto_post_classifications;
  return {
    networkId: row.name,
    name: names.get(row.name) ?? row.name,
    collections: [...row.collections],
    bootstrapPeers: [...row.bootstrap],
    privateByDefault: options.private_by_default !== false,
    autoPostClassifications: Array.isArray(classes) ? classes.map(String) : [],
    replication: { factor: Number(options.replication_factor), strategy: String(options.replication) },
    discovery: { mdns: options.mdns === true },
    stagedEntries: Number(row.staged),
    lastSync: millis(row.last_sync),
    ...(row.last_error === null ? {} : { lastError: row.last_error }),
  };
}

function stats(row: StatsRow): NetworkStats {
  return {
    networkId: row.network,
    connectedPeers: Number(row.connected_peers),
    totalPeers: Number(row.total_peers),
    collectionsShared: Number(row.collections_shared),
    operationsSent: Number(row.operations_sent),
    operationsReceived: Number(row.operations_received),
    bytesTransferred: Number(row.bytes_transferred),
    averageLatency: row.average_latency ?? 0,
  };
}

function peer(row: PeerRow): PeerInfo {
  return {
    networkId: row.network,
    peerId: row.peer_id,
    addresses: [...row.addresses],
    connected: row.connected,
    ...(row.latency_ms === null ? {} : { latency: row.latency_ms }),
    lastSeen: millis(row.last_seen),
    collections: [...row.collections],
    behind: Number(row.behind_deltas ?? 0),
    ahead: Number(row.ahead_deltas ?? 0),
  };
}

/** The networks of a node. Made by the database: `db.getNetworkManager()`. */
export class NetworkManager extends EventEmitter<NetworkEvents> {
  private readonly names = new Map<string, string>();
  private networks: NetworkConfig[] = [];
  private statistics: NetworkStats[] = [];
  private peers: PeerInfo[] = [];
  private peerId = "";

  /** Use `db.getNetworkManager()`. */
  constructor(
    private readonly connections: () => Promise<Connections>,
    private readonly enabled: boolean,
  ) {
    super();
  }

  /** Waits until the node is there. The database does this by itself. */
  async initialize(): Promise<void> {
    await this.connections();
  }

  /** Reads from the server what the getters show. */
  async refresh(): Promise<void> {
    await this.refreshBy(await this.connections());
  }

  /** The same, for a database that is just being opened. */
  async refreshBy(connections: Connections): Promise<void> {
    const [node, networks, statistics, peers] = await Promise.all([
      connections.rows<{ peer_id: string }>("SELECT peer_id FROM nebulus.node"),
      connections.rows<NetworkRow>("SELECT name, options, bootstrap, collections, staged, last_sync, last_error FROM nebulus.networks ORDER BY name"),
      connections.rows<StatsRow>("SELECT * FROM nebulus.network_stats"),
      connections.rows<PeerRow>("SELECT * FROM nebulus.peers WHERE NOT removed"),
    ]);
    const first = this.peerId === "";
    this.peerId = node[0]?.peer_id ?? "";
    this.networks = networks.map((row) => config(row, this.names));
    this.statistics = statistics.map(stats);
    this.peers = peers.map(peer);
    if (first && this.peerId !== "") this.emit("initialized", { peerId: this.peerId });
  }

  /** Takes what the server tells of networks, and passes on what this process has not done itself. */
  async onNotification(payload: string | undefined): Promise<void> {
    await this.refresh();
    if (payload === undefined) return;
    const fields = JSON.parse(payload) as Record<string, unknown>;
    const text = (name: string): string | undefined => (typeof fields[name] === "string" ? fields[name] : undefined);
    const networkId = text("network");
    const peerId = text("peer");
    const entries = Number(fields.entries ?? 0);
    switch (fields.event) {
      case "peer:discovered":
      case "peer:connected":
      case "peer:disconnected":
        if (peerId !== undefined) this.emit(fields.event, { peerId, networkId });
        break;
      case "entries:posted":
        this.emit("entries:posted", { networkId, entries });
        break;
      case "entries:received":
        this.emit("entries:received", { networkId, entries, peerId });
        break;
    }
  }

  /** Founds or joins the network that the options name, unless this node is in it already. */
  async begin(connections: Connections, options: CreateNetworkOptional): Promise<void> {
    const { networkId, bootstrapPeers = [] } = options;
    if (networkId === undefined || this.networks.some((network) => network.networkId === networkId)) return;
    checkDiscovery(options, bootstrapPeers);
    if (bootstrapPeers.length === 0) await connections.rows("SELECT nebulus_create_network($1, $2)", [networkId, serverOptions(options)]);
    else await connections.rows("SELECT nebulus_join_network($1, $2, $3)", [networkId, addresses(bootstrapPeers), serverOptions(options)]);
    await this.refreshBy(connections);
    this.emit(bootstrapPeers.length === 0 ? "network:created" : "network:joined", { networkId });
  }

  /** Founds a network, or joins one where addresses of members are given. Returns its id. */
  async createNetwork(options: CreateNetworkConfig): Promise<string> {
    const { networkId, bootstrapPeers = [] } = options;
    checkDiscovery(options, bootstrapPeers);
    if (bootstrapPeers.length > 0) {
      await this.joinNetwork(networkId, bootstrapPeers, options);
    } else {
      await this.statement("SELECT nebulus_create_network($1, $2)", [networkId, serverOptions(options)]);
    }
    if (options.name !== undefined) this.names.set(networkId, options.name);
    await this.refresh();
    if (bootstrapPeers.length === 0) this.emit("network:created", { networkId });
    return networkId;
  }

  /** Joins a network at the addresses of some members. It needs the secret of the network. */
  async joinNetwork(networkId: string, bootstrapPeers: readonly string[], options: NetworkOptions = {}): Promise<void> {
    await this.statement("SELECT nebulus_join_network($1, $2, $3)", [networkId, addresses(bootstrapPeers), serverOptions(options)]);
    await this.refresh();
    this.emit("network:joined", { networkId });
  }

  /** Leaves a network. Its collections stay here, as they are. */
  async leaveNetwork(networkId: string): Promise<void> {
    await this.statement("SELECT nebulus_leave_network($1)", [networkId]);
    this.names.delete(networkId);
    await this.refresh();
    this.emit("network:left", { networkId });
  }

  /** Shares what is staged in a collection with a network. */
  async addCollectionToNetwork(networkId: string, collectionName: string, options: { privateByDefault?: boolean } = {}): Promise<void> {
    const server = JSON.stringify({ private_by_default: options.privateByDefault });
    await this.statement("SELECT nebulus_attach($1, $2, $3)", [collectionName, networkId, server]);
    await this.refresh();
    this.emit("collection:added", { networkId, collectionName });
  }

  /** Ends the sharing of a collection. */
  async removeCollectionFromNetwork(networkId: string, collectionName: string): Promise<void> {
    await this.statement("SELECT nebulus_detach($1, $2)", [collectionName, networkId]);
    await this.refresh();
    this.emit("collection:removed", { networkId, collectionName });
  }

  /** Posts what is staged and fetches what is missing now, in one network or in all. */
  async sync(networkId?: string): Promise<SyncResult> {
    const [row] = await this.statement<SyncRow>(networkId === undefined ? "SYNC" : `SYNC NETWORK ${nameLiteral(networkId)}`, []);
    await this.refresh();
    return { networks: Number(row?.networks), posted: Number(row?.posted), peers: Number(row?.peers), received: Number(row?.received) };
  }

  /** The secret of a network: the invitation, for its owner. */
  async getNetworkSecret(networkId: string): Promise<string> {
    const rows = await this.statement<{ secret: string }>("SELECT nebulus_network_secret($1) AS secret", [networkId]);
    const [row] = rows;
    if (row === undefined) throw unknown(networkId);
    return row.secret;
  }

  /** Shuts a peer out of a network, which gets a new key. */
  async removePeer(networkId: string, peerId: string): Promise<void> {
    await this.statement("SELECT nebulus_remove_peer($1, $2)", [networkId, peerId]);
    await this.refresh();
  }

  /** This node: its id, and the addresses at which others reach it. */
  async node(): Promise<{ peerId: string; addresses: string[] }> {
    const [row] = await (await this.connections()).rows<{ peer_id: string; addresses: string[] }>("SELECT peer_id, addresses FROM nebulus.node");
    return { peerId: row?.peer_id ?? "", addresses: row?.addresses ?? [] };
  }

  /** The networks, as read last. */
  getNetworks(): NetworkConfig[] {
    return structuredClone(this.networks);
  }

  /** The collections of a network, as read last. */
  getNetworkCollections(networkId: string): string[] {
    return [...(this.networks.find((network) => network.networkId === networkId)?.collections ?? [])];
  }

  /**
   * What a network moved, as read last.
   *
   * @throws NotFoundError 42704 for a network that this node is not in.
   */
  getNetworkStats(networkId: string): NetworkStats {
    const found = this.statistics.find((entry) => entry.networkId === networkId);
    if (found === undefined) throw unknown(networkId);
    return { ...found };
  }

  /** The peers that are connected, as read last. */
  getConnectedPeers(): PeerInfo[] {
    return structuredClone(this.peers.filter(({ connected }) => connected));
  }

  /** All peers that are known, as read last. */
  getPeers(): PeerInfo[] {
    return structuredClone(this.peers);
  }

  /** The id of this node; empty until it is known. */
  getPeerId(): string {
    return this.peerId;
  }

  private check(): void {
    if (!this.enabled) {
      throw new NotSupportedError("0A000", "this database was opened without networks", { hint: "Open it with distributed: { enabled: true }." });
    }
  }

  private async statement<R extends object>(text: string, values: readonly string[]): Promise<R[]> {
    this.check();
    return (await this.connections()).rows<R>(text, values);
  }
}

function unknown(networkId: string): NotFoundError {
  return new NotFoundError("42704", `network "${networkId}" does not exist`, { hint: "getNetworks() lists those of this node." });
}

/** Addresses as the server takes them. */
function addresses(bootstrapPeers: readonly string[]): string {
  const odd = bootstrapPeers.find((address) => address.includes(","));
  if (odd !== undefined) throw invalid(`"${odd}" is no address of a peer: it contains a comma`, "Give several addresses as several elements.");
  if (bootstrapPeers.length === 0) throw invalid("joining a network needs the address of a member", "node() of that member shows its addresses.");
  return bootstrapPeers.join(",");
}

/** What the specification lets one say and the server decides otherwise is refused, not ignored. */
function checkDiscovery(options: NetworkOptions, bootstrapPeers: readonly string[]): void {
  if (options.encryption?.enabled === false) {
    throw new NotSupportedError("0A000", "networks are always encrypted", { hint: "Leave encryption out." });
  }
  if (options.discovery?.bootstrap === false && bootstrapPeers.length > 0) {
    throw invalid("discovery.bootstrap is false, and bootstrapPeers are given", "Leave one of them out.");
  }
}

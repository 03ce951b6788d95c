/** The database: a server elsewhere or one of its own, its collections, its networks, its secrets. */
import { EventEmitter } from "node:events";
import { Collection, type Host } from "./collection.js";
import { Connections, type Result } from "./connection.js";
import { EmbeddedServer } from "./embedded.js";
import { invalid, toNebulusError, type NebulusError } from "./errors.js";
import { Feed } from "./feed.js";
import { NetworkManager, type NetworkEvents } from "./network-manager.js";
import type { Infer, Schema } from "./schema.js";
import { Secrets } from "./secrets.js";
import { readSyncState } from "./sync-state.js";
import type { AnyFields, CreateNetworkConfig, NetworkConfig, NetworkOptions, NetworkStats, PeerInfo, Stored, SyncResult, SyncState } from "./types.js";
import type { Parameter } from "./values.js";

/** Where the database is, and whether it takes part in networks. One of connectionString, dataDir and temporary is needed. */
export interface DistributedDbOptions {
  /** A running server: `postgresql://user:password@host:5433/nebulus`. */
  connectionString?: string;
  /** A data directory: a server of this program's own is started on it. */
  dataDir?: string;
  /** A server of this program's own, whose data goes with it. */
  temporary?: boolean;
  /** Of the user; a server of this program's own is given it, or makes one. */
  password?: string;
  /** The program nebulusdb, for a server of this program's own. */
  binary?: string;
  /** Further arguments of `nebulusdb serve`, for a server of this program's own. */
  serverArguments?: readonly string[];
  startTimeoutMs?: number;
  /** Milliseconds that a server of this program's own gets to stop in order. */
  stopTimeoutMs?: number;
  maxConnections?: number;
  connectTimeoutMs?: number;
  statementTimeoutMs?: number;
  distributed?: DistributedOptions;
}

/** Whether and how the database takes part in networks. */
export interface DistributedOptions extends NetworkOptions {
  enabled: boolean;
  /** A network that is founded at the start, or joined where bootstrapPeers are given, unless this node is in it already. */
  networkId?: string;
  bootstrapPeers?: readonly string[];
  /** Addresses at which a server of this program's own listens for peers. */
  listen?: readonly string[];
}

/** Events of the database: those of its networks, and problems that have no caller. */
export interface DatabaseEvents extends NetworkEvents {
  error: [NebulusError];
}

/** The channel on which the server tells what happens in networks. */
const NETWORK_CHANNEL = "networks";

/** A database. Made by createDistributedDb(), which does not wait: the first method does. */
export class DistributedDatabase extends EventEmitter<DatabaseEvents> {
  /** Secrets: encrypted, never logged, never shared. */
  readonly auth: Secrets;
  private readonly networks: NetworkManager;
  private readonly collections = new Map<string, Collection>();
  private readonly opening: Promise<{ connections: Connections; feed: Feed; server: EmbeddedServer | undefined }>;
  private readonly host: Host;
  private closing: Promise<void> | undefined;
  private watching: Promise<void> | undefined;

  /** Use createDistributedDb(). */
  constructor(private readonly options: DistributedDbOptions) {
    super();
    checkOptions(options);
    const distributed = options.distributed ?? { enabled: false };
    const connections = (): Promise<Connections> => this.opening.then((open) => open.connections);
    this.networks = new NetworkManager(connections, distributed.enabled);
    this.auth = new Secrets(connections);
    for (const name of FORWARDED) forward(this.networks, this, name);
    this.opening = this.open(distributed);
    for (const emitter of [this, this.networks] as EventEmitter[]) {
      emitter.on("newListener", (name: string | symbol) => {
        if (!WATCHED.has(name)) return;
        this.watchNetworks().catch((error: unknown) => {
          this.problem(toNebulusError(error));
        });
      });
    }
    // Whoever uses the database first hears of it.
    this.opening.catch(() => undefined);
    const opening = this.opening;
    this.host = {
      get connections() {
        return connections();
      },
      get feed() {
        return opening.then((open) => open.feed);
      },
      networks: this.networks,
      problem: (error) => {
        this.problem(toNebulusError(error));
      },
    };
  }

  /** Waits until the server answers. All methods do so themselves; call it to hear early of what is wrong. */
  async ready(): Promise<this> {
    await this.opening;
    return this;
  }

  /** The address of the server, without the password. */
  async connectionString(): Promise<string> {
    return (await this.opening).connections.options.connectionString;
  }

  /** A collection of documents, typed by a schema: its fields become columns of their types. */
  collection<const S extends Schema>(name: string, schema: S): Collection<Infer<S>>;
  /** The same, of the fields T, of which the schema declares some. */
  collection<T extends object>(name: string, schema: Schema): Collection<T>;
  /** A collection of documents of the fields T, none of which is declared: they are kept as JSON. */
  collection<T extends object = AnyFields>(name: string): Collection<Stored<T>>;
  collection(name: string, schema?: Schema): Collection {
    const known = this.collections.get(name);
    if (known !== undefined && schema === undefined) return known;
    const collection = new Collection(this.host, name, schema);
    this.collections.set(name, collection);
    return collection;
  }

  /** Runs one statement, SQL or KNIRVQL, with its parameters `$1`, `$2`, …, and returns the rows. */
  async query<R extends object = AnyFields>(text: string, values: readonly QueryValue[] = []): Promise<Result<R>> {
    const { connections } = await this.opening;
    return connections.run<R>(text, values.map(toParameter));
  }

  /** Founds a network, or joins one where addresses of members are given. Returns its id. */
  createNetwork(config: CreateNetworkConfig): Promise<string> {
    return this.networks.createNetwork(config);
  }

  /** Joins a network at the addresses of some members, with its secret. */
  joinNetwork(networkId: string, bootstrapPeers: readonly string[], options: NetworkOptions = {}): Promise<void> {
    return this.networks.joinNetwork(networkId, bootstrapPeers, options);
  }

  /** Leaves a network. Its collections stay here, as they are. */
  leaveNetwork(networkId: string): Promise<void> {
    return this.networks.leaveNetwork(networkId);
  }

  /** Shares what is staged in a collection with a network. A collection that db.collection() named is made if need be. */
  async addCollectionToNetwork(networkId: string, collectionName: string, options: { privateByDefault?: boolean } = {}): Promise<void> {
    await this.collections.get(collectionName)?.ensure();
    await this.networks.addCollectionToNetwork(networkId, collectionName, options);
  }

  /** Ends the sharing of a collection. Does nothing where it is in no network. */
  async removeCollectionFromNetwork(collectionName: string): Promise<void> {
    const state = await this.getSyncState(collectionName);
    if (state !== null) await this.networks.removeCollectionFromNetwork(state.networkId, collectionName);
  }

  /** How far a collection is in its network; null where it is in none. */
  async getSyncState(collectionName: string): Promise<SyncState | null> {
    return readSyncState((await this.opening).connections, collectionName);
  }

  /** Posts what is staged and fetches what is missing now, in one network or in all. */
  sync(networkId?: string): Promise<SyncResult> {
    return this.networks.sync(networkId);
  }

  /** The networks of this node. */
  async getNetworks(): Promise<NetworkConfig[]> {
    await this.networks.refresh();
    return this.networks.getNetworks();
  }

  /** What a network moved. */
  async getNetworkStats(networkId: string): Promise<NetworkStats> {
    await this.networks.refresh();
    return this.networks.getNetworkStats(networkId);
  }

  /** The peers that are connected, of one network or of all. */
  async getConnectedPeers(networkId?: string): Promise<PeerInfo[]> {
    await this.networks.refresh();
    return this.networks.getConnectedPeers().filter((peer) => networkId === undefined || peer.networkId === networkId);
  }

  /** The secret of a network: the invitation, for its owner. */
  getNetworkSecret(networkId: string): Promise<string> {
    return this.networks.getNetworkSecret(networkId);
  }

  /** This node: its id, and the addresses at which others reach it. */
  node(): Promise<{ peerId: string; addresses: string[] }> {
    return this.networks.node();
  }

  /** The networks, with the specification's getters that do not wait. */
  getNetworkManager(): NetworkManager {
    return this.networks;
  }

  /**
   * Begins to follow what the server tells of networks: peers that come and go, what was posted and received. It begins by itself
   * with the first listener to such an event; wait for this to be sure to miss none.
   *
   * @throws NotSupportedError 0A000 where the server has no change feed.
   */
  watchNetworks(): Promise<void> {
    this.watching ??= this.watch().catch((error: unknown) => {
      this.watching = undefined;
      throw error;
    });
    return this.watching;
  }

  private async watch(): Promise<void> {
    const { feed } = await this.opening;
    let last = Promise.resolve();
    await feed.listen(NETWORK_CHANNEL, (payload) => {
      last = last
        .then(() => this.networks.onNotification(payload))
        .catch((error: unknown) => {
          this.problem(toNebulusError(error));
        });
    });
  }

  /** Closes the connections, and stops the server if it is this program's own. */
  shutdown(): Promise<void> {
    this.closing ??= this.close();
    return this.closing;
  }

  private async close(): Promise<void> {
    const open = await this.opening.catch(() => undefined);
    if (open === undefined) return;
    await open.feed.close();
    await open.connections.close();
    await open.server?.stop();
  }

  private problem(error: NebulusError): void {
    if (this.closing !== undefined) return;
    if (this.listenerCount("error") > 0) this.emit("error", error);
    else process.emitWarning(error, { code: error.code, detail: "Listen to the event error of the database to handle this." });
  }

  private async open(distributed: DistributedOptions): Promise<{ connections: Connections; feed: Feed; server: EmbeddedServer | undefined }> {
    const { options } = this;
    const server =
      options.connectionString === undefined
        ? await EmbeddedServer.start({ ...options, listen: distributed.listen }, (error) => {
            this.problem(error);
          })
        : undefined;
    const connections = new Connections({
      connectionString: server?.connectionString ?? options.connectionString ?? "",
      password: server?.password ?? options.password,
      maxConnections: options.maxConnections,
      connectTimeoutMs: options.connectTimeoutMs,
      statementTimeoutMs: options.statementTimeoutMs,
    });
    try {
      await connections.open();
      if (distributed.enabled) {
        await this.networks.refreshBy(connections);
        await this.networks.begin(connections, distributed);
      }
    } catch (error) {
      await connections.close();
      await server?.stop();
      throw error;
    }
    const feed = new Feed(connections.options, (error) => {
      this.problem(error);
    });
    return { connections, feed, server };
  }
}

const FORWARDED = [
  "initialized",
  "network:created",
  "network:joined",
  "network:left",
  "collection:added",
  "collection:removed",
  "peer:discovered",
  "peer:connected",
  "peer:disconnected",
  "entries:posted",
  "entries:received",
] as const satisfies readonly (keyof NetworkEvents)[];

function forward(from: EventEmitter, to: EventEmitter, name: string): void {
  from.on(name, (event: unknown) => {
    to.emit(name, event);
  });
}

/** The events that only the server knows of. */
const WATCHED: ReadonlySet<string | symbol> = new Set(["peer:discovered", "peer:connected", "peer:disconnected", "entries:posted", "entries:received"]);

/** A parameter of query(). Arrays are arrays of SQL; vectors and JSON are texts: `JSON.stringify(vector)`. */
export type QueryValue = string | number | bigint | boolean | null | Date | Uint8Array | readonly string[];

function toParameter(value: QueryValue): Parameter {
  if (value === null || typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return typeof value === "object" ? value : value.toString();
}

function checkOptions(given: unknown): void {
  if (typeof given !== "object" || given === null) throw invalid("createDistributedDb() takes an object of options", "{ temporary: true } is one.");
  const options = given as DistributedDbOptions;
  const places = [options.connectionString !== undefined, options.dataDir !== undefined, options.temporary === true];
  if (places.filter(Boolean).length !== 1) {
    throw invalid(
      "a database needs one of connectionString, dataDir and temporary",
      "connectionString names a running server; dataDir and temporary: true start one of the program's own.",
    );
  }
  if (options.connectionString === undefined) return;
  for (const name of ["binary", "serverArguments", "startTimeoutMs", "stopTimeoutMs"] as const) {
    if (options[name] !== undefined) throw invalid(`${name} is for a server of the program's own, and connectionString names another one`);
  }
  if (options.distributed?.listen !== undefined) throw invalid("distributed.listen is for a server of the program's own");
}

/** Opens a database. It returns at once; the methods of the database wait until the server is there. */
export function createDistributedDb(options: DistributedDbOptions): DistributedDatabase {
  return new DistributedDatabase(options);
}

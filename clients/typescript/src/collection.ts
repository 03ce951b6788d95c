/** Collections: documents in, documents out. Each method is one statement of the server where one can say it. */
import type { Connections, Runner } from "./connection.js";
import { NotFoundError, NotSupportedError, invalid } from "./errors.js";
import type { Feed } from "./feed.js";
import { condition, Parameters, sortKey, target, whereClause } from "./filter.js";
import { readLayout, vectorColumn, type Layout } from "./layout.js";
import { identifier, nameLiteral } from "./names.js";
import type { NetworkManager } from "./network-manager.js";
import { checkSchema, createStatement, declaredTypes, type Schema } from "./schema.js";
import { Deliverer, type ChangeEvent, type Subscription } from "./subscription.js";
import type {
  AnyFields,
  DistributedDocument,
  Filter,
  FindOptions,
  Metric,
  Nearest,
  NearestOptions,
  NewDocument,
  SyncState,
  Update,
  WithId,
} from "./types.js";
import { applied, assignments, changesOf } from "./update.js";
import { toVector } from "./values.js";
import { insertDocuments, toDistributed, toDocument, writeFields } from "./documents.js";
import { readSyncState } from "./sync-state.js";

/** What a collection needs of its database. */
export interface Host {
  readonly connections: Promise<Connections>;
  readonly feed: Promise<Feed>;
  readonly networks: NetworkManager;
  problem(error: Error): void;
}

const METRICS: Readonly<Record<Metric, readonly [operator: string, operators: string]>> = {
  cosine: ["<=>", "vector_cosine_ops"],
  l2: ["<->", "vector_l2_ops"],
  ip: ["<#>", "vector_ip_ops"],
  l1: ["<+>", "vector_l1_ops"],
};

function metricOf(metric: Metric | undefined): readonly [string, string] {
  const name = metric ?? "cosine";
  if (!Object.hasOwn(METRICS, name)) throw invalid(`unknown metric "${name}"`, "There are cosine, l2, ip and l1.");
  return METRICS[name];
}

function wholeNumber(value: number, what: string): string {
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(`${what} is ${JSON.stringify(value)}: a whole number from 0 is needed`);
  return value.toString();
}

/** A collection of documents of the fields T. Made by `db.collection()`; the table is made with the first use. */
export class Collection<T extends object = AnyFields> {
  readonly name: string;
  private known: Promise<Layout> | undefined;

  /** Use `db.collection()`. */
  constructor(
    private readonly host: Host,
    name: string,
    private readonly schema: Schema | undefined,
  ) {
    if (name === "auth") throw invalid('"auth" is no collection of documents', "db.auth reads and writes secrets.");
    identifier(name);
    if (schema !== undefined) declaredTypes(schema);
    this.name = name;
  }

  /** Makes the table if it is not there yet, and checks it against the schema. All other methods do so themselves. */
  async ensure(): Promise<void> {
    await this.layout();
  }

  /** Stores a document, with a new id if it has none. Returns it as it is stored. */
  async insert(document: NewDocument<T>): Promise<WithId<T>> {
    const [stored] = await this.insertBatch([document]);
    if (stored === undefined) throw new NotFoundError("P0002", "the document was not stored");
    return stored;
  }

  /** Stores documents, all or none. Returns them in the same order. */
  async insertBatch(documents: readonly NewDocument<T>[]): Promise<WithId<T>[]> {
    const layout = await this.layout();
    if (documents.length === 0) return [];
    const connections = await this.host.connections;
    return connections.transaction(async (runner) => (await insertDocuments(runner, layout, documents)) as WithId<T>[]);
  }

  /** The documents that the filter accepts. */
  async find(filter: Filter<T> = {}, options: FindOptions<T> = {}): Promise<WithId<T>[]> {
    const layout = await this.layout();
    const rows = await this.select(await this.host.connections, layout, filter, options);
    return rows.map((row) => toDocument<T>(row));
  }

  /** The first document that the filter accepts, or null. */
  async findOne(filter: Filter<T> = {}, options: Omit<FindOptions<T>, "limit"> = {}): Promise<WithId<T> | null> {
    const [document] = await this.find(filter, { ...options, limit: 1 });
    return document ?? null;
  }

  /** How many documents the filter accepts. */
  async count(filter: Filter<T> = {}): Promise<number> {
    const parameters = new Parameters();
    const where = whereClause(await this.layout(), filter, parameters);
    const connections = await this.host.connections;
    const [row] = await connections.rows<{ count: number | bigint }>(`SELECT count(*) AS count FROM ${this.table}${where}`, parameters.values);
    return Number(row?.count ?? 0);
  }

  /** The documents whose vectors are nearest to a vector, the nearest first, each with its distance. */
  async nearest(vector: readonly number[] | Float32Array, options: NearestOptions<T> = {}): Promise<Nearest<T>[]> {
    const layout = await this.layout();
    const column = identifier(vectorColumn(layout, options.column).name);
    const [operator] = metricOf(options.metric);
    const parameters = new Parameters();
    const distance = `${column} ${operator} ${parameters.add(toVector(vector, "the vector to search for"))}`;
    const tests = options.where === undefined || Object.keys(options.where).length === 0 ? [] : [`(${condition(layout, options.where, parameters)})`];
    if (options.within !== undefined) {
      if (!Number.isFinite(options.within)) throw invalid(`within is ${options.within}: a finite number is needed`);
      tests.push(`${distance} <= ${parameters.add(options.within.toString())}::double precision`);
    }
    const text =
      `SELECT ${this.columns(layout, options.fields)}, ${distance} AS "distance" FROM ${this.table}${tests.length === 0 ? "" : ` WHERE ${tests.join(" AND ")}`}` +
      ` ORDER BY ${distance} LIMIT ${wholeNumber(options.limit ?? 10, "limit")} OFFSET ${wholeNumber(options.skip ?? 0, "skip")}`;
    const connections = await this.host.connections;
    const rows = await connections.rows<AnyFields>(text, parameters.values);
    // Documents without a vector come last, with no distance; a condition against them would slow the search down.
    return rows.filter((row) => row.distance !== null).map((row) => toDocument<T>(row) as Nearest<T>);
  }

  /** Changes the documents that the filter accepts, and returns how many those are. */
  async update(filter: Filter<T>, update: Update<T>): Promise<number> {
    const layout = await this.layout();
    const changes = changesOf(update);
    const connections = await this.host.connections;
    const parameters = new Parameters();
    const list = assignments(layout, changes, parameters);
    if (list !== undefined) {
      const where = whereClause(layout, filter, parameters);
      return (await connections.run(`UPDATE ${this.table} SET ${list}${where}`, parameters.values)).count;
    }
    return connections.transaction(async (runner) => {
      const rows = await this.select(runner, layout, filter, {});
      for (const row of rows) {
        const document = toDocument<AnyFields>(row);
        await writeFields(runner, layout, document.id, applied(document, changes));
      }
      return rows.length;
    });
  }

  /** Deletes the documents that the filter accepts, and returns how many there were. `{}` accepts all. */
  async delete(filter: Filter<T>): Promise<number> {
    return this.change("DELETE FROM", "", filter);
  }

  /** Calls back for each change of a document that the filter accepts; for deletions in any case, since the document is gone. */
  async subscribe(filter: Filter<T>, callback: (event: ChangeEvent<T>) => unknown): Promise<Subscription> {
    const layout = await this.layout();
    if (typeof callback !== "function") throw invalid("subscribe() takes a filter and a callback");
    // A filter that is wrong is refused here, not at the first event.
    condition(layout, filter, new Parameters());
    const deliverer = new Deliverer<T>(
      (ids) => this.find({ $and: [filter, { id: { $in: ids } }] } as unknown as Filter<T>),
      callback,
      (error) => {
        this.host.problem(error);
      },
    );
    const feed = await this.host.feed;
    const stop = await feed.listen(`changes:${this.name}`, (payload) => {
      deliverer.push(payload);
    });
    return {
      unsubscribe: async () => {
        deliverer.end();
        await stop();
      },
    };
  }

  /** Documents with what the server knows of them for the network: clock, time, peer, stage. */
  async findDistributed(filter: Filter<T> = {}, options: Omit<FindOptions<T>, "fields"> = {}): Promise<DistributedDocument<T>[]> {
    const layout = await this.layout();
    const rows = await this.select(await this.host.connections, layout, filter, options, ", _entry_type, _vector_clock, _timestamp, _peer_id, _stage");
    return rows.map((row) => toDistributed<T>(row));
  }

  /** Marks documents for publication by the next sync, and returns how many. Nothing else leaves this machine. */
  stage(filter: Filter<T>): Promise<number> {
    return this.change("UPDATE", " SET _stage = 'post-pending'", filter);
  }

  /** Takes documents off the stage. What was posted stays public. Returns how many were on the stage. */
  unstage(filter: Filter<T> = {}): Promise<number> {
    const staged = { $and: [filter, { _stage: "post-pending" }] } as unknown as Filter<T>;
    return this.change("UPDATE", " SET _stage = NULL", staged);
  }

  /** Takes back what was changed in posted documents and not posted since. Returns how many that were. */
  async revert(filter: Filter<T>): Promise<number> {
    const documents = await this.find(filter, { fields: [] });
    const connections = await this.host.connections;
    return connections.transaction(async (runner) => {
      let count = 0;
      for (const { id } of documents) {
        const [row] = await runner.rows<{ count: number | bigint }>("SELECT nebulus_revert($1, $2) AS count", [this.name, `id = ${nameLiteral(id)}`]);
        count += Number(row?.count ?? 0);
      }
      return count;
    });
  }

  /** Attaches this collection to a network, makes it if need be, and syncs once. Nothing leaves until it is staged. */
  async attachToNetwork(networkId: string, options: { privateByDefault?: boolean } = {}): Promise<void> {
    await this.layout();
    await this.host.networks.addCollectionToNetwork(networkId, this.name, options);
    await this.host.networks.sync(networkId);
  }

  /** Detaches this collection from its network. Does nothing where it is in none. */
  async detachFromNetwork(): Promise<void> {
    const state = await this.getSyncState();
    if (state !== null) await this.host.networks.removeCollectionFromNetwork(state.networkId, this.name);
  }

  /** How far this collection is in its network; null where it is in none. */
  async getSyncState(): Promise<SyncState | null> {
    return readSyncState(await this.host.connections, this.name);
  }

  /** Posts what is staged and fetches what is missing, now. Does nothing where the collection is in no network. */
  async forceSync(): Promise<void> {
    const state = await this.getSyncState();
    if (state !== null) await this.host.networks.sync(state.networkId);
  }

  /** Makes an index on a declared field, or on a fact that holds texts. */
  async createIndex(field: keyof WithId<T> & string, options: { unique?: boolean } = {}): Promise<void> {
    const place = target(await this.layout(), field);
    const key = place.kind === "column" ? place.sql : place.path.length === 0 ? place.base : `(${place.base}->>${nameLiteral(place.path.join("."))})`;
    const connections = await this.host.connections;
    await connections.run(`CREATE ${options.unique === true ? "UNIQUE " : ""}INDEX ON ${this.table} (${key})`);
  }

  /** Makes an index for nearest(). Give the metric that you search with. */
  async createVectorIndex(options: { column?: keyof WithId<T> & string; metric?: Metric; m?: number; efConstruction?: number } = {}): Promise<void> {
    const column = vectorColumn(await this.layout(), options.column).name;
    const settings = [
      ...(options.m === undefined ? [] : [`m = ${wholeNumber(options.m, "m")}`]),
      ...(options.efConstruction === undefined ? [] : [`ef_construction = ${wholeNumber(options.efConstruction, "efConstruction")}`]),
    ];
    const connections = await this.host.connections;
    const [, operators] = metricOf(options.metric);
    await connections.run(
      `CREATE INDEX ON ${this.table} USING hnsw (${identifier(column)} ${operators})${settings.length === 0 ? "" : ` WITH (${settings.join(", ")})`}`,
    );
  }

  /** Keeps raw bytes with an entry of `memory`. They stay on this machine; who reads the posted entry elsewhere fetches them from here. */
  async setBlob(id: string, bytes: Uint8Array): Promise<void> {
    this.needsMemory();
    if ((await this.findOne({ id } as Filter<T>, { fields: [] })) === null) throw new NotFoundError("P0002", `there is no entry "${id}"`);
    const connections = await this.host.connections;
    await connections.run("SET MEMORY id = $1 blob = $2", [id, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]);
  }

  /** The bytes of an entry of `memory`, fetched from a peer where they are not here; null where it has none. */
  async getBlob(id: string): Promise<Uint8Array | null> {
    this.needsMemory();
    const connections = await this.host.connections;
    const [row] = await connections.rows<{ blob: Uint8Array | null }>("SELECT blob(id) AS blob FROM memory WHERE id = $1", [id]);
    return row?.blob ?? null;
  }

  /** Drops the collection with all documents. One that is attached to a network has to be detached first. */
  async drop(): Promise<void> {
    const connections = await this.host.connections;
    this.known = undefined;
    await connections.run(`DROP TABLE IF EXISTS ${this.table}`);
  }

  private needsMemory(): void {
    if (this.name !== "memory") {
      throw new NotSupportedError("0A000", `entries of "${this.name}" have no blobs`, { hint: 'Blobs belong to the collection "memory"; declare a field of type bytes.' });
    }
  }

  private get table(): string {
    return identifier(this.name);
  }

  private async change(verb: string, set: string, filter: Filter<T>): Promise<number> {
    const parameters = new Parameters();
    const where = whereClause(await this.layout(), filter, parameters);
    const connections = await this.host.connections;
    return (await connections.run(`${verb} ${this.table}${set}${where}`, parameters.values)).count;
  }

  private columns(layout: Layout, fields: readonly string[] | undefined): string {
    if (fields === undefined) return layout.facts === "hidden" ? "*, metadata" : "*";
    const wanted = [...new Set(fields)].filter((field) => field !== "id");
    return ["id", ...wanted.map((field) => `${sortKey(layout, field)} AS ${identifier(field)}`)].join(", ");
  }

  private async select(runner: Runner, layout: Layout, filter: Filter<T>, options: FindOptions<T>, system = ""): Promise<AnyFields[]> {
    const parameters = new Parameters();
    const where = whereClause(layout, filter, parameters);
    const order = Object.entries(options.sort ?? {}).map(([path, direction]: [string, unknown]) => {
      if (direction !== 1 && direction !== -1) throw invalid(`the sort of "${path}" is neither 1 nor -1`);
      return `${sortKey(layout, path)}${direction === 1 ? "" : " DESC"}`;
    });
    const text =
      `SELECT ${this.columns(layout, options.fields)}${system} FROM ${this.table}${where}` +
      (order.length === 0 ? "" : ` ORDER BY ${order.join(", ")}`) +
      (options.limit === undefined ? "" : ` LIMIT ${wholeNumber(options.limit, "limit")}`) +
      (options.skip === undefined ? "" : ` OFFSET ${wholeNumber(options.skip, "skip")}`);
    return runner.rows<AnyFields>(text, parameters.values);
  }

  private layout(): Promise<Layout> {
    this.known ??= this.open().catch((error: unknown) => {
      this.known = undefined;
      throw error;
    });
    return this.known;
  }

  private async open(): Promise<Layout> {
    const connections = await this.host.connections;
    const create = createStatement(this.name, this.schema);
    const layout = await connections.transaction(async (runner) => {
      const found = await readLayout(runner, this.name);
      if (found !== undefined) return found;
      // Two clients that make the same table at the same time: one of them loses at COMMIT and finds it then.
      await runner.run(create);
      return readLayout(runner, this.name);
    });
    if (layout === undefined) throw new NotFoundError("42P01", `"${this.name}" is no table`);
    if (this.schema !== undefined) checkSchema(this.name, this.schema, new Map([...layout.columns].map(([name, { type }]) => [name, type])));
    return layout;
  }
}

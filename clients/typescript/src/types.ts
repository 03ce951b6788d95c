/** Documents, filters and updates, typed by the fields of a collection. */

/** A value that JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** The fields of a collection of which nothing is known. */
export type AnyFields = Record<string, unknown>;

/** A value as an undeclared field keeps it, which is JSON: dates become texts. */
export type StoredValue<V> = V extends Date
  ? string
  : V extends readonly (infer E)[]
    ? V extends unknown[]
      ? StoredValue<E>[]
      : readonly StoredValue<E>[]
    : V extends Uint8Array | Float32Array | Float64Array | ((...values: never[]) => unknown)
      ? V
      : V extends object
        ? Stored<V>
        : V;

/** Fields as an undeclared collection keeps them. */
export type Stored<T> = { [K in keyof T]: StoredValue<T[K]> };

/** A stored document: the fields and the id. */
export type WithId<T> = Omit<T, "id"> & { id: string };

/** A document to insert: the id may be left out. */
export type NewDocument<T> = Omit<T, "id"> & { id?: string };

/** The type of one element of an array, or nothing. */
type ElementOf<V> = NonNullable<V> extends readonly (infer E)[] ? E : never;

/** Tests of one field. */
export interface Operators<V> {
  $eq?: V | null;
  /** Not equal. A missing field is not equal to anything but null. */
  $ne?: V | null;
  $gt?: V;
  $gte?: V;
  $lt?: V;
  $lte?: V;
  $in?: readonly (V | null)[];
  $nin?: readonly (V | null)[];
  /** Whether the field has a value. Null is the same as a missing field, as in KNIRVQL. */
  $exists?: boolean;
  /** A regular expression that occurs in the text; of a RegExp's flags, `i` counts. */
  $regex?: string | RegExp;
  /** Whether an array has this element, or an object these members. */
  $contains?: ElementOf<V> | Partial<V>;
  $not?: Operators<V>;
}

/** A value to be equal to, or tests. */
export type Condition<V> = V | null | Operators<V>;

/** Combinations of conditions. */
export interface Logic<T> {
  $and?: readonly Filter<T>[];
  $or?: readonly Filter<T>[];
  $nor?: readonly Filter<T>[];
  $not?: Filter<T>;
}

/** Conditions on fields, all of which have to hold. A path with dots names a part of a field: `"address.city"`, `"tags.0"`. */
export type Filter<T> = { [K in keyof WithId<T>]?: Condition<WithId<T>[K]> } & Record<`${string}.${string}`, Condition<unknown>> &
  Logic<T>;

/** The order of a result: 1 ascends, -1 descends. Missing values come last when ascending, first when descending. */
export type Sort<T> = { [K in keyof WithId<T>]?: 1 | -1 } & Record<`${string}.${string}`, 1 | -1>;

/** What find() takes besides the filter. */
export interface FindOptions<T> {
  sort?: Sort<T>;
  limit?: number;
  skip?: number;
  /** The fields to read, besides the id, instead of all. */
  fields?: readonly (keyof WithId<T> & string)[];
}

/** The distance between vectors: pgvector's `<=>`, `<->`, `<#>` and `<+>`. */
export type Metric = "cosine" | "l2" | "ip" | "l1";

/** What nearest() takes besides the vector. */
export interface NearestOptions<T> {
  /** How many documents; 10 unless given. */
  limit?: number;
  skip?: number;
  where?: Filter<T>;
  metric?: Metric;
  /** The vector column, where the collection has more than one. */
  column?: keyof WithId<T> & string;
  fields?: readonly (keyof WithId<T> & string)[];
  /** The greatest distance. */
  within?: number;
}

/** A document with its distance. */
export type Nearest<T> = WithId<T> & { distance: number };

/** Numbers, for arithmetic on fields. */
type NumericKeys<T> = { [K in keyof T]?: NonNullable<T[K]> extends number | bigint ? number : unknown extends T[K] ? number : never };
type ElementKeys<T, Extra> = {
  [K in keyof T]?: NonNullable<T[K]> extends readonly (infer E)[] ? E | Extra : unknown extends T[K] ? unknown : never;
};
type Paths<V> = Record<`${string}.${string}`, V>;

/** Several elements for $push and $addToSet. */
export interface Each {
  $each: readonly unknown[];
}

/** Changes of documents. Each field is changed by one operator; a path with dots changes a part. */
export interface Update<T> {
  /** Gives fields a value. */
  $set?: { [K in keyof Omit<T, "id">]?: T[K] | null } & Paths<unknown>;
  /** Removes fields, whatever value stands here. */
  $unset?: { [K in keyof Omit<T, "id">]?: unknown } & Paths<unknown>;
  /** Adds to a number; a missing field counts as 0. */
  $inc?: NumericKeys<Omit<T, "id">> & Paths<number>;
  /** Multiplies a number; a missing field counts as 0. */
  $mul?: NumericKeys<Omit<T, "id">> & Paths<number>;
  /** Takes the lesser of the field and the value. */
  $min?: { [K in keyof Omit<T, "id">]?: T[K] } & Paths<unknown>;
  /** Takes the greater of the field and the value. */
  $max?: { [K in keyof Omit<T, "id">]?: T[K] } & Paths<unknown>;
  /** Appends an element, or those of `{ $each: […] }`, to an array; a missing one is made. */
  $push?: ElementKeys<Omit<T, "id">, Each> & Paths<unknown>;
  /** Appends what the array does not have yet. */
  $addToSet?: ElementKeys<Omit<T, "id">, Each> & Paths<unknown>;
  /** Removes equal elements, or those `{ $in: […] }`. */
  $pull?: ElementKeys<Omit<T, "id">, { $in: readonly unknown[] }> & Paths<unknown>;
  /** Removes the last element (1) or the first (-1). */
  $pop?: { [K in keyof Omit<T, "id">]?: 1 | -1 } & Paths<1 | -1>;
  /** Gives a field another name. */
  $rename?: { [K in keyof Omit<T, "id">]?: string } & Paths<string>;
}

/** The types of entries. Documents are MEMORY entries; AUTH entries are secrets and are reached through `db.auth`. */
export enum EntryType {
  MEMORY = "MEMORY",
  AUTH = "AUTH",
}

/** A document with what the server knows of it for the network. */
export type DistributedDocument<T> = WithId<T> & {
  _entryType: EntryType;
  _vector: Record<string, number>;
  /** Milliseconds since 1970, of the last change. */
  _timestamp: number;
  _peerId: string;
  /** `post-pending` while it waits on the stage. */
  _stage?: string;
};

/** How far a collection is in its network. */
export interface SyncState {
  collection: string;
  networkId: string;
  /** The number of deltas seen of each origin. */
  localVector: Record<string, number>;
  /** Milliseconds since 1970; 0 before the first one. */
  lastSync: number;
  /** The ids of documents that wait on the stage. */
  stagedEntries: string[];
  syncInProgress: boolean;
}

/** What a network moved. */
export interface NetworkStats {
  networkId: string;
  connectedPeers: number;
  /** This node counts. */
  totalPeers: number;
  collectionsShared: number;
  operationsSent: number;
  operationsReceived: number;
  bytesTransferred: number;
  /** Milliseconds; 0 where none was measured. */
  averageLatency: number;
}

/** Another node in a network. */
export interface PeerInfo {
  networkId: string;
  peerId: string;
  addresses: string[];
  connected: boolean;
  /** Milliseconds. */
  latency?: number;
  /** Milliseconds since 1970; 0 if never. */
  lastSeen: number;
  collections: string[];
  /** Deltas that this node lacks of what the peer has. */
  behind: number;
  /** Deltas that the peer lacks of what this node has. */
  ahead: number;
}

/** A network as this node takes part in it. */
export interface NetworkConfig {
  networkId: string;
  /** As given to createNetwork() in this process, otherwise the id: the server knows one name. */
  name: string;
  collections: string[];
  bootstrapPeers: string[];
  privateByDefault: boolean;
  autoPostClassifications: string[];
  replication: { factor: number; strategy: string };
  discovery: { mdns: boolean };
  stagedEntries: number;
  lastSync: number;
  lastError?: string;
}

/** What a network can be made with. Absent ones have the server's default. */
export interface NetworkOptions {
  /** Whoever knows it can join: 8 to 1024 bytes. Without one the server makes a random one. */
  secret?: string;
  /** False stages every change of the attached collections; true (the default) what stage() names. */
  privateByDefault?: boolean;
  /** Values of the fact `classification` whose documents are staged when they are written, for example `["Error", "Idea"]`. */
  autoPostClassifications?: readonly string[];
  syncIntervalMs?: number;
  replication?: { strategy?: "full" | "partial"; factor?: number };
  /** `bootstrap` is the specification's: true where bootstrapPeers are given. */
  discovery?: { mdns?: boolean; bootstrap?: boolean };
  /** Always on; `sharedSecret` is another name of `secret`. */
  encryption?: { enabled?: boolean; sharedSecret?: string };
  /** Of a KNIRVGRAPH endpoint. */
  postingUrl?: string;
}

/** What createNetwork() takes. */
export interface CreateNetworkConfig extends NetworkOptions {
  networkId: string;
  /** For display; it stays in this process. */
  name?: string;
  /** Addresses of members of an existing network: then it is joined, and the secret is needed. */
  bootstrapPeers?: readonly string[];
}

/** What one SYNC did. */
export interface SyncResult {
  networks: number;
  posted: number;
  peers: number;
  received: number;
}

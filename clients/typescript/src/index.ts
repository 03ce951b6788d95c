/** The client of NebulusDB. Begin with createDistributedDb(). */
export { Collection } from "./collection.js";
export type { Result } from "./connection.js";
export {
  createDistributedDb,
  DistributedDatabase,
  type DatabaseEvents,
  type DistributedDbOptions,
  type DistributedOptions,
  type QueryValue,
} from "./database.js";
export {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  ConstraintError,
  InvalidInputError,
  NebulusError,
  NotFoundError,
  NotSupportedError,
  ServerStartError,
  StateError,
  type ErrorDetails,
} from "./errors.js";
export { NetworkManager, type NetworkEvents } from "./network-manager.js";
export { vector, type FieldSpec, type FieldType, type Infer, type Schema } from "./schema.js";
export { Secrets } from "./secrets.js";
export type { ChangeEvent, Subscription } from "./subscription.js";
export { EntryType } from "./types.js";
export type {
  AnyFields,
  Condition,
  CreateNetworkConfig,
  DistributedDocument,
  Each,
  Filter,
  FindOptions,
  JsonValue,
  Logic,
  Metric,
  Nearest,
  NearestOptions,
  NetworkConfig,
  NetworkOptions,
  NetworkStats,
  NewDocument,
  Operators,
  PeerInfo,
  Sort,
  Stored,
  StoredValue,
  SyncResult,
  SyncState,
  Update,
  WithId,
} from "./types.js";
export { VectorClockManager, type ClockOrder, type VectorClock } from "./vector-clock.js";

/** The sync state of a collection, from `nebulus.sync_state` and `nebulus.staged`. */
import type { Runner } from "./connection.js";
import type { SyncState } from "./types.js";

interface StateRow {
  network: string;
  origin: string | null;
  seq: number | bigint | null;
  last_sync: Date | null;
  sync_in_progress: boolean;
}

/** Milliseconds since 1970; 0 for a time that has not come yet. */
export function millis(time: Date | null): number {
  return time === null ? 0 : time.getTime();
}

/** How far a collection is in its network; null where it is in none. */
export async function readSyncState(runner: Runner, collection: string): Promise<SyncState | null> {
  const rows = await runner.rows<StateRow>("SELECT network, origin, seq, last_sync, sync_in_progress FROM nebulus.sync_state WHERE collection = $1", [collection]);
  const [first] = rows;
  if (first === undefined) return null;
  const staged = await runner.rows<{ id: string }>("SELECT id FROM nebulus.staged WHERE collection = $1 ORDER BY id", [collection]);
  const clock = rows.flatMap(({ origin, seq }) => (origin === null || seq === null ? [] : [[origin, Number(seq)] as const]));
  return {
    collection,
    networkId: first.network,
    localVector: Object.fromEntries(clock),
    lastSync: Math.max(...rows.map((row) => millis(row.last_sync))),
    stagedEntries: staged.map((row) => row.id),
    syncInProgress: rows.some((row) => row.sync_in_progress),
  };
}

/** Databases for the tests: each on a server of its own, which NEBULUSDB_BIN names. */
import { afterAll, afterEach } from "vitest";
import { createDistributedDb, type DistributedDatabase, type DistributedDbOptions } from "@nebulusdb/client";

/** Addresses for peers on free ports of this machine, so that servers do not meet. */
export const LISTEN = ["/ip4/127.0.0.1/tcp/0"];

const OPTIONS = { temporary: true, startTimeoutMs: 60_000 } satisfies DistributedDbOptions;

/** A database with networks. */
export function networked(more: Partial<DistributedDbOptions> = {}): DistributedDatabase {
  return createDistributedDb({ ...OPTIONS, distributed: { enabled: true, listen: LISTEN }, ...more });
}

/** A database without networks. */
export function local(more: Partial<DistributedDbOptions> = {}): DistributedDatabase {
  return createDistributedDb({ ...OPTIONS, ...more });
}

/** Shuts databases down after each test, or after all of a file. */
export function closing(when: "each" | "all" = "each"): <D extends DistributedDatabase>(db: D) => D {
  const open: DistributedDatabase[] = [];
  (when === "each" ? afterEach : afterAll)(async () => {
    await Promise.all(open.splice(0).map((db) => db.shutdown()));
  });
  return (db) => {
    open.push(db);
    return db;
  };
}

/** Waits until something is so, for at most half a minute. */
export async function until<V>(what: string, look: () => Promise<V | undefined | false | null>): Promise<V> {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) return found;
    if (Date.now() > end) throw new Error(`it did not come about within 30 seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

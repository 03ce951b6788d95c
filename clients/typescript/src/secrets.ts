/** Secrets: AUTH entries, encrypted on disk, never logged, never shared. */
import type { Connections } from "./connection.js";

/** The vault of a database. */
export class Secrets {
  /** Use `db.auth`. */
  constructor(private readonly connections: () => Promise<Connections>) {}

  /** Keeps a secret under a key, in place of the one that was there. */
  async set(key: string, value: string): Promise<void> {
    await (await this.connections()).run("SET AUTH key = $1 value = $2", [key, value]);
  }

  /** The secret of a key, or null. */
  async get(key: string): Promise<string | null> {
    const [row] = await (await this.connections()).rows<{ value: string }>("GET AUTH WHERE key = $1", [key]);
    return row?.value ?? null;
  }

  /** Forgets a secret, and tells whether there was one. */
  async delete(key: string): Promise<boolean> {
    return (await (await this.connections()).run("DELETE AUTH WHERE key = $1", [key])).count > 0;
  }
}

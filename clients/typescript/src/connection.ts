/** Connections to the server: a pool, transactions that are run again when another writer was first, and errors by class. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { ConflictError, ConnectionError, invalid, toNebulusError } from "./errors.js";
import { parsers, type Parameter } from "./values.js";

/** The rows and the number of rows that a statement touched. */
export interface Result<R> {
  rows: R[];
  count: number;
}

/** What runs statements: a pool, or the connection of a transaction. */
export interface Runner {
  run<R extends object>(text: string, values?: readonly Parameter[]): Promise<Result<R>>;
  rows<R extends object>(text: string, values?: readonly Parameter[]): Promise<R[]>;
}

/** Where the server is and how many connections may be open. */
export interface ConnectionOptions {
  connectionString: string;
  password?: string | undefined;
  /** 10 unless given. */
  maxConnections?: number | undefined;
  /** Milliseconds; 10,000 unless given. */
  connectTimeoutMs?: number | undefined;
  /** Milliseconds that the server gives a statement; no limit unless given. */
  statementTimeoutMs?: number | undefined;
}

/** A transaction that loses against another one is run again so many times. */
const ATTEMPTS_MAX = 30;
const PAUSE_MS_MAX = 100;

async function runOn<R extends object>(client: pg.Pool | pg.ClientBase, text: string, values: readonly Parameter[]): Promise<Result<R>> {
  try {
    // Without values the driver would take the simple protocol, which answers in other types of results for KNIRVQL.
    const result = await client.query<R>({ text, values: [...values] });
    return { rows: result.rows, count: result.rowCount ?? 0 };
  } catch (error) {
    throw toNebulusError(error);
  }
}

function runnerOn(client: pg.Pool | pg.ClientBase): Runner {
  return {
    run: (text, values = []) => runOn(client, text, values),
    rows: async <R extends object>(text: string, values: readonly Parameter[] = []) => (await runOn<R>(client, text, values)).rows,
  };
}

/** The driver lets what the address says, or does not say, win over its other options. */
function withPassword(connectionString: string, password: string | undefined): string {
  if (password === undefined) return connectionString;
  if (!URL.canParse(connectionString)) {
    throw invalid("the option password needs a connectionString that is a URL", "postgresql://nebulus@127.0.0.1:5433/nebulus is one.");
  }
  const url = new URL(connectionString);
  url.password = encodeURIComponent(password);
  return url.toString();
}

/**
 * The driver's configuration of one connection.
 *
 * @internal
 */
export function clientConfig(options: ConnectionOptions, vectorOid: () => number | undefined): pg.ClientConfig {
  return {
    connectionString: withPassword(options.connectionString, options.password),
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
    application_name: "@nebulusdb/client",
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    types: parsers(vectorOid),
  };
}

/** The pool of a database. */
export class Connections implements Runner {
  readonly options: ConnectionOptions;
  private readonly pool: pg.Pool;
  private readonly runner: Runner;
  private vectorOid: number | undefined;
  private closed = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.pool = new pg.Pool({ ...clientConfig(options, () => this.vectorOid), max: options.maxConnections ?? 10, allowExitOnIdle: true });
    // An idle connection that breaks leaves the pool; the next statement opens another one and reports what is wrong then.
    this.pool.on("error", () => undefined);
    this.runner = runnerOn(this.pool);
  }

  /** Opens a first connection, and learns what this server's number for the type vector is. */
  async open(): Promise<void> {
    const [row] = await this.runner.rows<{ oid: string | number }>("SELECT oid FROM pg_type WHERE typname = 'vector'");
    this.vectorOid = row === undefined ? undefined : Number(row.oid);
  }

  run<R extends object>(text: string, values: readonly Parameter[] = []): Promise<Result<R>> {
    return this.closed ? Promise.reject(closedError()) : this.runner.run(text, values);
  }

  rows<R extends object>(text: string, values: readonly Parameter[] = []): Promise<R[]> {
    return this.closed ? Promise.reject(closedError()) : this.runner.rows(text, values);
  }

  /**
   * Runs the work in a transaction that sees one snapshot, and commits it. Where another writer was first it is run again from the
   * start, so that it has no effects but on the database.
   *
   * @throws ConflictError 40001 when that happened too often.
   */
  async transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= ATTEMPTS_MAX) throw error;
        await sleep(Math.random() * Math.min(PAUSE_MS_MAX, 2 ** attempt));
      }
    }
  }

  private async attempt<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    if (this.closed) throw closedError();
    const client = await this.pool.connect().catch((error: unknown) => {
      throw toNebulusError(error);
    });
    // Without a listener, a connection that breaks while it is in use would end the process.
    const ignore = (): void => undefined;
    client.on("error", ignore);
    const runner = runnerOn(client);
    let broken = false;
    try {
      await runner.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
      const result = await work(runner);
      await runner.run("COMMIT");
      return result;
    } catch (error) {
      broken = error instanceof ConnectionError;
      if (!broken) {
        await runner.run("ROLLBACK").catch(() => {
          broken = true;
        });
      }
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  }

  /** Closes all connections once their statements have ended. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.pool.end();
  }
}

function closedError(): ConnectionError {
  return new ConnectionError("08003", "the database was shut down");
}

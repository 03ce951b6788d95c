/**
 * Notifications of the server: one connection that LISTENs, and connects again when it was lost. What happened in between is
 * not known then, and subscribers are told so.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { clientConfig, type ConnectionOptions } from "./connection.js";
import { ConnectionError, NotSupportedError, toNebulusError, type NebulusError } from "./errors.js";
import { identifier } from "./names.js";

/** Takes the payload of a notification; undefined where notifications may have been lost. */
export type Handler = (payload: string | undefined) => void;

const RECONNECT_ATTEMPTS_MAX = 20;
const RECONNECT_PAUSE_MS_MAX = 5_000;

/** The listening connection of a database. */
export class Feed {
  private readonly channels = new Map<string, Set<Handler>>();
  private client: pg.Client | undefined;
  private connecting: Promise<pg.Client> | undefined;
  private reconnecting = false;
  private closed = false;

  /** `onProblem` is told what ends the listening, and what a subscriber cannot be told. */
  constructor(
    private readonly options: ConnectionOptions,
    private readonly onProblem: (error: NebulusError) => void,
  ) {}

  /**
   * Listens on a channel until the returned function is called.
   *
   * @throws NotSupportedError 0A000 where the server has no LISTEN.
   */
  async listen(channel: string, handler: Handler): Promise<() => Promise<void>> {
    const client = await this.connected();
    const handlers = this.channels.get(channel) ?? new Set();
    this.channels.set(channel, handlers);
    handlers.add(handler);
    try {
      // LISTEN twice is LISTEN once; the second subscriber waits for its own answer.
      await client.query(`LISTEN ${identifier(channel)}`);
    } catch (error) {
      handlers.delete(handler);
      if (handlers.size === 0) this.channels.delete(channel);
      const reason = toNebulusError(error);
      if (!(reason instanceof NotSupportedError)) throw reason;
      throw new NotSupportedError("0A000", "this server has no change feed: it does not offer LISTEN", {
        hint: "Use a newer server. Until then read with find() when you need to know.",
        cause: error,
      });
    }
    return () => this.unlisten(channel, handler);
  }

  private async unlisten(channel: string, handler: Handler): Promise<void> {
    const handlers = this.channels.get(channel);
    if (handlers?.delete(handler) !== true || handlers.size > 0) return;
    this.channels.delete(channel);
    if (this.closed || this.client === undefined) return;
    await this.client.query(`UNLISTEN ${identifier(channel)}`).catch((error: unknown) => {
      const reason = toNebulusError(error);
      // A connection that is gone listens to nothing.
      if (!(reason instanceof ConnectionError)) throw reason;
    });
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.channels.clear();
    const client = this.client ?? (await this.connecting?.catch(() => undefined));
    await client?.end().catch(() => undefined);
  }

  private connected(): Promise<pg.Client> {
    if (this.closed) return Promise.reject(new ConnectionError("08003", "the database was shut down"));
    if (this.client !== undefined) return Promise.resolve(this.client);
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client(clientConfig(this.options, () => undefined));
    client.on("notification", ({ channel, payload }) => {
      for (const handler of [...(this.channels.get(channel) ?? [])]) handler(payload ?? "");
    });
    client.on("error", () => undefined);
    client.on("end", () => {
      if (this.client === client) void this.reconnect();
    });
    try {
      await client.connect();
    } catch (error) {
      throw toNebulusError(error);
    }
    this.client = client;
    return client;
  }

  private async reconnect(): Promise<void> {
    this.client = undefined;
    if (this.reconnecting) return;
    this.reconnecting = true;
    let reason = "the server cannot be reached any more";
    for (let attempt = 1; attempt <= RECONNECT_ATTEMPTS_MAX && !this.isIdle(); attempt += 1) {
      await sleep(Math.min(RECONNECT_PAUSE_MS_MAX, 50 * 2 ** attempt), undefined, { ref: false });
      try {
        await this.resume();
        this.reconnecting = false;
        return;
      } catch (error) {
        const problem = toNebulusError(error);
        reason = problem.message;
        if (!(problem instanceof ConnectionError)) break;
      }
    }
    this.reconnecting = false;
    if (this.isIdle()) return;
    this.channels.clear();
    this.onProblem(new ConnectionError("08006", `the subscriptions have ended: ${reason}`, { hint: "Subscribe again when the server is back." }));
  }

  private isIdle(): boolean {
    return this.closed || this.channels.size === 0;
  }

  /** Listens again on all channels, and tells everybody that something may have been missed. */
  private async resume(): Promise<void> {
    const client = await this.connected();
    for (const channel of this.channels.keys()) await client.query(`LISTEN ${identifier(channel)}`);
    for (const handlers of this.channels.values()) for (const handler of handlers) handler(undefined);
  }
}

/** Subscriptions: notifications of a collection, filtered and with their documents, in order. */
import { NebulusError, toNebulusError } from "./errors.js";
import type { WithId } from "./types.js";

/** What happened to a document, or that something happened which cannot be told one by one. */
export type ChangeEvent<T> =
  | {
      type: "insert" | "update" | "delete";
      id: string;
      /** The document as it is when the event is delivered; null after a deletion. */
      document: WithId<T> | null;
      /** The peer that made the change; `local` for this node, undefined where it is not known any more. */
      origin: string | undefined;
      /** The network that the change came with; undefined for one that was made here. */
      network: string | undefined;
    }
  /** Many changes at once: read again what you need. */
  | { type: "changed"; count: number }
  /** Notifications were lost (a slow subscriber, a lost connection): read again what you need. */
  | { type: "lost" };

/** A running subscription. */
export interface Subscription {
  unsubscribe(): Promise<void>;
}

/** Events that wait for their documents; beyond it they are given up and `lost` is told. */
const WAITING_MAX = 10_000;
/** Documents that are read at once. */
const BATCH = 200;

interface Pending {
  type: "insert" | "update" | "delete";
  id: string;
  origin: string | undefined;
  network: string | undefined;
}

type Item = Pending | { type: "changed"; count: number } | { type: "lost" };

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What a payload says. A payload of an unknown form says that something changed. */
export function parsePayload(payload: string | undefined): Item {
  if (payload === undefined) return { type: "lost" };
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return { type: "changed", count: 1 };
  }
  if (typeof value !== "object" || value === null) return { type: "changed", count: 1 };
  const fields = value as Record<string, unknown>;
  if (fields.lost === true) return { type: "lost" };
  const type = text(fields.operation)?.toLowerCase();
  const id = text(fields.key);
  if (id !== undefined && (type === "insert" || type === "update" || type === "delete")) {
    return { type, id, origin: text(fields.origin), network: text(fields.network) };
  }
  return { type: "changed", count: typeof fields.changed === "number" ? fields.changed : 1 };
}

/** Delivers the events of one subscriber, one after the other. */
export class Deliverer<T> {
  private waiting: Item[] = [];
  private working = false;
  private ended = false;

  constructor(
    /** The documents of these ids that the filter accepts. */
    private readonly read: (ids: string[]) => Promise<WithId<T>[]>,
    private readonly callback: (event: ChangeEvent<T>) => unknown,
    private readonly onProblem: (error: NebulusError) => void,
  ) {}

  push(payload: string | undefined): void {
    if (this.ended) return;
    this.waiting.push(parsePayload(payload));
    if (this.waiting.length > WAITING_MAX) this.waiting = [{ type: "lost" }];
    if (!this.working) void this.work();
  }

  end(): void {
    this.ended = true;
    this.waiting = [];
  }

  private async work(): Promise<void> {
    this.working = true;
    while (this.waiting.length > 0) {
      const items = this.waiting.splice(0, BATCH);
      try {
        for (const event of await this.withDocuments(items)) await this.deliver(event);
      } catch (error) {
        this.onProblem(toNebulusError(error));
      }
    }
    this.working = false;
  }

  private async deliver(event: ChangeEvent<T>): Promise<void> {
    if (this.ended) return;
    try {
      await this.callback(event);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.onProblem(new NebulusError("38000", `the callback of a subscription failed: ${reason}`, { cause: error }));
    }
  }

  private async withDocuments(items: readonly Item[]): Promise<ChangeEvent<T>[]> {
    const ids = new Set(items.flatMap((item) => (item.type === "insert" || item.type === "update" ? [item.id] : [])));
    const documents = new Map((ids.size === 0 ? [] : await this.read([...ids])).map((document) => [document.id, document]));
    return items.flatMap((item): ChangeEvent<T>[] => {
      if (item.type === "changed" || item.type === "lost") return [item];
      if (item.type === "delete") return [{ ...item, document: null }];
      const document = documents.get(item.id);
      return document === undefined ? [] : [{ ...item, document }];
    });
  }
}

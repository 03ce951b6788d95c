/** How the documents of a collection lie in its table: which fields are columns, and where the others are. */
import type { Runner } from "./connection.js";
import { NotFoundError, NotSupportedError } from "./errors.js";
import { kindOf } from "./values.js";

/** A column of a table. */
export interface Column {
  readonly name: string;
  /** As format_type() writes it. */
  readonly type: string;
}

/** The shape of a collection. */
export interface Layout {
  readonly collection: string;
  /** Without the id and without `metadata`. */
  readonly columns: ReadonlyMap<string, Column>;
  /**
   * Where undeclared fields are: `column`, an ordinary column `metadata` that SQL writes (the collection memory, or a table
   * that declares one), or `hidden`, the facts of a table, which SQL reads as `metadata` and KNIRVQL's SET writes.
   */
  readonly facts: "column" | "hidden";
}

const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, coalesce(i.indisprimary, false) AS key
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey)
   WHERE n.nspname = 'public' AND c.relname = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attnum`;

/** The columns of a table by name, in order; undefined where there is no such table. */
export async function readLayout(runner: Runner, collection: string): Promise<Layout | undefined> {
  const rows = await runner.rows<{ name: string; type: string; key: boolean }>(COLUMNS, [collection]);
  if (rows.length === 0) return undefined;
  const keys = rows.filter((row) => row.key);
  const [key] = keys;
  if (keys.length !== 1 || key?.name !== "id" || kindOf(key.type) !== "text") {
    throw new NotSupportedError("0A000", `table "${collection}" is no collection of documents: its primary key is not one text column "id"`, {
      hint: "Read and write it with db.query().",
    });
  }
  const others = rows.filter((row) => row.name !== "id");
  const columns = new Map(others.filter((row) => row.name !== "metadata").map((row) => [row.name, { name: row.name, type: row.type }]));
  return { collection, columns, facts: others.some((row) => row.name === "metadata") ? "column" : "hidden" };
}

/** The vector column that a search means. */
export function vectorColumn(layout: Layout, named: string | undefined): Column {
  const vectors = [...layout.columns.values()].filter((column) => kindOf(column.type) === "vector");
  const hint = `Vector columns: ${vectors.map((column) => column.name).join(", ") || "none"}.`;
  if (named !== undefined) {
    const column = vectors.find(({ name }) => name === named);
    if (column === undefined) throw new NotFoundError("42703", `collection "${layout.collection}" has no vector column "${named}"`, { hint });
    return column;
  }
  const [first, second] = vectors;
  if (first === undefined) throw new NotFoundError("42703", `collection "${layout.collection}" has no vector column`, { hint });
  if (second !== undefined) {
    throw new NotFoundError("42702", `collection "${layout.collection}" has several vector columns`, { hint: `${hint} Name one: { column: "…" }.` });
  }
  return first;
}

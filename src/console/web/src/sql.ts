// Names and texts as SQL and KNIRVQL write them, and what collections there are.

import { read } from "./api";

/** A name in SQL. */
export const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
/** A text in SQL and in KNIRVQL. */
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

export interface ColumnInfo {
  name: string;
  type: string;
}

export interface Collection {
  name: string;
  kind: "MEMORY" | "AUTH" | "TABLE";
  columns: ColumnInfo[];
  indexes: { name: string; definition: string }[];
  /** The one column of the primary key, where it has exactly one. */
  key: string | null;
  /** The first vector column. */
  vector: string | null;
  dimension: number | null;
  /** The operator of the distance that the vector index is for, or that of cosine distance. */
  operator: string;
  metric: string;
  /** The networks that it is attached to. */
  networks: string[];
}

const OPERATORS: Record<string, [string, string]> = {
  vector_l2_ops: ["<->", "Euclidean"],
  vector_ip_ops: ["<#>", "inner product"],
  vector_l1_ops: ["<+>", "Manhattan"],
  vector_cosine_ops: ["<=>", "cosine"],
};

/** All collections with their columns and indexes. */
export async function loadCollections(signal?: AbortSignal): Promise<Collection[]> {
  const [shown, columns, indexes, networks] = await Promise.all([
    read("SHOW COLLECTIONS", signal),
    read(
      "SELECT c.relname AS collection, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a " +
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace " +
        "WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 ORDER BY c.relname, a.attnum",
      signal,
    ),
    read("SELECT tablename AS collection, indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'public'", signal),
    read("SELECT name, array_to_json(collections) AS collections FROM nebulus.networks", signal).catch(() =>
      read("SELECT name, collections FROM nebulus.networks", signal),
    ),
  ]);
  return shown.map((row) => {
    const name = row.collection!;
    const own = columns.filter((column) => column.collection === name).map((column) => ({ name: column.name!, type: column.type! }));
    const ownIndexes = indexes.filter((index) => index.collection === name).map((index) => ({ name: index.name!, definition: index.definition! }));
    const primary = ownIndexes.find((index) => index.name === `${name}_pkey`)?.definition.match(/\(([^()]*)\)$/)?.[1]?.split(", ");
    const vector = own.find((column) => column.type.startsWith("vector")) ?? null;
    const graph = ownIndexes.find((index) => index.definition.includes("USING hnsw"));
    const [operator, metric] = OPERATORS[graph?.definition.match(/vector_\w+_ops/)?.[0] ?? ""] ?? OPERATORS["vector_cosine_ops"]!;
    const dimension = Number(vector?.type.match(/\d+/)?.[0] ?? Number.NaN);
    return {
      name,
      kind: row.type === "AUTH" ? "AUTH" : own.some((column) => column.name === "metadata") && own.some((column) => column.name === "blob_hash") ? "MEMORY" : "TABLE",
      columns: own,
      indexes: ownIndexes,
      key: primary?.length === 1 ? unquoted(primary[0]!) : null,
      vector: vector?.name ?? null,
      dimension: Number.isNaN(dimension) ? null : dimension,
      operator,
      metric,
      networks: networks.filter((network) => arrayOf(network.collections ?? null).includes(name)).map((network) => network.name!),
    };
  });
}

const unquoted = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

/** The elements of an array of texts, as PostgreSQL or JSON writes it. */
export function arrayOf(text: string | null): string[] {
  if (!text) return [];
  if (text.startsWith("[")) return JSON.parse(text);
  const elements: string[] = [];
  for (const found of text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)) {
    elements.push(found[1] === undefined ? found[2]! : found[1].replace(/\\(.)/g, "$1"));
  }
  return elements;
}

/** The components of a vector. */
export const vectorOf = (text: string | null): number[] => (text ? text.slice(1, -1).split(",").map(Number) : []);

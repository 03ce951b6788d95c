/** Documents as rows: what goes into columns, what into facts, and back. */
import type { Runner } from "./connection.js";
import { invalid } from "./errors.js";
import { Parameters } from "./filter.js";
import type { Layout } from "./layout.js";
import { identifier, nameLiteral } from "./names.js";
import { EntryType, type AnyFields, type DistributedDocument, type WithId } from "./types.js";
import { checkFieldName } from "./schema.js";
import { factsAssignment } from "./update.js";
import { uuidv7 } from "./uuid.js";
import { encode, toJson, type Parameter } from "./values.js";

/** So many values travel with one INSERT. */
const VALUES_MAX = 20_000;
const ROWS_MAX = 1_000;

/** A document, taken apart. */
interface Parts {
  readonly id: string;
  readonly columns: ReadonlyMap<string, Parameter>;
  /** Without nulls, which are the same as missing. */
  readonly facts: AnyFields;
}

/** The system columns, by the names that the specification gives them. */
const SYSTEM: ReadonlySet<string> = new Set(["_entry_type", "_vector_clock", "_timestamp", "_peer_id", "_stage"]);

/** A row as a document. Null is the same as missing. */
export function toDocument<T>(row: Readonly<AnyFields>): WithId<T> {
  const { id, metadata, ...columns } = row;
  const facts = typeof metadata === "object" && metadata !== null ? Object.entries(metadata) : [];
  const fields: (readonly [string, unknown])[] = [["id", id], ...facts.filter(([name]) => name !== "id"), ...Object.entries(columns)];
  return Object.fromEntries(fields.filter(([name, value]) => value !== null && !SYSTEM.has(name))) as WithId<T>;
}

/** A row with its system columns as a document. */
export function toDistributed<T>(row: Readonly<AnyFields>): DistributedDocument<T> {
  const stage = row._stage;
  return {
    ...toDocument<T>(row),
    _entryType: row._entry_type === "AUTH" ? EntryType.AUTH : EntryType.MEMORY,
    _vector: (row._vector_clock ?? {}) as Record<string, number>,
    _timestamp: row._timestamp instanceof Date ? row._timestamp.getTime() : 0,
    _peerId: String(row._peer_id),
    ...(typeof stage === "string" ? { _stage: stage } : {}),
  };
}

function partsOf(layout: Layout, document: unknown): Parts {
  if (typeof document !== "object" || document === null || Array.isArray(document)) throw invalid("a document is an object of fields");
  const columns = new Map<string, Parameter>();
  const facts: AnyFields = {};
  let id = uuidv7();
  for (const [name, value] of Object.entries(document) as [string, unknown][]) {
    if (name === "id") {
      if (value === undefined) continue;
      if (typeof value !== "string" || value === "") throw invalid(`the id of a document is a text, not ${JSON.stringify(value)}`);
      id = value;
    } else if (name === "_entryType") {
      if (value !== EntryType.MEMORY) throw invalid(`_entryType is ${JSON.stringify(value)}, and documents are MEMORY entries`, "db.auth writes secrets.");
    } else if (value === null || value === undefined) {
      // Nothing to store.
    } else {
      checkFieldName(name);
      const column = layout.columns.get(name);
      if (column === undefined) facts[name] = value;
      else columns.set(name, encode(value, column.type, `"${name}"`));
    }
  }
  return { id, columns, facts };
}

/** Groups of rows that one statement can carry. */
function* chunks(rows: readonly Parts[], width: number): Generator<readonly Parts[]> {
  const size = Math.max(1, Math.min(ROWS_MAX, Math.floor(VALUES_MAX / width)));
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}

/** Stores documents and returns them as they are stored, in their order. */
export async function insertDocuments(runner: Runner, layout: Layout, documents: readonly unknown[]): Promise<AnyFields[]> {
  const rows = documents.map((document) => partsOf(layout, document));
  const factsJson = new Map(rows.map((row) => [row, Object.keys(row.facts).length === 0 ? undefined : toJson(row.facts, "the document")]));
  const names = [...new Set(rows.flatMap((row) => [...row.columns.keys()]))];
  const inColumn = layout.facts === "column";
  const list = ["id", ...names, ...(inColumn ? ["metadata"] : [])];
  const stored = new Map<string, AnyFields>();
  for (const chunk of chunks(rows, list.length)) {
    const parameters = new Parameters();
    const values = chunk.map((row) => {
      const cells = names.map((name) => (row.columns.has(name) ? parameters.add(row.columns.get(name) ?? null) : "DEFAULT"));
      if (inColumn) cells.push(parameters.add(factsJson.get(row) ?? "{}"));
      return `(${[parameters.add(row.id), ...cells].join(", ")})`;
    });
    const text = `INSERT INTO ${identifier(layout.collection)} (${list.map(identifier).join(", ")}) VALUES ${values.join(", ")} RETURNING *`;
    for (const row of await runner.rows<AnyFields>(text, parameters.values)) stored.set(String(row.id), row);
  }
  for (const row of rows) {
    const json = factsJson.get(row);
    if (inColumn || json === undefined) continue;
    await setFacts(runner, layout, row.id, json);
    stored.set(row.id, { ...stored.get(row.id), metadata: JSON.parse(json) as unknown });
  }
  return rows.map((row) => toDocument<AnyFields>(stored.get(row.id) ?? {}));
}

/** Gives undeclared facts of an entry new values; the others stay. SQL reads them and does not write them. */
async function setFacts(runner: Runner, layout: Layout, id: string, json: string): Promise<void> {
  await runner.run(`SET MEMORY IN ${nameLiteral(layout.collection)} id = $1 metadata = $2`, [id, json]);
}

/** Writes the new values of fields; null for those that go. */
export async function writeFields(runner: Runner, layout: Layout, id: string, fields: ReadonlyMap<string, unknown>): Promise<void> {
  const parameters = new Parameters();
  const facts: AnyFields = {};
  const sets: string[] = [];
  for (const [name, value] of fields) {
    const column = layout.columns.get(name);
    if (column === undefined) facts[name] = value;
    else sets.push(`${identifier(name)} = ${parameters.add(encode(value, column.type, `"${name}"`))}`);
  }
  if (layout.facts === "column") {
    const metadata = factsAssignment(facts, parameters);
    if (metadata !== undefined) sets.push(metadata);
  } else if (Object.keys(facts).length > 0) {
    await setFacts(runner, layout, id, toJson(facts, "the update"));
  }
  if (sets.length === 0) return;
  await runner.run(`UPDATE ${identifier(layout.collection)} SET ${sets.join(", ")} WHERE id = ${parameters.add(id)}`, parameters.values);
}

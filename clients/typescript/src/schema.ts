/** What a collection declares: its columns, as TypeScript and as SQL. */
import { InvalidInputError, invalid } from "./errors.js";
import { identifier } from "./names.js";

/** The types that a field can be declared with, by the name that a schema gives them. */
const SQL_TYPES = {
  text: "text",
  integer: "integer",
  bigint: "bigint",
  float: "double precision",
  numeric: "numeric",
  boolean: "boolean",
  timestamp: "timestamp with time zone",
  date: "date",
  uuid: "uuid",
  json: "jsonb",
  bytes: "bytea",
  vector: "vector",
} as const;

/** The name of a type. */
export type FieldType = keyof typeof SQL_TYPES;

/** A declared field. */
export interface FieldSpec {
  readonly type: FieldType;
  /** The field has to be there. */
  readonly notNull?: boolean;
  /** No two documents have the same value. */
  readonly unique?: boolean;
  /** Of a vector: its dimensions. Without them the first vector decides. */
  readonly dimensions?: number;
}

/** The declared fields of a collection. Others can be stored as well; they are facts of no declared type. */
export type Schema = Readonly<Record<string, FieldType | FieldSpec>>;

interface FieldValues {
  text: string;
  integer: number;
  bigint: number | bigint;
  float: number;
  /** A text, which keeps all digits. */
  numeric: string | number;
  boolean: boolean;
  timestamp: Date;
  /** `2026-11-28`. */
  date: string;
  uuid: string;
  json: unknown;
  bytes: Uint8Array;
  vector: readonly number[] | Float32Array;
}

type TypeOf<F> = F extends FieldType ? F : F extends { readonly type: infer K extends FieldType } ? K : never;
type ValueOf<F> = FieldValues[TypeOf<F>];
type RequiredKeys<S> = { [K in keyof S]: S[K] extends { readonly notNull: true } ? K : never }[keyof S];

/** The fields that a schema declares, as a type. */
export type Infer<S extends Schema> = { [K in RequiredKeys<S> & string]: ValueOf<S[K]> } & {
  [K in Exclude<keyof S, RequiredKeys<S>> & string]?: ValueOf<S[K]> | null;
};

/** Declares a vector of so many dimensions. */
export function vector<const N extends number>(dimensions: N): { readonly type: "vector"; readonly dimensions: N } {
  return { type: "vector", dimensions };
}

/** The columns that the server writes itself. */
const SYSTEM_FIELDS: ReadonlySet<string> = new Set(["_entry_type", "_vector_clock", "_timestamp", "_peer_id", "_stage"]);

function specOf(field: FieldType | FieldSpec): FieldSpec {
  return typeof field === "string" ? { type: field } : field;
}

/** The type as SQL writes it. */
function sqlType(name: string, spec: FieldSpec): string {
  if (!Object.hasOwn(SQL_TYPES, spec.type)) {
    throw invalid(`field "${name}" has the unknown type "${spec.type}"`, `The types are ${Object.keys(SQL_TYPES).join(", ")}.`);
  }
  if (spec.dimensions === undefined) return SQL_TYPES[spec.type];
  if (spec.type !== "vector") throw invalid(`field "${name}" has dimensions, and is no vector`);
  if (!Number.isInteger(spec.dimensions) || spec.dimensions < 1) {
    throw invalid(`field "${name}" has ${spec.dimensions} dimensions: a whole number from 1 is needed`);
  }
  return `vector(${spec.dimensions})`;
}

/** The declared columns besides the id. */
export function declaredTypes(schema: Schema): Map<string, string> {
  const types = new Map<string, string>();
  for (const [name, field] of Object.entries(schema)) {
    if (name === "id") throw invalid('"id" is declared by the collection itself', "Ids are texts; leave it out of the schema.");
    if (name === "metadata") throw invalid('"metadata" is where the server keeps undeclared fields', "Choose another name.");
    checkFieldName(name);
    types.set(name, sqlType(name, specOf(field)));
  }
  return types;
}

/** The statement that makes a collection where it is not there. Without a schema it has room for a vector. */
export function createStatement(collection: string, schema: Schema | undefined): string {
  const columns = ["id text PRIMARY KEY"];
  if (schema === undefined) columns.push("vector vector");
  else {
    for (const [name, type] of declaredTypes(schema)) {
      const spec = specOf(schema[name] ?? "text");
      columns.push(`${identifier(name)} ${type}${spec.notNull === true ? " NOT NULL" : ""}${spec.unique === true ? " UNIQUE" : ""}`);
    }
  }
  return `CREATE TABLE IF NOT EXISTS ${identifier(collection)} (${columns.join(", ")})`;
}

/**
 * Compares a schema with the columns that a collection has.
 *
 * @throws InvalidInputError 42804 where a column is missing or of another type.
 */
export function checkSchema(collection: string, schema: Schema, found: ReadonlyMap<string, string>): void {
  for (const [name, type] of declaredTypes(schema)) {
    const actual = found.get(name);
    if (actual === type) continue;
    // A vector without dimensions takes those of the first one stored.
    if (type === "vector" && actual?.startsWith("vector") === true) continue;
    const table = identifier(collection);
    const state = actual === undefined ? "has no such column" : `has the type ${actual} there`;
    const mend = actual === undefined ? `ALTER TABLE ${table} ADD COLUMN ${identifier(name)} ${type}` : `declare it as ${actual}`;
    throw new InvalidInputError("42804", `field "${name}" is declared as ${type}, and collection "${collection}" ${state}`, {
      hint: actual === undefined ? `Run db.query(\`${mend}\`), or leave it out of the schema.` : `Either ${mend}, or use another collection.`,
    });
  }
}

/** Refuses names that cannot be fields. */
export function checkFieldName(name: string): void {
  if (SYSTEM_FIELDS.has(name)) {
    throw invalid(`"${name}" is the server's to write`, "stage() and unstage() change _stage; findDistributed() shows such fields.");
  }
  if (name.startsWith("$")) throw invalid(`"${name}" is no field: names that begin with $ are operators`);
  if (name === "" || name.includes("\0")) throw invalid(`${JSON.stringify(name)} is no name of a field`);
}

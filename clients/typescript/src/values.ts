/** Values on their way to the server and back. What would lose something on the way is refused. */
import pg from "pg";
import type { CustomTypesConfig } from "pg";
import { InvalidInputError, invalid } from "./errors.js";

/** How values of a column are written. */
export type ValueKind = "text" | "number" | "boolean" | "time" | "json" | "vector" | "bytes" | "other";

/** A parameter as the driver takes it. */
export type Parameter = string | Buffer | null | readonly string[];

const KINDS: readonly (readonly [RegExp, ValueKind])[] = [
  [/^(text|character)/, "text"],
  [/^(smallint|integer|bigint|real|double precision|numeric)/, "number"],
  [/^boolean$/, "boolean"],
  [/^timestamp/, "time"],
  [/^jsonb?$/, "json"],
  [/^vector/, "vector"],
  [/^bytea$/, "bytes"],
];

/** The kind of a type as format_type() writes it. */
export function kindOf(type: string): ValueKind {
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? "other";
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return `an object of class ${value.constructor.name}`;
  if (typeof value === "string") return `the text ${JSON.stringify(value)}`;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? `the ${typeof value} ${value.toString()}` : `of type ${typeof value}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * JSON text. Dates become ISO texts and undefined members are left out, as JSON.stringify does.
 *
 * @throws InvalidInputError for what JSON cannot hold: NaN, infinities, bigints, functions, binary data, maps and sets.
 */
export function toJson(value: unknown, what: string): string {
  const written = JSON.stringify(value, function (this: Record<string, unknown>, key: string, item: unknown): unknown {
    const original = this[key];
    const place = key === "" ? what : `${what}, at "${key}"`;
    if (typeof item === "number" && !Number.isFinite(item)) throw invalid(`${place}: JSON has no ${item}`);
    if (typeof item === "bigint") {
      throw invalid(`${place}: JSON cannot hold the bigint ${item.toString()}`, "Declare a column of type bigint for it, or store a text.");
    }
    if (typeof item === "function" || typeof item === "symbol") throw invalid(`${place}: JSON cannot hold ${describe(item)}`);
    if (typeof item === "object" && item !== null && !Array.isArray(item) && !isPlain(item) && item === original) {
      throw invalid(
        `${place}: JSON cannot hold ${describe(item)}`,
        "Vectors and bytes belong to columns of those types, other classes need a toJSON method.",
      );
    }
    return item;
  }) as string | undefined;
  if (written === undefined) throw invalid(`${what}: JSON cannot hold ${describe(value)}`);
  return written;
}

/** A vector as the server reads it. */
export function toVector(value: unknown, what: string): string {
  if (!Array.isArray(value) && !(value instanceof Float32Array) && !(value instanceof Float64Array)) {
    throw invalid(`${what} is ${describe(value)}, not a vector`, "A vector is an array of numbers or a Float32Array.");
  }
  const numbers: unknown[] = Array.from(value as ArrayLike<unknown>);
  const wrong = numbers.findIndex((number) => typeof number !== "number" || !Number.isFinite(number));
  if (wrong >= 0) throw invalid(`${what}: component ${wrong} of the vector is ${describe(numbers[wrong])}, not a finite number`);
  return `[${numbers.join(",")}]`;
}

function mismatch(value: unknown, type: string, what: string): InvalidInputError {
  return new InvalidInputError("42804", `${what} is of type ${type}, and the value is ${describe(value)}`);
}

function toNumber(value: unknown, type: string, what: string): string {
  if (typeof value === "number" || typeof value === "bigint") return value.toString();
  // Texts carry the digits that a JavaScript number cannot.
  if (typeof value === "string" && /^(bigint|numeric)/.test(type)) return value;
  throw mismatch(value, type, what);
}

/** A value as a parameter for a column of this type; null and undefined are NULL. */
export function encode(value: unknown, type: string, what: string): Parameter {
  if (value === null || value === undefined) return null;
  switch (kindOf(type)) {
    case "json":
      return toJson(value, what);
    case "vector":
      return toVector(value, what);
    case "number":
      return toNumber(value, type, what);
    case "bytes":
      if (!(value instanceof Uint8Array)) throw mismatch(value, type, what);
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    case "boolean":
      if (typeof value !== "boolean") throw mismatch(value, type, what);
      return value ? "true" : "false";
    case "time":
      if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) throw invalid(`${what} is an invalid Date`);
        return value.toISOString();
      }
      if (typeof value === "string") return value;
      throw mismatch(value, type, what);
    case "text":
    case "other":
      if (typeof value !== "string") throw mismatch(value, type, what);
      return value;
  }
}

/** Whole numbers as numbers while those can hold them, otherwise as bigints. */
function parseInt8(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** A timestamp without zone is one of UTC, which is what the server shows. */
function parseTimestamp(text: string): Date | string {
  const date = new Date(`${text.replace(" ", "T")}Z`);
  return Number.isNaN(date.getTime()) ? text : date;
}

// Numbers that PostgreSQL gave these types once and for all.
const OID_INT8: number = 20;
const OID_DATE: number = 1082;
const OID_TIMESTAMP: number = 1114;

/**
 * The parsers of a connection; `vectorOid` is the number that this server has for the type vector.
 *
 * @internal
 */
export function parsers(vectorOid: () => number | undefined): CustomTypesConfig {
  return {
    getTypeParser(oid, format) {
      if (format === "binary") return pg.types.getTypeParser(oid, "binary") as (bytes: Buffer) => unknown;
      const number: number = oid;
      if (number === OID_INT8) return parseInt8;
      if (number === OID_DATE) return (text: string) => text;
      if (number === OID_TIMESTAMP) return parseTimestamp;
      if (number === vectorOid()) return (text: string): unknown => JSON.parse(text);
      return pg.types.getTypeParser(oid, "text") as (text: string) => unknown;
    },
  };
}

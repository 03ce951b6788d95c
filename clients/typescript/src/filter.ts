/**
 * Filters as SQL. Values travel as parameters, names are quoted.
 *
 * Equality with a fact is written as containment (`metadata @> $1`), which the server answers on its short path and inside of a
 * nearest search; with a text also as `metadata->>'fact' = $1`, for which there may be an index. Comparisons hold between values of one JSON type, as KNIRVQL's do: 5 is not less than "a".
 */
import { invalid, NotFoundError } from "./errors.js";
import type { Layout } from "./layout.js";
import { identifier, nameLiteral } from "./names.js";
import { encode, kindOf, toJson, type Parameter } from "./values.js";

/** The parameters of one statement. */
export class Parameters {
  readonly values: Parameter[] = [];

  /** Adds a value and returns its placeholder. */
  add(value: Parameter): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** A declared column. */
interface ColumnTarget {
  readonly kind: "column";
  readonly sql: string;
  readonly type: string;
}

/** A place inside a jsonb column. */
interface JsonTarget {
  readonly kind: "json";
  readonly base: string;
  readonly path: readonly string[];
}

type Target = ColumnTarget | JsonTarget;

const SYSTEM_TYPES: ReadonlyMap<string, string> = new Map([
  ["_stage", "text"],
  ["_peer_id", "text"],
  ["_entry_type", "text"],
  ["_timestamp", "timestamp with time zone"],
]);

/** Up to so many values of $in are tests of their own, which the short path knows. */
const IN_TESTS_MAX = 32;

/** What a field or a path names. */
export function target(layout: Layout, path: string): Target {
  if (path === "id") return { kind: "column", sql: '"id"', type: "text" };
  const column = layout.columns.get(path);
  if (column !== undefined) {
    if (kindOf(column.type) === "json") return { kind: "json", base: identifier(path), path: [] };
    return { kind: "column", sql: identifier(path), type: column.type };
  }
  const system = SYSTEM_TYPES.get(path);
  if (system !== undefined) return { kind: "column", sql: identifier(path), type: system };
  const parts = path.split(".");
  if (parts.includes("")) throw invalid(`"${path}" is no path: a name is empty`);
  const [head = "", ...rest] = parts;
  const base = layout.columns.get(head);
  if (base === undefined) return { kind: "json", base: "metadata", path: parts };
  if (kindOf(base.type) === "json") return { kind: "json", base: identifier(head), path: rest };
  throw new NotFoundError("42703", `"${path}" names a part of "${head}", which is of type ${base.type} and has none`);
}

/** The value at a place, as jsonb. */
function get({ base, path }: JsonTarget): string {
  if (path.some((name) => /^\d+$/.test(name))) return `${base} #> ARRAY[${path.map(nameLiteral).join(", ")}]`;
  return [base, ...path.map(nameLiteral)].join("->");
}

/** The value at a place, as text. */
function getText({ base, path }: JsonTarget): string {
  if (path.length === 0) return `${base} #>> ARRAY[]::text[]`;
  if (path.some((name) => /^\d+$/.test(name))) return `${base} #>> ARRAY[${path.map(nameLiteral).join(", ")}]`;
  const last = path[path.length - 1] ?? "";
  return `${[base, ...path.slice(0, -1).map(nameLiteral)].join("->")}->>${nameLiteral(last)}`;
}

/** What a result is sorted by. */
export function sortKey(layout: Layout, path: string): string {
  const place = target(layout, path);
  return place.kind === "column" ? place.sql : get(place);
}

/** JSON around a value, so that containment reaches it; undefined where the path leads through an array or nowhere. */
function wrapped(place: JsonTarget, json: string): string | undefined {
  if (place.path.length === 0 || place.path.some((name) => /^\d+$/.test(name))) return undefined;
  return place.path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, json);
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null || value instanceof Date;
}

function isOperators(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) return false;
  return Object.keys(value).some((key) => key.startsWith("$"));
}

/** Writes the conditions of one statement. */
class Writer {
  constructor(
    private readonly layout: Layout,
    private readonly parameters: Parameters,
  ) {}

  filter(filter: object): string {
    const tests = Object.entries(filter).map(([key, value]: [string, unknown]) => {
      switch (key) {
        case "$and":
          return this.each(key, value).join(" AND ");
        case "$or":
          return this.each(key, value).join(" OR ");
        case "$nor":
          return `(${this.each(key, value).join(" OR ")}) IS NOT TRUE`;
        case "$not":
          if (typeof value !== "object" || value === null) throw invalid("$not takes a filter");
          return `(${this.filter(value)}) IS NOT TRUE`;
        default:
          if (key.startsWith("$")) throw invalid(`unknown operator ${key}`, "Filters combine with $and, $or, $nor and $not.");
          return this.field(key, value);
      }
    });
    return tests.length === 0 ? "true" : tests.map((test) => `(${test})`).join(" AND ");
  }

  private each(operator: string, filters: unknown): string[] {
    if (!Array.isArray(filters) || filters.length === 0) throw invalid(`${operator} takes an array of one or more filters`);
    return filters.map((filter: unknown) => {
      if (typeof filter !== "object" || filter === null || Array.isArray(filter)) throw invalid(`${operator} takes filters, which are objects`);
      return `(${this.filter(filter)})`;
    });
  }

  private field(path: string, condition: unknown): string {
    if (condition === undefined) {
      throw invalid(`the condition on "${path}" is undefined`, "Leave the field out, or compare with null for documents without it.");
    }
    const place = target(this.layout, path);
    return isOperators(condition) ? this.operators(path, place, condition) : this.equal(path, place, condition);
  }

  private operators(path: string, place: Target, operators: Record<string, unknown>): string {
    const tests = Object.entries(operators).map(([operator, value]) => {
      if (value === undefined) throw invalid(`${operator} on "${path}" is undefined`, "Leave it out.");
      return this.operator(path, place, operator, value);
    });
    return tests.map((test) => `(${test})`).join(" AND ");
  }

  private operator(path: string, place: Target, operator: string, value: unknown): string {
    switch (operator) {
      case "$eq":
        return this.equal(path, place, value);
      case "$ne":
        return this.unequal(path, place, value);
      case "$gt":
        return this.compare(path, place, ">", value);
      case "$gte":
        return this.compare(path, place, ">=", value);
      case "$lt":
        return this.compare(path, place, "<", value);
      case "$lte":
        return this.compare(path, place, "<=", value);
      case "$in":
        return this.among(path, place, operator, value);
      case "$nin":
        return `(${this.among(path, place, operator, value)}) IS NOT TRUE`;
      case "$exists":
        if (typeof value !== "boolean") throw invalid(`$exists on "${path}" takes true or false`);
        return value ? this.isThere(place) : this.isNull(place);
      case "$regex":
        return this.matches(path, place, value);
      case "$contains":
        return this.contains(path, place, value);
      case "$not":
        if (!isOperators(value)) throw invalid(`$not on "${path}" takes operators`, "For another value use $ne.");
        return `(${this.operators(path, place, value)}) IS NOT TRUE`;
      default:
        throw invalid(
          `unknown operator ${operator} on "${path}"`,
          "There are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $contains and $not.",
        );
    }
  }

  private json(value: unknown, path: string): string {
    return `${this.parameters.add(toJson(value, `the value of "${path}"`))}::jsonb`;
  }

  /** A value beside a column. A fraction beside whole numbers is compared as what it is. */
  private scalar(path: string, { type }: ColumnTarget, value: unknown): string {
    if (kindOf(type) === "vector") throw invalid(`"${path}" is a vector, which has no equality or order here`, "Use nearest().");
    const placeholder = this.parameters.add(encode(value, type, `"${path}"`));
    const fraction = typeof value === "number" && !Number.isInteger(value) && /^(small|big)?int/.test(type);
    return fraction ? `${placeholder}::double precision` : placeholder;
  }

  /** Null is the same as missing, as in KNIRVQL. */
  private isNull(place: Target): string {
    if (place.kind === "column") return `${place.sql} IS NULL`;
    const contained = wrapped(place, "null");
    if (contained === undefined) return `${get(place)} IS NULL OR ${get(place)} = 'null'::jsonb`;
    return `${get(place)} IS NULL OR ${place.base} @> ${this.parameters.add(contained)}::jsonb`;
  }

  private isThere(place: Target): string {
    if (place.kind === "column") return `${place.sql} IS NOT NULL`;
    const contained = wrapped(place, "null");
    if (contained === undefined) return `${get(place)} IS NOT NULL AND ${get(place)} <> 'null'::jsonb`;
    return `${get(place)} IS NOT NULL AND NOT (${place.base} @> ${this.parameters.add(contained)}::jsonb)`;
  }

  private equal(path: string, place: Target, value: unknown): string {
    if (value === null) return this.isNull(place);
    if (place.kind === "column") return `${place.sql} = ${this.scalar(path, place, value)}`;
    const contained = wrapped(place, toJson(value, `the value of "${path}"`));
    if (contained === undefined) return `${get(place)} = ${this.json(value, path)}`;
    const contains = `${place.base} @> ${this.parameters.add(contained)}::jsonb`;
    // An object contains one with fewer members: those have to be equal as well.
    if (!isScalar(value)) return `${contains} AND ${get(place)} = ${this.json(value, path)}`;
    return typeof value === "string" && place.path.length === 1 ? `${getText(place)} = ${this.parameters.add(value)} AND ${contains}` : contains;
  }

  private unequal(path: string, place: Target, value: unknown): string {
    if (value === null) return this.isThere(place);
    if (place.kind === "column") return `${place.sql} IS DISTINCT FROM ${this.scalar(path, place, value)}`;
    const contained = isScalar(value) ? wrapped(place, toJson(value, `the value of "${path}"`)) : undefined;
    if (contained === undefined) return `(${this.equal(path, place, value)}) IS NOT TRUE`;
    return `NOT (${place.base} @> ${this.parameters.add(contained)}::jsonb) OR ${place.base} IS NULL`;
  }

  private compare(path: string, place: Target, sign: string, value: unknown): string {
    if (value === null) throw invalid(`${sign} null on "${path}" is true for nothing`, "Use $exists, or $eq null.");
    if (place.kind === "column") return `${place.sql} ${sign} ${this.scalar(path, place, value)}`;
    if (!isScalar(value)) throw invalid(`${sign} on "${path}" takes a number, a text, a boolean or a Date`);
    const type = value instanceof Date ? "string" : typeof value;
    const json = this.json(value, path);
    return `jsonb_typeof(${get(place)}) = '${type}' AND ${get(place)} ${sign} ${json}`;
  }

  private among(path: string, place: Target, operator: string, values: unknown): string {
    if (!Array.isArray(values)) throw invalid(`${operator} on "${path}" takes an array`);
    if (values.includes(undefined)) throw invalid(`${operator} on "${path}" contains undefined`);
    const others = values.filter((value: unknown) => value !== null);
    const tests = values.length > others.length ? [this.isNull(place)] : [];
    if (place.kind === "column" && others.length > 0) {
      tests.push(`${place.sql} IN (${others.map((value: unknown) => this.scalar(path, place, value)).join(", ")})`);
    } else if (place.kind === "json" && others.length > IN_TESTS_MAX) {
      const list = others.map((value: unknown) => toJson(value, `the value of "${path}"`));
      tests.push(`${get(place)} = ANY(${this.parameters.add(list)}::jsonb[])`);
    } else {
      tests.push(...others.map((value: unknown) => this.equal(path, place, value)));
    }
    if (place.kind === "json" && place.path.length === 1 && tests.length > 1 && values.every((value) => typeof value === "string")) {
      // Of a list of texts the server finds all by the index at once.
      const list = (values).map((value) => this.parameters.add(value)).join(", ");
      return `${getText(place)} IN (${list}) AND (${tests.map((test) => `(${test})`).join(" OR ")})`;
    }
    return tests.length === 0 ? "false" : tests.map((test) => `(${test})`).join(" OR ");
  }

  private matches(path: string, place: Target, pattern: unknown): string {
    if (typeof pattern !== "string" && !(pattern instanceof RegExp)) throw invalid(`$regex on "${path}" takes a string or a RegExp`);
    const flags = typeof pattern === "string" ? "" : pattern.flags;
    const odd = flags.split("").find((flag) => !"dgiuv".includes(flag));
    if (odd !== undefined) throw invalid(`$regex on "${path}" has the flag "${odd}"`, "Of the flags only i is known to the server.");
    if (place.kind === "column" && !["text", "other"].includes(kindOf(place.type))) {
      throw invalid(`$regex on "${path}" needs texts, and the column is of type ${place.type}`);
    }
    const text = place.kind === "column" ? place.sql : getText(place);
    const source = typeof pattern === "string" ? pattern : pattern.source;
    return `${text} ${flags.includes("i") ? "~*" : "~"} ${this.parameters.add(source)}`;
  }

  private contains(path: string, place: Target, value: unknown): string {
    if (place.kind === "column") throw invalid(`$contains on "${path}" needs JSON, and the column is of type ${place.type}`);
    const element = isScalar(value) ? wrapped(place, `[${toJson(value, `the value of "${path}"`)}]`) : undefined;
    if (element === undefined) return `${get(place)} @> ${this.json(value, path)}`;
    return `${place.base} @> ${this.parameters.add(element)}::jsonb`;
  }
}

/** Programs without types can pass anything, and what has no fields must not stand for all documents. */
function checkFilter(filter: unknown): void {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) {
    throw invalid("a filter is an object of conditions", "{} accepts all documents.");
  }
}

/** The condition that a filter stands for; `true` for an empty one. */
export function condition(layout: Layout, filter: object, parameters: Parameters): string {
  checkFilter(filter);
  return new Writer(layout, parameters).filter(filter);
}

/** The clause that a filter stands for; nothing for an empty one. */
export function whereClause(layout: Layout, filter: object, parameters: Parameters): string {
  checkFilter(filter);
  return Object.keys(filter).length === 0 ? "" : ` WHERE ${condition(layout, filter, parameters)}`;
}

/**
 * Updates. What one UPDATE statement can say is left to the server ($set, $unset and $inc of declared columns, and of the
 * facts of `memory`); the rest is applied here to what was read, inside of a transaction.
 */
import { isDeepStrictEqual } from "node:util";
import { invalid } from "./errors.js";
import type { Parameters } from "./filter.js";
import type { Layout } from "./layout.js";
import { identifier } from "./names.js";
import { checkFieldName } from "./schema.js";
import { encode, kindOf, toJson } from "./values.js";

const OPERATORS = ["$set", "$unset", "$inc", "$mul", "$min", "$max", "$push", "$addToSet", "$pull", "$pop", "$rename"] as const;
type Operator = (typeof OPERATORS)[number];

/** One change of one field, or of a part of it. */
export interface Change {
  readonly operator: Operator;
  readonly path: readonly string[];
  readonly value: unknown;
}

function isOperator(name: string): name is Operator {
  return (OPERATORS as readonly string[]).includes(name);
}

function pathOf(name: string): string[] {
  const path = name.split(".");
  if (path.includes("")) throw invalid(`"${name}" is no path: a name is empty`);
  if (path.includes("__proto__")) throw invalid(`"${name}" cannot be changed: "__proto__" is no field`);
  const [head = ""] = path;
  if (head === "id") throw invalid("the id of a document cannot be changed", "Insert a copy with the new id, and delete this one.");
  checkFieldName(head);
  return path;
}

/** The changes that an update asks for, checked. */
export function changesOf(update: unknown): Change[] {
  if (typeof update !== "object" || update === null) throw invalid("an update is an object of operators", "{ $set: { field: value } } is one.");
  const changes = Object.entries(update).flatMap(([operator, fields]: [string, unknown]) => {
    if (!isOperator(operator)) {
      throw invalid(`unknown update operator "${operator}"`, `There are ${OPERATORS.join(", ")}. To replace fields use { $set: { … } }.`);
    }
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) throw invalid(`${operator} takes an object of fields`);
    return Object.entries(fields).map(([name, value]: [string, unknown]) => {
      if (value === undefined) throw invalid(`${operator} of "${name}" is undefined`, "Leave it out, or use $unset to remove the field.");
      return { operator, path: pathOf(name), value };
    });
  });
  const named = changes.flatMap(({ operator, path, value }) => {
    if (operator !== "$rename") return [path];
    if (typeof value !== "string") throw invalid(`$rename of "${path.join(".")}" takes the new name`);
    return [path, pathOf(value)];
  });
  for (const [position, path] of named.entries()) {
    const other = named.slice(position + 1).find((later) => path.every((name, at) => at >= later.length || later[at] === name));
    if (other !== undefined) throw invalid(`"${path.join(".")}" and "${other.join(".")}" are changed by one update`, "Change each field once.");
  }
  if (changes.length === 0) throw invalid("the update changes nothing", "Name a change: { $set: { field: value } }.");
  return changes;
}

/** The SET list of one UPDATE that makes these changes; undefined where SQL cannot say them. */
export function assignments(layout: Layout, changes: readonly Change[], parameters: Parameters): string | undefined {
  const simple = changes.every(({ operator, path: [head = "", ...rest] }) => {
    if (rest.length > 0) return false;
    const column = layout.columns.get(head);
    if (column === undefined) return layout.facts === "column" && (operator === "$set" || operator === "$unset");
    return operator === "$set" || operator === "$unset" || (operator === "$inc" && kindOf(column.type) === "number");
  });
  if (!simple) return undefined;
  const facts: Record<string, unknown> = {};
  const sets: string[] = [];
  for (const { operator, path: [name = ""], value } of changes) {
    const column = layout.columns.get(name);
    if (column === undefined) facts[name] = operator === "$unset" ? null : value;
    else if (operator === "$unset") sets.push(`${identifier(name)} = NULL`);
    else if (operator === "$inc") {
      const amount = parameters.add(encode(amountOf(operator, name, value), column.type, `$inc of "${name}"`));
      sets.push(`${identifier(name)} = coalesce(${identifier(name)}, 0) + ${amount}`);
    } else sets.push(`${identifier(name)} = ${parameters.add(encode(value, column.type, `"${name}"`))}`);
  }
  const metadata = factsAssignment(facts, parameters);
  return (metadata === undefined ? sets : [...sets, metadata]).join(", ");
}

/** The assignment that gives an ordinary column `metadata` these facts, and takes those that are null away. */
export function factsAssignment(facts: Readonly<Record<string, unknown>>, parameters: Parameters): string | undefined {
  const entries = Object.entries(facts);
  if (entries.length === 0) return undefined;
  const put = Object.fromEntries(entries.filter(([, value]) => value !== null));
  const removed = entries.filter(([, value]) => value === null).map(([name]) => name);
  let sql = "coalesce(metadata, '{}'::jsonb)";
  if (Object.keys(put).length > 0) sql = `${sql} || ${parameters.add(toJson(put, "the update"))}::jsonb`;
  if (removed.length > 0) sql = `(${sql}) - ${parameters.add(removed)}::text[]`;
  return `metadata = ${sql}`;
}

function amountOf(operator: Operator, name: string, value: unknown): number | bigint {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) return value;
  throw invalid(`${operator} of "${name}" takes a finite number`);
}

type Holder = Record<string, unknown>;

function isHolder(value: unknown): value is Holder {
  return typeof value === "object" && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);
}

/** The object or array that holds the last part of a path. */
function holderOf(document: Holder, path: readonly string[], create: boolean): Holder | undefined {
  let holder = document;
  for (const [position, name] of path.slice(0, -1).entries()) {
    let next: unknown = Object.hasOwn(holder, name) ? holder[name] : undefined;
    if (next === undefined || next === null) {
      if (!create) return undefined;
      next = {};
      holder[name] = next;
    }
    if (!isHolder(next)) {
      throw invalid(`"${path.join(".")}" cannot be changed: "${path.slice(0, position + 1).join(".")}" is neither an object nor an array`);
    }
    holder = next;
  }
  const last = path[path.length - 1] ?? "";
  if (Array.isArray(holder) && !/^\d+$/.test(last)) {
    throw invalid(`"${path.join(".")}" cannot be changed: an array has no member "${last}"`, "Places of an array are numbers from 0.");
  }
  return holder;
}

function order(left: unknown, right: unknown, what: string): number {
  const [one, other] = [left, right].map((value) => (value instanceof Date ? value.toISOString() : value));
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one === "string" && typeof other === "string") return one < other ? -1 : one > other ? 1 : 0;
  throw invalid(`${what} compares a ${typeof left} with a ${typeof right}`, "Both have to be numbers or both texts.");
}

function arrayOf(current: unknown, what: string): unknown[] {
  if (current === undefined || current === null) return [];
  if (!Array.isArray(current)) throw invalid(`${what} needs an array, and the field is none`);
  return [...(current as unknown[])];
}

/** The elements of `{ $each: […] }`, or the one value. */
function elementsOf(value: unknown, member: "$each" | "$in", what: string): unknown[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [value];
  const keys = Object.keys(value);
  if (!keys.some((key) => key.startsWith("$"))) return [value];
  const list: unknown = (value as Holder)[member];
  if (keys.length !== 1 || !Array.isArray(list)) throw invalid(`${what} takes a value or { ${member}: […] }`);
  return list;
}

/** Equal as JSON: undefined members do not count, dates are texts. */
function same(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(toJson(left, "a value")), JSON.parse(toJson(right, "a value")));
}

function numberAt(current: unknown, what: string): number | bigint {
  if (current === undefined || current === null) return 0;
  if (typeof current === "number" || typeof current === "bigint") return current;
  throw invalid(`${what} needs a number, and the field is none`);
}

function combine(operator: "$inc" | "$mul", current: number | bigint, amount: number | bigint): number | bigint {
  if (typeof current === "bigint" || typeof amount === "bigint") {
    const [one, other] = [BigInt(current), BigInt(amount)];
    return operator === "$inc" ? one + other : one * other;
  }
  return operator === "$inc" ? current + amount : current * amount;
}

/** The new value of a field. */
function changed(change: Change, current: unknown): unknown {
  const { operator, value } = change;
  const what = `${operator} of "${change.path.join(".")}"`;
  switch (operator) {
    case "$set":
      return value;
    case "$inc":
    case "$mul":
      return combine(operator, numberAt(current, what), amountOf(operator, change.path.join("."), value));
    case "$min":
      return current === undefined || current === null || order(value, current, what) < 0 ? value : current;
    case "$max":
      return current === undefined || current === null || order(value, current, what) > 0 ? value : current;
    case "$push":
      return [...arrayOf(current, what), ...elementsOf(value, "$each", what)];
    case "$addToSet": {
      const array = arrayOf(current, what);
      for (const element of elementsOf(value, "$each", what)) if (!array.some((known) => same(known, element))) array.push(element);
      return array;
    }
    case "$pull": {
      const removed = elementsOf(value, "$in", what);
      return arrayOf(current, what).filter((element) => !removed.some((other) => same(element, other)));
    }
    case "$pop": {
      if (value !== 1 && value !== -1) throw invalid(`${what} takes 1 for the last element, or -1 for the first`);
      const array = arrayOf(current, what);
      return value === 1 ? array.slice(0, -1) : array.slice(1);
    }
    case "$unset":
    case "$rename":
      return undefined;
  }
}

function remove(document: Holder, path: readonly string[]): unknown {
  const holder = holderOf(document, path, false);
  const last = path[path.length - 1] ?? "";
  if (holder === undefined || !Object.hasOwn(holder, last)) return undefined;
  const value = holder[last];
  // A removed place would move all that come after it.
  if (Array.isArray(holder)) (holder as unknown[])[Number(last)] = null;
  else Reflect.deleteProperty(holder, last);
  return value;
}

function put(document: Holder, path: readonly string[], value: unknown): void {
  const holder = holderOf(document, path, true);
  const last = path[path.length - 1] ?? "";
  if (Array.isArray(holder) && Number(last) > holder.length) {
    throw invalid(`"${path.join(".")}" is beyond the end of the array, which has ${holder.length} elements`);
  }
  if (holder !== undefined) holder[last] = value;
}

/** The top-level fields that the changes give new values; null for those that go. The document stays as it is. */
export function applied(document: Readonly<Holder>, changes: readonly Change[]): Map<string, unknown> {
  const copy = structuredClone(document) as Holder;
  for (const change of changes) {
    const { operator, path, value } = change;
    if (operator === "$unset") remove(copy, path);
    else if (operator === "$rename") {
      const moved = remove(copy, path);
      if (moved !== undefined) put(copy, pathOf(String(value)), moved);
    } else {
      const holder = holderOf(copy, path, false);
      const last = path[path.length - 1] ?? "";
      const current = holder !== undefined && Object.hasOwn(holder, last) ? holder[last] : undefined;
      // $pull and $pop make no array where there is none.
      if ((operator === "$pull" || operator === "$pop") && (current === undefined || current === null)) continue;
      put(copy, path, changed(change, current));
    }
  }
  const heads = new Set(changes.flatMap(({ operator, path, value }) => [path, ...(operator === "$rename" ? [pathOf(String(value))] : [])]).map(([head = ""]) => head));
  const fields = [...heads].map((name) => [name, Object.hasOwn(copy, name) ? (copy[name] ?? null) : null] as const);
  return new Map(fields.filter(([name, value]) => !isDeepStrictEqual(value, document[name] ?? null)));
}

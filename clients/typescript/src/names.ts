/** Names in statements: quoted, never taken as they are. */
import { invalid } from "./errors.js";

function checked(text: unknown, what: string): string {
  if (typeof text !== "string") throw invalid(`${what} is a text`);
  if (text === "") throw invalid(`${what} is empty`);
  if (text.includes("\0")) throw invalid(`${what} contains a null character`);
  return text;
}

/** A table, column or index as SQL writes it. */
export function identifier(name: string): string {
  return `"${checked(name, "a name").replaceAll('"', '""')}"`;
}

/** The name of a fact, a collection or a network as a string literal of SQL and of KNIRVQL: both double the quote, neither has escapes. */
export function nameLiteral(name: string): string {
  return `'${checked(name, "a name").replaceAll("'", "''")}'`;
}

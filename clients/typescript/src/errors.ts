/**
 * Errors: one class for each thing that a caller can do about it. All carry the SQLSTATE of the server, or the one that fits
 * where the client itself refuses.
 */

/** What an error may carry besides its message. */
export interface ErrorDetails {
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** The 1-based position in the statement. */
  readonly position?: number | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  readonly cause?: unknown;
}

/** The base of all errors of this package. */
export class NebulusError extends Error {
  /** The SQLSTATE: five characters, as PostgreSQL defines them. */
  readonly code: string;
  // Declared without a definition, so that an error that is printed shows those that it has.
  declare readonly detail?: string;
  declare readonly hint?: string;
  /** The 1-based position in the statement. */
  declare readonly position?: number;
  declare readonly table?: string;
  declare readonly column?: string;
  declare readonly constraint?: string;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    Object.defineProperty(this, "name", { value: new.target.name });
    this.code = code;
    for (const [name, value] of Object.entries(details)) {
      if (value !== undefined && name !== "cause") Object.defineProperty(this, name, { value, enumerable: true });
    }
  }
}

/** The server cannot be reached, or the connection was lost (08xxx, 57P0x). What was sent may or may not have happened. */
export class ConnectionError extends NebulusError {}

/** The user or the password is wrong (28xxx). */
export class AuthenticationError extends NebulusError {}

/** The embedded server did not start. */
export class ServerStartError extends NebulusError {}

/** A value, a name or a statement is not in order (22xxx, 42601, 54000 and the like): another one is needed. */
export class InvalidInputError extends NebulusError {}

/** A collection, a column, a network or the like does not exist (42P01, 42703, 42704). */
export class NotFoundError extends NebulusError {}

/** A value breaks a rule of the collection (23xxx), for example an id that is taken already (23505). */
export class ConstraintError extends NebulusError {}

/** Another writer was first (40001), and trying again was of no avail: try once more later. */
export class ConflictError extends NebulusError {}

/** The thing is in a state that does not allow this (55xxx, 42710), for example attached to another network already. */
export class StateError extends NebulusError {}

/** The server does not offer this (0A000). */
export class NotSupportedError extends NebulusError {}

function classFor(code: string): typeof NebulusError {
  if (code.startsWith("08") || code.startsWith("57P")) return ConnectionError;
  if (code.startsWith("28")) return AuthenticationError;
  if (code.startsWith("23")) return ConstraintError;
  if (code.startsWith("40")) return ConflictError;
  if (code.startsWith("0A")) return NotSupportedError;
  if (code.startsWith("55") || code === "42710" || code === "42P07" || code.startsWith("25")) return StateError;
  if (["42P01", "42703", "42704", "42883", "3D000"].includes(code)) return NotFoundError;
  if (code.startsWith("22") || code.startsWith("42") || code.startsWith("54")) return InvalidInputError;
  return NebulusError;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Turns what the driver threw into an error of this package. */
export function toNebulusError(error: unknown): NebulusError {
  if (error instanceof NebulusError) return error;
  if (!(error instanceof Error)) return new NebulusError("XX000", String(error), { cause: error });
  const fields = error as Error & Record<string, unknown>;
  const code = text(fields.code);
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && text(fields.severity) !== undefined) {
    const position = Number(text(fields.position));
    return new (classFor(code))(code, error.message, {
      detail: text(fields.detail),
      hint: text(fields.hint),
      position: Number.isNaN(position) ? undefined : position,
      table: text(fields.table),
      column: text(fields.column),
      constraint: text(fields.constraint),
      cause: error,
    });
  }
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
    return new NebulusError("XX000", error.message, { cause: error });
  }
  // What is left comes from the driver or the operating system: no server, a closed connection, a wrong password's format.
  if (/client password must be a string/.test(error.message)) {
    return new AuthenticationError("28P01", "the server asks for a password, and none was given", {
      hint: "Give it by the option password. A server keeps its first one in the file keys/password of its data directory.",
      cause: error,
    });
  }
  if (/password|SASL|SCRAM/.test(error.message)) {
    return new AuthenticationError("28P01", error.message, { cause: error });
  }
  const message = error.message === "" ? `the connection failed${code === undefined ? "" : `: ${code}`}` : error.message;
  const refused = code === "ECONNREFUSED";
  const hint = refused ? "Is a server running there? dataDir instead of connectionString starts one of this program's own." : undefined;
  return new ConnectionError(refused ? "08001" : "08006", message, { hint, cause: error });
}

/** An error for a value that the caller has to change. */
export function invalid(message: string, hint?: string): InvalidInputError {
  return new InvalidInputError("22023", message, { hint });
}

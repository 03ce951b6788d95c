// Words, strings, numbers and comments of both languages, for colours and for completion. It reads what is half written, so
// that it knows no grammar beyond its words; those of KNIRVQL come from the grammar itself.

import { KNIRVQL } from "virtual:keywords";

export type Kind = "keyword" | "string" | "number" | "comment" | "parameter" | "function" | "name" | "operator" | "space";

export interface Token {
  kind: Kind;
  text: string;
  start: number;
}

export type Language = "KNIRVQL" | "SQL";

export const SQL = (
  "AFTER ALL ALTER ALWAYS ANALYZE AND ANY ARRAY AS ASC BEFORE BEGIN BETWEEN BIGINT BIGSERIAL BOOLEAN BY BYTEA CASCADE CASE CAST CHECK CLOSE " +
  "COLLATE COLUMN COMMIT CONCURRENTLY CONFLICT CONSTRAINT COPY CREATE CROSS CUBE CURRENT CURSOR DATE DEALLOCATE DECLARE DEFAULT DELETE DESC " +
  "DISTINCT DO DOUBLE DROP ELSE END ENUM ESCAPE EXCEPT EXECUTE EXISTS EXPLAIN EXTENSION FALSE FETCH FILTER FIRST FOLLOWING FOR FOREIGN FROM " +
  "FULL GENERATED GIN GROUP GROUPING HALFVEC HAVING HNSW IDENTITY IF ILIKE IN INDEX INNER INSERT INT INTEGER INTERSECT INTERVAL INTO IS " +
  "ISOLATION JOIN JSON JSONB KEY LAST LATERAL LEFT LIKE LIMIT LISTEN LOCK LOCKED MATCHED MATERIALIZED MERGE NATURAL NOT NOTHING NOTIFY NOWAIT " +
  "NULL NULLS NUMERIC OFFSET ON OR ORDER ORDINALITY OUTER OVER OVERRIDING PARTITION PRECEDING PRECISION PREPARE PRIMARY REAL RECURSIVE " +
  "REFERENCES RELEASE RENAME REPLACE RESET RESTRICT RETURNING RIGHT ROLLBACK ROLLUP ROW ROWS SAVEPOINT SCHEMA SELECT SEQUENCE SERIAL SET SETS " +
  "SHOW SIMILAR SMALLINT SPARSEVEC TABLE TEMPORARY TEXT THEN TIMESTAMP TIMESTAMPTZ TO TRANSACTION TRUE TRUNCATE TSQUERY TSVECTOR TYPE " +
  "UNBOUNDED UNION UNIQUE UNLISTEN UPDATE USING UUID VALUES VARCHAR VECTOR VIEW WHEN WHERE WINDOW WITH"
).split(" ");

/** The words that a statement of KNIRVQL opens with, and whether another word must follow. */
const OPENERS: Record<string, string[] | null> = {
  GET: null,
  SET: ["MEMORY", "AUTH"],
  DELETE: ["MEMORY", "AUTH", "IN", "WHERE"],
  STAGE: null,
  UNSTAGE: null,
  REVERT: null,
  CREATE: ["NETWORK"],
  JOIN: null,
  LEAVE: null,
  ALTER: ["NETWORK"],
  ATTACH: null,
  DETACH: null,
  SYNC: null,
  SHOW: ["NETWORKS", "PEERS", "SYNC", "COLLECTIONS"],
};

const PATTERN =
  /(?<comment>--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*(?:'|$)|"(?:[^"\\]|""|\\.)*(?:"|$))|(?<number>\b\d+(?:\.\d*)?(?:[eE][-+]?\d+)?\b)|(?<parameter>\$\d+)|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<space>\s+)|(?<operator>[^\s\p{L}\p{N}_'"$]|.)/gsu;

/** Which language a text is in, by its first words. */
export function languageOf(text: string): Language {
  const words = tokensOf(text, "SQL")
    .filter((token) => token.kind !== "space" && token.kind !== "comment")
    .slice(0, 4)
    .map((token) => token.text.toUpperCase());
  while (words[0] === "EXPLAIN" || words[0] === "ANALYZE") words.shift();
  const follow = OPENERS[words[0] ?? ""];
  if (follow === undefined) return "SQL";
  return follow === null || follow.includes(words[1] ?? "") ? "KNIRVQL" : "SQL";
}

const knirvql = new Set(KNIRVQL);
const sql = new Set(SQL);

export function tokensOf(text: string, language: Language): Token[] {
  const keywords = language === "KNIRVQL" ? knirvql : sql;
  const tokens: Token[] = [];
  for (const found of text.matchAll(PATTERN)) {
    const groups = found.groups!;
    let kind: Kind = "operator";
    if (groups.comment) kind = "comment";
    else if (groups.string) kind = "string";
    else if (groups.number) kind = "number";
    else if (groups.parameter) kind = "parameter";
    else if (groups.space) kind = "space";
    else if (groups.word) {
      const isField = tokens.at(-1)?.text === ".";
      if (!isField && keywords.has(groups.word.toUpperCase())) kind = "keyword";
      else kind = text[found.index + groups.word.length] === "(" ? "function" : "name";
    }
    tokens.push({ kind, text: found[0], start: found.index });
  }
  return tokens;
}

export const keywordsOf = (language: Language) => (language === "KNIRVQL" ? KNIRVQL : SQL);

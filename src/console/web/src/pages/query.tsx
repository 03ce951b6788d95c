// Statements in both languages, and what they answer.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Cell, cancel, type Failure, type Outcome, read, type ResultSet, run } from "../api";
import { Editor } from "../editor";
import { integer, milliseconds, plural } from "../format";
import { languageOf } from "../highlight";
import { failureOf, useKept, useLoaded } from "../hooks";
import type { PageProps } from "../main";
import { PlanTree } from "../plan";
import { identifier } from "../sql";
import { ActionButton, Badge, Button, Card, Dialog, download, Empty, ErrorBox, Page, ReportBox } from "../ui";

const PAGE_ROWS = 100;
const HISTORY_MAX = 50;
const NUMERIC = new Set(["int2", "int4", "int8", "float4", "float8", "numeric", "oid"]);

const EXAMPLES: [string, string][] = [
  ["Read entries", 'GET MEMORY LIMIT 20'],
  ["Write an entry", 'SET MEMORY id = "note-1" metadata = {"title": "My first memory", "topic": "console"}'],
  ["Filter by a fact", 'GET MEMORY WHERE metadata.topic = "console" LIMIT 20'],
  ["Nearest to an entry", 'GET MEMORY FIELDS id, metadata SIMILAR TO ENTRY "note-1" LIMIT 10'],
  ["Count by a fact", "SELECT metadata->>'topic' AS topic, count(*)\nFROM memory\nGROUP BY 1\nORDER BY 2 DESC"],
  ["Make a table", "CREATE TABLE book (\n  id bigserial PRIMARY KEY,\n  title text NOT NULL,\n  embedding vector(3)\n)"],
];

interface Ran {
  statement: string;
  outcome: Outcome;
}

export function Query({ collections, reloadCollections, rest }: PageProps) {
  const [text, setText] = useKept("statement", "GET MEMORY LIMIT 20");
  const [history, setHistory] = useKept<string[]>("history", []);
  const [limit, setLimit] = useKept("limit", 1000);
  const [ran, setRan] = useState<Ran | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isRunning, setRunning] = useState(false);
  const [menu, setMenu] = useState<"history" | "examples" | null>(null);
  const abort = useRef<AbortController | null>(null);
  const language = useMemo(() => languageOf(text), [text]);
  useEffect(() => {
    if (rest[0]) setText(rest[0]);
  }, [rest[0]]);
  useEffect(() => () => abort.current?.abort(), []);
  const memory = collections.find((each) => each.kind === "MEMORY")?.name;
  const facts = useLoaded(
    async (signal) => (memory ? (await read(`SELECT DISTINCT jsonb_object_keys(metadata) AS name FROM (SELECT metadata FROM ${identifier(memory)} LIMIT 500) AS sample`, signal)).map((row) => row.name!) : []),
    [memory],
  );

  const execute = async (prefix = "") => {
    if (isRunning || text.trim() === "") return;
    const statement = prefix + text;
    setRunning(true);
    setFailure(null);
    setHistory([text, ...history.filter((each) => each !== text)].slice(0, HISTORY_MAX));
    abort.current = new AbortController();
    try {
      setRan({ statement, outcome: await run(statement, "editor", limit, abort.current.signal) });
      if (/^\s*(create|drop|alter|attach|detach|join|leave)\b/i.test(statement)) reloadCollections();
    } catch (error) {
      if (!abort.current.signal.aborted) {
        setRan(null);
        setFailure(failureOf(error));
      }
    } finally {
      setRunning(false);
    }
  };
  const hasExplain = /^\s*explain\b/i.test(text);
  const error = ran?.outcome.error ?? null;
  const errorAt = error && ran?.statement === text ? error.position : null;
  return (
    <Page
      title="Query"
      lead={<>Both languages, in a connection of your own: <code>BEGIN</code> lasts until <code>COMMIT</code>.</>}
      actions={
        <>
          <Button icon="clock" kind="quiet" onClick={() => setMenu("history")}>History</Button>
          <Button kind="quiet" onClick={() => setMenu("examples")}>Examples</Button>
        </>
      }
    >
      <Card class="query-card">
        <Editor value={text} language={language} collections={collections} facts={facts.data ?? []} errorAt={errorAt} onChange={setText} onRun={() => void execute()} />
        <div class="toolbar">
          {isRunning ? (
            <ActionButton icon="stop" kind="danger" work={cancel}>
              Cancel
            </ActionButton>
          ) : (
            <Button icon="play" kind="primary" onClick={() => void execute()} title="Control + Enter">
              Run
            </Button>
          )}
          <Button disabled={isRunning || hasExplain} onClick={() => void execute("EXPLAIN ")}>Explain</Button>
          <Button disabled={isRunning || hasExplain} onClick={() => void execute("EXPLAIN ANALYZE ")} title="Runs the statement and measures it">Analyze</Button>
          <Badge tone="accent" title="By its first words">{language}</Badge>
          <span class="grow" />
          <label class="inline">
            Rows at most{" "}
            <select value={String(limit)} onChange={(event) => setLimit(Number(event.currentTarget.value))}>
              {[100, 1000, 10_000].map((each) => (
                <option key={each} value={String(each)}>{integer(each)}</option>
              ))}
            </select>
          </label>
          <kbd class="wide-only">Ctrl ⏎</kbd>
        </div>
      </Card>
      <div aria-live="polite" class="results">
        {isRunning && <div class="running" role="status"><span class="visually-hidden">The statement runs</span></div>}
        {failure && <ErrorBox failure={failure} />}
        {ran && <Results ran={ran} />}
        {!ran && !failure && !isRunning && <Empty title="No result yet">Press <kbd>Ctrl ⏎</kbd> to run the statement. <kbd>Ctrl Space</kbd> completes words, collections, columns and facts.</Empty>}
      </div>
      {menu && (
        <Dialog title={menu === "history" ? "History of this tab" : "Examples"} onClose={() => setMenu(null)}>
          {menu === "history" && history.length === 0 && <Empty title="Nothing has run yet" />}
          <ul class="pick">
            {(menu === "history" ? history.map((statement) => ["", statement] as [string, string]) : EXAMPLES).map(([name, statement]) => (
              <li key={statement}>
                <button
                  type="button"
                  onClick={() => {
                    setText(statement);
                    setMenu(null);
                  }}
                >
                  {name && <strong>{name}</strong>}
                  <code>{statement.length > 300 ? `${statement.slice(0, 300)}…` : statement}</code>
                </button>
              </li>
            ))}
          </ul>
        </Dialog>
      )}
    </Page>
  );
}

function Results({ ran }: { ran: Ran }) {
  const { outcome, statement } = ran;
  const isPlan = /^\s*explain\b/i.test(statement);
  return (
    <>
      {outcome.error && <ReportBox report={outcome.error} statement={statement} />}
      {outcome.notices.map((notice, place) => <ReportBox key={place} report={notice} />)}
      {outcome.results.map((result, place) => (
        <Result key={place} result={result} isPlan={isPlan && result.columns.length === 1} took={outcome.results.length === 1 ? outcome.milliseconds : null} />
      ))}
    </>
  );
}

function Result({ result, isPlan, took }: { result: ResultSet; isPlan: boolean; took: number | null }) {
  const [page, setPage] = useState(0);
  const [cell, setCell] = useState<{ column: string; value: string } | null>(null);
  useEffect(() => setPage(0), [result]);
  const time = took === null ? "" : ` · ${milliseconds(took)}`;
  if (result.columns.length === 0) {
    return <div class="notice good" role="status"><strong>Done</strong>{result.count > 0 && ` · ${plural(result.count, "entry", "entries")}`}{time}</div>;
  }
  if (isPlan) return <Card title={<>Plan <span class="faint small">{time.slice(3)}</span></>}><PlanTree lines={result.rows.map((row) => row[0] ?? "")} /></Card>;
  const pages = Math.max(1, Math.ceil(result.rows.length / PAGE_ROWS));
  const shown = result.rows.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS);
  const isNumber = result.columns.map((column, place) => (column.type ? NUMERIC.has(column.type) : result.rows.length > 0 && result.rows.every((row) => row[place] === null || /^-?\d+(\.\d+)?$/.test(row[place]!))));
  const rows = result.truncated ? `The first ${integer(result.rows.length)} rows; there are more` : plural(result.rows.length, "row");
  return (
    <Card
      title={<>{rows}<span class="faint small">{time}</span></>}
      actions={
        <>
          <Button icon="download" kind="quiet" onClick={() => download("result.csv", "text/csv", csvOf(result))}>CSV</Button>
          <Button icon="download" kind="quiet" onClick={() => download("result.json", "application/json", jsonOf(result))}>JSON</Button>
        </>
      }
    >
      <div class="table-frame result" tabIndex={0} role="region" aria-label="Result">
        <table>
          <thead>
            <tr>
              {result.columns.map((column, place) => (
                <th key={place} scope="col" class={isNumber[place] ? "number" : ""}>
                  {column.name} {column.type && <small>{column.type}</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, line) => (
              <tr key={line}>
                {row.map((value, place) => (
                  <td key={place} class={isNumber[place] ? "number" : ""}>
                    <Value value={value} onOpen={(whole) => setCell({ column: result.columns[place]!.name, value: whole })} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <div class="pager">
          <Button icon="back" label="The page before" disabled={page === 0} onClick={() => setPage(page - 1)} />
          <span>{`${integer(page * PAGE_ROWS + 1)} to ${integer(Math.min(result.rows.length, (page + 1) * PAGE_ROWS))} of ${integer(result.rows.length)}`}</span>
          <Button icon="next" label="The next page" disabled={page + 1 >= pages} onClick={() => setPage(page + 1)} />
        </div>
      )}
      {cell && (
        <Dialog title={cell.column} onClose={() => setCell(null)} wide>
          <pre class="whole" tabIndex={0}>{prettyOf(cell.value)}</pre>
          <Button onClick={() => void navigator.clipboard?.writeText(cell.value)}>Copy</Button>
        </Dialog>
      )}
    </Card>
  );
}

const SHOWN_CHARACTERS = 120;

function Value({ value, onOpen }: { value: Cell; onOpen: (value: string) => void }) {
  if (value === null) return <span class="null">NULL</span>;
  if (value.length <= SHOWN_CHARACTERS && !value.includes("\n")) return <>{value === "" ? <span class="null">empty</span> : value}</>;
  return (
    <button type="button" class="cut" onClick={() => onOpen(value)} title="Show all of it">
      {value.slice(0, SHOWN_CHARACTERS).replaceAll("\n", "⏎ ")}…
    </button>
  );
}

function prettyOf(text: string): string {
  if (/^[[{]/.test(text)) {
    try {
      const value = JSON.parse(text);
      return Array.isArray(value) && value.every((each) => typeof each === "number") ? `[${value.join(", ")}]` : JSON.stringify(value, null, 2);
    } catch {
      // It only begins like JSON.
    }
  }
  return text;
}

function csvOf(result: ResultSet): string {
  const quoted = (cell: Cell) => (cell === null ? "" : cell === "" || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return [result.columns.map((column) => column.name), ...result.rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
}

function jsonOf(result: ResultSet): string {
  const value = (cell: Cell, type: string | null): string => {
    if (cell === null) return "null";
    if (type === "bool") return cell === "t" ? "true" : "false";
    if (type === "json" || type === "jsonb" || type === "vector") return cell;
    // As they are written: a number of JavaScript would lose digits. NaN and the infinities are no numbers in JSON.
    if (type && NUMERIC.has(type) && /^-?\d/.test(cell)) return cell;
    return JSON.stringify(cell);
  };
  const rows = result.rows.map((row) => `  {${row.map((cell, place) => `${JSON.stringify(result.columns[place]!.name)}: ${value(cell, result.columns[place]!.type)}`).join(", ")}}`);
  return `[\n${rows.join(",\n")}\n]\n`;
}

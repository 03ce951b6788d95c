// The editor of statements: a text area, its colours behind it, and completion.

import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Language, keywordsOf, tokensOf } from "./highlight";
import type { Collection } from "./sql";

interface Suggestion {
  text: string;
  kind: "keyword" | "collection" | "column" | "fact" | "function";
}

export interface EditorProps {
  value: string;
  language: Language;
  collections: Collection[];
  /** Fact names by collection. */
  facts: string[];
  /** The character of an error, from 1. */
  errorAt: number | null;
  onChange: (value: string) => void;
  onRun: () => void;
}

const SUGGESTIONS_MAX = 8;
const FUNCTIONS = ["count", "sum", "avg", "min", "max", "coalesce", "jsonb_object_keys", "jsonb_typeof", "now", "lower", "round", "nebulus_sync", "pg_cancel_backend"];

/** What may stand at the caret, best first. */
function suggestionsFor(before: string, language: Language, collections: Collection[], facts: string[]): { word: string; items: Suggestion[] } {
  const word = before.match(/[\p{L}_][\p{L}\p{N}_]*$/u)?.[0] ?? "";
  const last = tokensOf(before, language).at(-1);
  if (last && (last.kind === "comment" || last.kind === "string")) return { word: "", items: [] };
  const isField = before[before.length - word.length - 1] === ".";
  if (word.length < 1 && !isField) return { word, items: [] };
  const all: Suggestion[] = [];
  if (isField) {
    const owner = before.slice(0, before.length - word.length - 1).match(/[\p{L}_][\p{L}\p{N}_]*$/u)?.[0];
    const collection = collections.find((each) => each.name === owner);
    if (collection) all.push(...collection.columns.map((column) => ({ text: column.name, kind: "column" as const })));
    else if (owner === "metadata") all.push(...facts.map((text) => ({ text, kind: "fact" as const })));
  } else {
    all.push(...collections.map((each) => ({ text: each.name, kind: "collection" as const })));
    all.push({ text: "memory_facts", kind: "collection" });
    const columns = new Set(collections.filter((each) => each.kind !== "AUTH").flatMap((each) => each.columns.map((column) => column.name)));
    all.push(...[...columns].map((text) => ({ text, kind: "column" as const })));
    if (language === "SQL") all.push(...FUNCTIONS.map((text) => ({ text, kind: "function" as const })));
    const isUpper = word === word.toUpperCase() || word.length < 2;
    all.push(...keywordsOf(language).map((text) => ({ text: isUpper ? text : text.toLowerCase(), kind: "keyword" as const })));
  }
  const wanted = word.toLowerCase();
  const items = all.filter((item) => item.text.toLowerCase().startsWith(wanted) && item.text !== word);
  const unique = items.filter((item, place) => items.findIndex((other) => other.text.toLowerCase() === item.text.toLowerCase()) === place);
  return { word, items: unique.slice(0, SUGGESTIONS_MAX) };
}

export function Editor({ value, language, collections, facts, errorAt, onChange, onRun }: EditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const colours = useRef<HTMLPreElement>(null);
  const caret = useRef<number | null>(null);
  const [open, setOpen] = useState<{ word: string; items: Suggestion[]; chosen: number; left: number; top: number } | null>(null);
  const id = useId();
  const tokens = useMemo(() => tokensOf(value, language), [value, language]);

  useLayoutEffect(() => {
    if (caret.current !== null && area.current) {
      area.current.setSelectionRange(caret.current, caret.current);
      caret.current = null;
    }
    scrolled();
  }, [value]);

  useEffect(() => {
    if (errorAt === null || !area.current) return;
    // Positions count characters, not UTF-16 units.
    const place = Array.from(value).slice(0, errorAt - 1).join("").length;
    area.current.focus();
    area.current.setSelectionRange(place, place);
  }, [errorAt]);

  const scrolled = () => {
    if (!area.current || !colours.current) return;
    colours.current.scrollTop = area.current.scrollTop;
    colours.current.scrollLeft = area.current.scrollLeft;
  };

  const suggest = () => {
    const element = area.current;
    if (!element || element.selectionStart !== element.selectionEnd) return setOpen(null);
    const before = element.value.slice(0, element.selectionStart);
    const found = suggestionsFor(before, language, collections, facts);
    if (found.items.length === 0) return setOpen(null);
    const style = getComputedStyle(element);
    const lines = before.split("\n");
    const width = Number.parseFloat(style.fontSize) * 0.602;
    const height = Number.parseFloat(style.lineHeight);
    const columns = Math.max(1, Math.floor((element.clientWidth - 2 * Number.parseFloat(style.paddingLeft)) / width));
    const rows = lines.reduce((sum, line, place) => sum + (place < lines.length - 1 ? Math.max(1, Math.ceil(line.length / columns)) : Math.floor(line.length / columns)), 0);
    const column = (lines.at(-1)!.length % columns) - found.word.length;
    const left = Math.min(Number.parseFloat(style.paddingLeft) + Math.max(0, column) * width, Math.max(8, element.clientWidth - 240));
    const top = Number.parseFloat(style.paddingTop) + (rows + 1) * height - element.scrollTop + 2;
    setOpen({ ...found, chosen: 0, left, top });
  };

  const accept = (item: Suggestion) => {
    const element = area.current!;
    const end = element.selectionStart;
    const start = end - (open?.word.length ?? 0);
    caret.current = start + item.text.length;
    setOpen(null);
    onChange(value.slice(0, start) + item.text + value.slice(end));
    element.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      setOpen(null);
      onRun();
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      suggest();
    } else if (open) {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step !== 0) {
        event.preventDefault();
        setOpen({ ...open, chosen: (open.chosen + step + open.items.length) % open.items.length });
      } else if (event.key === "Tab" || (event.key === "Enter" && open.word.length > 1)) {
        event.preventDefault();
        accept(open.items[open.chosen]!);
      } else if (event.key === "Escape") {
        event.preventDefault();
        setOpen(null);
      } else if (["ArrowLeft", "ArrowRight", "Home", "End", "Enter"].includes(event.key)) {
        setOpen(null);
      }
    }
  };

  const errorUnit = errorAt === null ? -1 : Array.from(value).slice(0, errorAt - 1).join("").length;
  return (
    <div class="editor">
      <pre ref={colours} aria-hidden="true">
        {tokens.map((token) => {
          const isWrong = errorUnit >= token.start && errorUnit < token.start + token.text.length && token.kind !== "space";
          return token.kind === "space" ? token.text : <span key={token.start} class={`t-${token.kind} ${isWrong ? "t-wrong" : ""}`}>{token.text}</span>;
        })}
        {"\n"}
      </pre>
      <textarea
        ref={area}
        value={value}
        rows={8}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        aria-label="Statement, in KNIRVQL or SQL"
        aria-describedby={`${id}-hint`}
        aria-autocomplete="list"
        aria-controls={open ? `${id}-list` : undefined}
        aria-activedescendant={open ? `${id}-${open.chosen}` : undefined}
        onInput={(event) => {
          onChange(event.currentTarget.value);
          requestAnimationFrame(suggest);
        }}
        onKeyDown={onKeyDown}
        onScroll={scrolled}
        onBlur={() => setTimeout(() => setOpen(null), 150)}
        onClick={() => setOpen(null)}
      />
      <span id={`${id}-hint`} class="visually-hidden">
        Control and Enter runs it, Control and Space completes.
      </span>
      {open && (
        <ul class="suggestions" id={`${id}-list`} role="listbox" aria-label="Completions" style={{ left: `${open.left}px`, top: `${open.top}px` }}>
          {open.items.map((item, place) => (
            <li
              key={item.text}
              id={`${id}-${place}`}
              role="option"
              aria-selected={place === open.chosen}
              onMouseDown={(event) => {
                event.preventDefault();
                accept(item);
              }}
            >
              <span>
                <b>{item.text.slice(0, open.word.length)}</b>
                {item.text.slice(open.word.length)}
              </span>
              <small>{item.kind}</small>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

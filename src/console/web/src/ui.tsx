// The parts that pages are made of.

import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Failure, type Report } from "./api";
import { failureOf, type Loaded } from "./hooks";

const ICONS: Record<string, string> = {
  overview: "M3 12h4l3-8 4 16 3-8h4",
  query: "M4 5h16v14H4zM8 10l2.5 2L8 14M13 14.5h3.5",
  collections: "M4 6c0-3.5 16-3.5 16 0v12c0 3.5-16 3.5-16 0zM4 6c0 3.5 16 3.5 16 0M4 12c0 3.5 16 3.5 16 0",
  map: "M5 18a1.6 1.6 0 1 0 .1 0zM9 9a1.6 1.6 0 1 0 .1 0zM16 13a1.6 1.6 0 1 0 .1 0zM18 5a1.6 1.6 0 1 0 .1 0zM13 19a1.6 1.6 0 1 0 .1 0z",
  networks: "M12 5.5a2.2 2.2 0 1 0 .1 0M5.5 16.5a2.2 2.2 0 1 0 .1 0M18.5 16.5a2.2 2.2 0 1 0 .1 0M11 9.6 6.8 16.6M13 9.6l4.3 7M8 18.7h8",
  quarantine: "M12 3l8 3v6c0 4.5-3.2 7.6-8 9-4.8-1.4-8-4.5-8-9V6zM12 8v5M12 16.2v.3",
  activity: "M12 3a9 9 0 1 0 .1 0M12 7v5l3.5 2",
  logs: "M5 4h14v16H5zM8.5 8.500h7M8.5 12h7M8.5 15.500h4",
  sun: "M12 8a4 4 0 1 0 .1 0M12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M18.7 5.300l-1.4 1.400M6.7 17.300l-1.4 1.4",
  moon: "M20 14.500A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.500z",
  out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  play: "M8 5.500v13l10.5-6.500z",
  stop: "M7 7h10v10H7z",
  back: "M14.5 6 8.5 12l6 6",
  next: "M9.5 6l6 6-6 6",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z",
  share: "M12 15V4M8 7.5 12 3.500l4 4M6 12v8h12v-8",
  download: "M12 4v11M8 11.500l4 4 4-4M5 20h14",
  clock: "M12 3a9 9 0 1 0 .1 0M12 7v5l3.5 2",
};

export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={ICONS[name]} />
    </svg>
  );
}

export function Page({ title, lead, actions, children }: { title: ComponentChildren; lead?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren }) {
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

export function Card({ title, actions, children, class: name = "" }: { title?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; class?: string }) {
  return (
    <section class={`card ${name}`}>
      {(title || actions) && (
        <div class="card-head">
          {title && <h2>{title}</h2>}
          {actions && <div class="actions">{actions}</div>}
        </div>
      )}
      {children}
    </section>
  );
}

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { icon?: string; kind?: "primary" | "danger" | "plain" | "quiet"; label?: string };

export function Button({ icon, kind = "plain", label, children, class: name, ...rest }: ButtonProps) {
  return (
    <button type="button" class={`button ${kind} ${children ? "" : "icon-only"} ${name ?? ""}`} aria-label={label} title={label} {...rest}>
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

/** A button whose work takes a moment and may fail. */
export function ActionButton({ work, ...rest }: Omit<ButtonProps, "onClick"> & { work: () => Promise<unknown> }) {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const run = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button {...rest} disabled={isBusy || rest.disabled} aria-busy={isBusy} onClick={run} />
      {failure && (
        <Dialog title="That did not work" onClose={() => setFailure(null)}>
          <ErrorBox failure={failure} />
        </Dialog>
      )}
    </>
  );
}

export function Badge({ tone = "plain", children, title }: { tone?: "plain" | "good" | "warn" | "bad" | "accent"; children: ComponentChildren; title?: string }) {
  return (
    <span class={`badge ${tone}`} title={title}>
      {children}
    </span>
  );
}

const PUBLICITY: Record<string, [string, "plain" | "good" | "warn" | "bad" | "accent", string]> = {
  private: ["private", "plain", "Only this machine knows it."],
  public: ["public", "accent", "The members of its network have it."],
  edited: ["edited", "warn", "The network has an older version; what changed since is private."],
  replaced: ["replaced", "warn", "The network has a former entry of this id, which ended here; this one is private."],
};

/** Who knows an entry. */
export function Publicity({ value, stage }: { value: string | null; stage: string | null }) {
  const [word, tone, title] = PUBLICITY[value ?? "private"] ?? PUBLICITY.private!;
  return (
    <span class="badges">
      <Badge tone={tone} title={title}>
        {word}
      </Badge>
      {stage && (
        <Badge tone="good" title="The next sync posts it to the network.">
          staged
        </Badge>
      )}
    </span>
  );
}

export function ErrorBox({ failure }: { failure: Failure }) {
  return (
    <div class="notice bad" role="alert">
      <strong>{sentence(failure.message)}</strong>
      {failure.hint && <p>{failure.hint}</p>}
    </div>
  );
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** What a server said of a statement, with the line that it is about. */
export function ReportBox({ report, statement }: { report: Report; statement?: string }) {
  const isError = !/NOTICE|INFO|WARNING|LOG|DEBUG/.test(report.severity);
  const place = statement && report.position ? lineAt(statement, report.position) : null;
  return (
    <div class={`notice ${isError ? "bad" : report.severity === "WARNING" ? "warn" : "info"}`} role={isError ? "alert" : "status"}>
      <strong>{sentence(report.message)}</strong> <code class="faint">{report.code === "00000" ? report.severity : report.code}</code>
      {place && (
        <pre class="caret" tabIndex={0} aria-label="The place of the error">
          <span class="faint">{`${place.line} │ `}</span>
          {place.text}
          {"\n"}
          <span class="mark">{`${" ".repeat(String(place.line).length + 3 + place.column)}▲`}</span>
        </pre>
      )}
      {report.detail && <p>{report.detail}</p>}
      {report.hint && <p class="hint">{report.hint}</p>}
    </div>
  );
}

/** The line that holds a character, counted from 1, cut around it where it is long. */
function lineAt(statement: string, position: number): { line: number; text: string; column: number } {
  const characters = Array.from(statement);
  const before = characters.slice(0, position - 1).join("");
  const line = before.split("\n").length;
  const whole = statement.split("\n")[line - 1] ?? "";
  const column = Array.from(before.slice(before.lastIndexOf("\n") + 1)).length;
  const skipped = column > 60 ? column - 40 : 0;
  const text = Array.from(whole).slice(skipped, skipped + 110).join("").replaceAll("\t", " ");
  return { line, text: skipped ? `…${text}` : text, column: column - skipped + (skipped ? 1 : 0) };
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}

/** What is loaded, or that it is being loaded, or why it is not. */
export function Load<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.data !== null) {
    return (
      <>
        {of.error && <ErrorBox failure={of.error} />}
        {children(of.data)}
      </>
    );
  }
  if (of.error) return <ErrorBox failure={of.error} />;
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Loading</span>
      <i /> <i /> <i />
    </div>
  );
}

/** A window before the page; Escape closes it. */
export function Dialog({ title, onClose, children, wide = false }: { title: ComponentChildren; onClose: () => void; children: ComponentChildren; wide?: boolean }) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement as HTMLElement | null;
    if (!dialog.open) dialog.showModal();
    return () => {
      dialog.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? "wide" : ""}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div class="dialog-body">
        <div class="card-head">
          <h2 id={id}>{title}</h2>
          <Button icon="close" kind="quiet" label="Close" onClick={onClose} />
        </div>
        {children}
      </div>
    </dialog>
  );
}

type FieldProps = { label: string; hint?: ComponentChildren; children: (id: string) => ComponentChildren };

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
      {hint && <p class="faint small">{hint}</p>}
    </div>
  );
}

export interface TableColumn<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  isNumber?: boolean;
  /** Not shown on narrow screens. */
  isMinor?: boolean;
}

export function Table<T>({ label, columns, rows, empty }: { label: string; columns: TableColumn<T>[]; rows: T[]; empty?: ComponentChildren }) {
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={`${column.isNumber ? "number" : ""} ${column.isMinor ? "minor" : ""}`}>
                {column.name || <span class="visually-hidden">Actions</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {columns.map((column) => (
                <td key={column.name} class={`${column.isNumber ? "number" : ""} ${column.isMinor ? "minor" : ""}`}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Hands a file to the browser. */
export function download(name: string, type: string, content: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

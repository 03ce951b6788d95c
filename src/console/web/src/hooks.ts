// What pages do again and again: load, poll, and remember.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "./api";

export interface Loaded<T> {
  data: T | null;
  error: Failure | null;
  isLoading: boolean;
  reload: () => void;
}

export const failureOf = (error: unknown) => (error instanceof Failure ? error : new Failure(String((error as Error)?.message ?? error)));

/** Loads, and loads again when `inputs` change and every `interval` milliseconds while the page is seen. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: unknown[], interval = 0): Loaded<T> {
  const [state, setState] = useState<{ data: T | null; error: Failure | null; isLoading: boolean }>({ data: null, error: null, isLoading: true });
  const [round, setRound] = useState(0);
  const known = useRef(inputs);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const isSame = known.current.every((input, place) => input === inputs[place]);
    known.current = inputs;
    // What is shown stays while it is loaded anew, but not while something else is.
    setState((before) => (isSame ? { ...before, isLoading: true } : { data: null, error: null, isLoading: true }));
    const turn = async () => {
      if (!document.hidden || interval === 0) {
        try {
          const data = await load(abort.signal);
          if (!abort.signal.aborted) setState({ data, error: null, isLoading: false });
        } catch (error) {
          if (!abort.signal.aborted) setState((before) => ({ ...before, error: failureOf(error), isLoading: false }));
        }
      }
      if (interval > 0 && !abort.signal.aborted) timer = window.setTimeout(turn, interval);
    };
    void turn();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [...inputs, round, interval]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...state, reload };
}

/** A state that lasts as long as the tab. */
export function useKept<T>(name: string, initial: T): [T, (value: T) => void] {
  const key = `nebulusdb-${name}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const kept = sessionStorage.getItem(key);
      return kept === null ? initial : JSON.parse(kept);
    } catch {
      return initial;
    }
  });
  const set = useCallback(
    (next: T) => {
      setValue(next);
      try {
        sessionStorage.setItem(key, JSON.stringify(next));
      } catch {
        // A full store forgets; the page goes on.
      }
    },
    [key],
  );
  return [value, set];
}

/** The width of an element, as it changes. */
export function useWidth<T extends Element>(): [(element: T | null) => void, number] {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver | null>(null);
  const attach = useCallback((element: T | null) => {
    observer.current?.disconnect();
    if (!element) return;
    observer.current = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.current.observe(element);
  }, []);
  return [attach, width];
}

/** The path behind `#`, in parts. */
export function useRoute(): string[] {
  const parse = () => location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const [route, setRoute] = useState(parse);
  useEffect(() => {
    const listener = () => setRoute(parse());
    addEventListener("hashchange", listener);
    return () => removeEventListener("hashchange", listener);
  }, []);
  return route;
}

export const go = (...parts: string[]) => {
  location.hash = `/${parts.map(encodeURIComponent).join("/")}`;
};

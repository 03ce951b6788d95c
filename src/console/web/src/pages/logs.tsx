// The last lines of the server's log.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Failure, log } from "../api";
import { failureOf } from "../hooks";
import type { PageProps } from "../main";
import { Card, Empty, ErrorBox, Page } from "../ui";

const LINES_MAX = 1000;
const LEVELS = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/** The level of a line, in either form of the log. */
const levelOf = (line: string) => line.match(/"level":"(\w+)"/)?.[1] ?? line.match(/\b(ERROR|WARN|INFO|DEBUG|TRACE)\b/)?.[1] ?? "INFO";

export function Logs(_: PageProps) {
  const [lines, setLines] = useState<string[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [level, setLevel] = useState("TRACE");
  const [wanted, setWanted] = useState("");
  const [follows, setFollows] = useState(true);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let [seen, timer, isOver] = [0, 0, false];
    const turn = async () => {
      try {
        const answer = document.hidden ? { first: seen, lines: [] } : await log(seen);
        if (isOver) return;
        seen = answer.first + answer.lines.length;
        if (answer.lines.length > 0) setLines((before) => [...before, ...answer.lines].slice(-LINES_MAX));
        setFailure(null);
      } catch (error) {
        setFailure(failureOf(error));
      }
      if (!isOver) timer = window.setTimeout(turn, 2000);
    };
    void turn();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  const shown = lines.filter((line) => LEVELS.indexOf(levelOf(line)) <= LEVELS.indexOf(level) && line.toLowerCase().includes(wanted.toLowerCase()));
  useEffect(() => {
    if (follows && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  }, [shown.length, follows]);
  return (
    <Page title="Logs" lead="The last thousand lines since the server started. The whole log goes to its standard error: with systemd, journalctl -u nebulusdb. Values and secrets are never logged.">
      <Card>
        <div class="toolbar">
          <label class="inline">
            Level{" "}
            <select value={level} onChange={(event) => setLevel(event.currentTarget.value)}>
              {LEVELS.map((each) => (
                <option key={each} value={each}>{each === "TRACE" ? "all" : `${each.toLowerCase()} and worse`}</option>
              ))}
            </select>
          </label>
          <input type="search" placeholder="Find in the lines" aria-label="Find in the lines" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
          <label class="inline">
            <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} /> Follow
          </label>
        </div>
        {failure && <ErrorBox failure={failure} />}
        <div class="log" ref={frame} tabIndex={0} role="log" aria-label="Log" aria-live="off">
          {shown.length === 0 ? <Empty title="No lines" /> : shown.map((line, place) => <div key={place} class={`log-${levelOf(line).toLowerCase()}`}>{line}</div>)}
        </div>
      </Card>
    </Page>
  );
}

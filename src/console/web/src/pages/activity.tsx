// Who is connected, what runs, and its end.

import { act, read } from "../api";
import { ago, moment, milliseconds } from "../format";
import { useLoaded } from "../hooks";
import type { PageProps } from "../main";
import { ActionButton, Badge, Card, Empty, Load, Page, Table } from "../ui";

const running = (began: string | null) => {
  const then = moment(began);
  return then ? milliseconds(Math.max(0, Date.now() - then.getTime())) : "–";
};

export function Activity(_: PageProps) {
  const sessions = useLoaded(
    (signal) =>
      read(
        "SELECT pid, application_name, client_addr, client_port, backend_start, query_start, state_change, state, query, pid = pg_backend_pid() AS own FROM pg_stat_activity ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'idle' THEN 2 ELSE 1 END, query_start DESC",
        signal,
      ),
    [],
    2000,
  );
  const tone = (state: string | null) => (state === "active" ? "good" : state?.startsWith("idle in") ? "warn" : "plain");
  return (
    <Page title="Activity" lead="Every connection to this server, with what it runs or ran last. Texts of statements that hold secrets are not shown.">
      <Card>
        <Load of={sessions}>
          {(rows) => (
            <Table
              label="Connections"
              rows={rows.filter((row) => row.own !== "t")}
              empty={<Empty title="Nobody else is connected" />}
              columns={[
                { name: "Process", cell: (row) => row.pid, isNumber: true, isMinor: true },
                { name: "State", cell: (row) => <Badge tone={tone(row.state ?? null)}>{row.state}</Badge> },
                { name: "For", cell: (row) => <span class="nowrap">{row.state === "active" ? running(row.query_start ?? null) : ago(row.state_change ?? null)}</span> },
                { name: "Statement", cell: (row) => <code class="statement" title={row.query ?? ""}>{row.query || "–"}</code> },
                { name: "Program", cell: (row) => row.application_name || "–", isMinor: true },
                { name: "From", cell: (row) => `${row.client_addr}:${row.client_port}`, isMinor: true },
                { name: "Connected", cell: (row) => <span class="nowrap" title={row.backend_start ?? ""}>{ago(row.backend_start ?? null)}</span>, isMinor: true },
                {
                  name: "",
                  cell: (row) =>
                    row.state === "active" && (
                      <ActionButton
                        kind="danger"
                        icon="stop"
                        label={`Cancel what process ${row.pid} runs`}
                        work={async () => {
                          await act(`SELECT pg_cancel_backend(${Number(row.pid)})`);
                          sessions.reload();
                        }}
                      >
                        Cancel
                      </ActionButton>
                    ),
                },
              ]}
            />
          )}
        </Load>
      </Card>
    </Page>
  );
}

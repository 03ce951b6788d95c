// What peers sent that is not taken yet.

import { read } from "../api";
import { ago, peerName } from "../format";
import { useLoaded } from "../hooks";
import type { PageProps } from "../main";
import { Card, Empty, Load, Page, Table } from "../ui";

export function Quarantine(_: PageProps) {
  const waiting = useLoaded((signal) => read("SELECT network, origin, seq, reason, due FROM nebulus.quarantine ORDER BY network, origin, seq LIMIT 1000", signal), [], 3000);
  return (
    <Page title="Quarantine" lead="Deltas that peers sent and that are not merged: one from the future waits until its time has come, one that breaks the chain of its writer until it is mended. What comes after it from the same writer waits behind it.">
      <Card>
        <Load of={waiting}>
          {(rows) => (
            <Table
              label="Deltas in quarantine"
              rows={rows}
              empty={<Empty title="Nothing is in quarantine">Everything that peers sent was checked and merged.</Empty>}
              columns={[
                { name: "Network", cell: (row) => row.network },
                { name: "Written by", cell: (row) => <code class="nowrap" title={row.origin ?? ""}>{peerName(row.origin ?? null)}</code> },
                { name: "Number", cell: (row) => row.seq, isNumber: true },
                { name: "Why", cell: (row) => row.reason },
                { name: "Taken", cell: (row) => <span title={row.due ?? ""}>{ago(row.due ?? null)}</span> },
              ]}
            />
          )}
        </Load>
      </Card>
    </Page>
  );
}

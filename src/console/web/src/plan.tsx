// EXPLAIN as a tree: what PostgreSQL's form of text says by indentation.

import { Badge } from "./ui";

interface Node {
  name: string;
  /** What follows the name on its line. */
  about: string;
  details: string[];
  children: Node[];
  indent: number;
}

export interface Plan {
  roots: Node[];
  summary: string[];
}

const SUMMARY = /^(Planning Time|Execution Time|Actual|Rows)\b/;

export function planOf(lines: string[]): Plan {
  const roots: Node[] = [];
  const summary: string[] = [];
  const path: Node[] = [];
  for (const line of lines) {
    const indent = line.length - line.trimStart().length;
    const text = line.trim().replace(/^->\s+/, "");
    const hasArrow = line.trim().startsWith("->");
    if (!text) continue;
    if (indent <= 1 && SUMMARY.test(text)) {
      summary.push(text);
      continue;
    }
    const engine = text.match(/^(\w+Exec)\b:?\s*(.*)$/);
    if (!engine && !hasArrow && path.length > 0 && /^[A-Z][\w ]*:/.test(text)) {
      path.at(-1)!.details.push(text);
      continue;
    }
    while (path.length > 0 && path.at(-1)!.indent >= indent) path.pop();
    const plain = text.match(/^([^(:]*?)(?:\s+(using .*|on .*)|\s*(\(.*))?$/);
    const node: Node = engine
      ? { name: engine[1]!.replace(/Exec$/, "").replace(/([a-z])([A-Z])/g, "$1 $2"), about: engine[2]!, details: [], children: [], indent }
      : { name: plain?.[1] ?? text, about: plain?.[2] ?? plain?.[3] ?? "", details: [], children: [], indent };
    (path.at(-1)?.children ?? roots).push(node);
    path.push(node);
  }
  return { roots, summary };
}

function Branch({ node }: { node: Node }) {
  return (
    <li>
      <div class="plan-node">
        <strong>{node.name}</strong>
        {node.about && <span class="mono small"> {node.about}</span>}
        {node.details.map((detail) => (
          <div key={detail} class="mono small faint">
            {detail}
          </div>
        ))}
      </div>
      {node.children.length > 0 && (
        <ul>
          {node.children.map((child, place) => (
            <Branch key={place} node={child} />
          ))}
        </ul>
      )}
    </li>
  );
}

export function PlanTree({ lines }: { lines: string[] }) {
  const plan = planOf(lines);
  return (
    <div class="plan-frame" tabIndex={0} role="region" aria-label="Plan">
      <ul class="plan">
        {plan.roots.map((root, place) => (
          <Branch key={place} node={root} />
        ))}
      </ul>
      {plan.summary.length > 0 && (
        <p class="badges">
          {plan.summary.map((line) => (
            <Badge key={line} tone="accent">
              {line}
            </Badge>
          ))}
        </p>
      )}
    </div>
  );
}

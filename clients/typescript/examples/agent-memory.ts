// An agent's memory: facts and vectors, searched together, typed by a schema.
import { createDistributedDb, vector } from "@nebulusdb/client";

const db = createDistributedDb({ temporary: true });
const memories = db.collection("memories", {
  text: { type: "text", notNull: true },
  kind: "text",
  at: "timestamp",
  embedding: vector(4),
});

/** Stands for a model that turns a text into a vector. */
function embed(text: string): number[] {
  const counts = ["weather", "rain", "food", "soup"].map((word) => (text.includes(word) ? 1 : 0.01));
  const length = Math.hypot(...counts);
  return counts.map((count) => count / length);
}

for (const [kind, text] of [
  ["fact", "rain is weather"],
  ["fact", "soup is food"],
  ["wish", "less rain"],
] as const) {
  await memories.insert({ text, kind, at: new Date(), embedding: embed(text) });
}
await memories.createVectorIndex({ metric: "cosine" });

const near = await memories.nearest(embed("how is the weather"), { limit: 2, where: { kind: "fact" } });
console.log(near.map((memory) => memory.text)); // [ 'rain is weather', 'soup is food' ]

// Secrets are kept apart: encrypted, never logged, never shared.
await db.auth.set("weather_api_key", "abc123");
console.log(await db.auth.get("weather_api_key")); // abc123

await db.shutdown();

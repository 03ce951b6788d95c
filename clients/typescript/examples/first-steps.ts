// Documents in a database of this program's own: no server to run, no network, nothing leaves the machine.
import { createDistributedDb } from "@nebulusdb/client";

// The data go with the program. Give { dataDir: "./data" } to keep them.
const db = createDistributedDb({ temporary: true });

interface Note {
  title: string;
  tags: string[];
  stars?: number;
  author?: { name: string };
}
const notes = db.collection<Note>("notes");

await notes.insertBatch([
  { title: "Bloom filters", tags: ["hash", "set"], stars: 4, author: { name: "Burton" } },
  { title: "Cuckoo filters", tags: ["hash"], stars: 5 },
  { title: "Skip lists", tags: ["list"] },
]);

const found = await notes.find({ tags: { $contains: "hash" }, stars: { $gte: 4 } }, { sort: { stars: -1 } });
console.log(found.map((note) => note.title).join(", ")); // Cuckoo filters, Bloom filters

await notes.update({ "author.name": "Burton" }, { $inc: { stars: 1 }, $push: { tags: "classic" }, $unset: { author: 1 } });
const bloom = await notes.findOne({ title: { $regex: /^bloom/i } });
console.log(bloom?.stars, bloom?.tags); // 5 [ 'hash', 'set', 'classic' ]

console.log(await notes.delete({ stars: { $exists: false } }), "deleted,", await notes.count(), "left"); // 1 deleted, 2 left

// The same documents in SQL.
const { rows } = await db.query<{ title: string }>("SELECT metadata->>'title' AS title FROM notes ORDER BY 1");
console.log(rows.map((row) => row.title).join(", ")); // Bloom filters, Cuckoo filters

await db.shutdown();

// Two nodes that share what was staged, and nothing else. Here they are on one machine, and could be anywhere.
import { setTimeout as sleep } from "node:timers/promises";
import { createDistributedDb } from "@nebulusdb/client";

const listen = ["/ip4/127.0.0.1/tcp/0"];
const secret = "correct horse battery";

const alice = createDistributedDb({ temporary: true, distributed: { enabled: true, listen } });
await alice.createNetwork({ networkId: "team", secret });
const hers = alice.collection("ideas");
await alice.addCollectionToNetwork("team", "ideas");

// What Bob needs to join: an address of Alice's node, and the secret.
let { addresses } = await alice.node();
while (addresses.length === 0) {
  await sleep(50);
  ({ addresses } = await alice.node());
}

const bob = createDistributedDb({ temporary: true, distributed: { enabled: true, listen } });
await bob.joinNetwork("team", addresses, { secret });
const his = bob.collection("ideas");
await bob.addCollectionToNetwork("team", "ideas");

await hers.insert({ id: "public", text: "a database for memories" });
await hers.insert({ id: "private", text: "a surprise for Bob" });
await hers.stage({ id: "public" });
await alice.sync("team");

while ((await his.count()) === 0) await sleep(50);
console.log((await his.find()).map((idea) => idea.text)); // [ 'a database for memories' ]

// Each document says who wrote it.
const [idea] = await his.findDistributed();
console.log(idea?._peerId === (await alice.node()).peerId); // true

await Promise.all([alice.shutdown(), bob.shutdown()]);

/**
 * The specification's third suite. The manager belongs to a database here, and has no messages of its own: those are between the
 * servers. What the suite says of messages is said of events.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DistributedDatabase, NetworkManager } from "@nebulusdb/client";
import { networked } from "./servers.js";

const CONFIG = {
  networkId: "test-network",
  name: "Test Network",
  bootstrapPeers: [],
  encryption: { enabled: true },
  replication: { factor: 3, strategy: "full" },
  discovery: { mdns: false, bootstrap: false },
} as const;

describe("NetworkManager", () => {
  let db: DistributedDatabase;
  let manager1: NetworkManager;

  beforeEach(() => {
    db = networked();
    manager1 = db.getNetworkManager();
  });

  afterEach(async () => {
    await db.shutdown();
  });

  it("should initialize network manager", async () => {
    await manager1.initialize();

    const peerId = manager1.getPeerId();
    expect(peerId).toBeTruthy();
    expect(peerId.length).toBeGreaterThan(0);
  });

  it("should create a new network", async () => {
    await manager1.initialize();

    const networkId = await manager1.createNetwork(CONFIG);

    expect(networkId).toBe("test-network");

    const networks = manager1.getNetworks();
    expect(networks).toHaveLength(1);
    expect(networks[0]!.networkId).toBe("test-network");
    expect(networks[0]).toMatchObject({ name: "Test Network", replication: { factor: 3, strategy: "full" }, privateByDefault: true });
  });

  it("should add collection to network", async () => {
    await db.collection("users").ensure();
    const networkId = await manager1.createNetwork(CONFIG);

    await manager1.addCollectionToNetwork(networkId, "users");

    const collections = manager1.getNetworkCollections(networkId);
    expect(collections).toContain("users");
  });

  it("should remove collection from network", async () => {
    await db.collection("users").ensure();
    const networkId = await manager1.createNetwork(CONFIG);

    await manager1.addCollectionToNetwork(networkId, "users");
    await manager1.removeCollectionFromNetwork(networkId, "users");

    const collections = manager1.getNetworkCollections(networkId);
    expect(collections).not.toContain("users");
  });

  it("should leave a network", async () => {
    const networkId = await manager1.createNetwork(CONFIG);

    await manager1.leaveNetwork(networkId);

    const networks = manager1.getNetworks();
    expect(networks).toHaveLength(0);
  });

  it("should get network statistics", async () => {
    const networkId = await manager1.createNetwork(CONFIG);

    const stats = manager1.getNetworkStats(networkId);

    expect(stats).not.toBeNull();
    expect(stats.networkId).toBe(networkId);
    expect(stats.connectedPeers).toBe(0);
    expect(stats.operationsSent).toBe(0);
    expect(() => manager1.getNetworkStats("nowhere")).toThrow('network "nowhere" does not exist');
  });

  it("should hand on events of the manager to the database", async () => {
    const told: unknown[] = [];
    db.on("collection:added", (event) => told.push(event));
    db.on("collection:removed", (event) => told.push(event));
    db.on("network:left", (event) => told.push(event));
    await db.collection("users").ensure();
    await manager1.createNetwork(CONFIG);
    await manager1.addCollectionToNetwork("test-network", "users");
    await manager1.removeCollectionFromNetwork("test-network", "users");
    await manager1.leaveNetwork("test-network");
    const networkId = "test-network";
    expect(told).toEqual([{ networkId, collectionName: "users" }, { networkId, collectionName: "users" }, { networkId }]);
  });

  it("should emit network created event", async () => {
    await manager1.initialize();

    let eventEmitted = false;

    manager1.once("network:created", (data) => {
      eventEmitted = true;
      expect(data.networkId).toBe("test-network");
    });

    await manager1.createNetwork(CONFIG);

    expect(eventEmitted).toBe(true);
  });

  it("should handle multiple networks", async () => {
    await manager1.createNetwork({ ...CONFIG, networkId: "network1", name: "Network 1" });
    await manager1.createNetwork({ ...CONFIG, networkId: "network2", name: "Network 2" });

    const networks = manager1.getNetworks();
    expect(networks).toHaveLength(2);
    expect(networks.map((n) => n.networkId)).toContain("network1");
    expect(networks.map((n) => n.networkId)).toContain("network2");
  });

  it("refuses what it could only ignore", async () => {
    await expect(manager1.createNetwork({ ...CONFIG, encryption: { enabled: false } })).rejects.toMatchObject({ code: "0A000" });
    await expect(manager1.createNetwork({ ...CONFIG, bootstrapPeers: ["/ip4/127.0.0.1/tcp/1"] })).rejects.toMatchObject({ code: "22023" });
    await expect(manager1.joinNetwork("other", [])).rejects.toMatchObject({ code: "22023" });
    await expect(manager1.joinNetwork("other", ["/ip4/127.0.0.1/tcp/1,/ip4/127.0.0.1/tcp/2"], { secret: "long enough" })).rejects.toMatchObject({ code: "22023" });
  });
});

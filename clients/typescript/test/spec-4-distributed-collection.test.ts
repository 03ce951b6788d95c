/** The specification's fourth suite: a collection belongs to a database, and getSyncState() asks the server, so that it waits. */
import { describe, it, expect, beforeEach, afterEach } from 'vitest';
import type { Collection, DistributedDatabase, NetworkManager } from '@nebulusdb/client';
import { networked } from './servers.js';

interface User {
  name?: string;
  age?: number;
}

describe('DistributedCollection', () => {
  let db: DistributedDatabase;
  let networkManager: NetworkManager;
  let collection: Collection<User>;
  let networkId: string;

  beforeEach(async () => {
    db = networked();
    networkManager = db.getNetworkManager();
    await networkManager.initialize();

    networkId = await networkManager.createNetwork({
      networkId: 'test-network',
      name: 'Test Network',
      bootstrapPeers: [],
      encryption: { enabled: true },
      replication: { factor: 3, strategy: 'full' },
      discovery: { mdns: false, bootstrap: false }
    });

    collection = db.collection<User>('users');
  });

  afterEach(async () => {
    await db.shutdown();
  });

  it('should create a distributed collection', () => {
    expect(collection.name).toBe('users');
  });

  it('should attach collection to network', async () => {
    await collection.attachToNetwork(networkId);

    const syncState = await collection.getSyncState();
    expect(syncState).not.toBeNull();
    expect(syncState!.networkId).toBe(networkId);
  });

  it('should detach collection from network', async () => {
    await collection.attachToNetwork(networkId);
    await collection.detachFromNetwork();

    const syncState = await collection.getSyncState();
    expect(syncState).toBeNull();
  });

  it('should insert document and track in operation log', async () => {
    await collection.attachToNetwork(networkId);

    const doc = await collection.insert({ name: 'Alice', age: 30 });

    expect(doc.id).toBeTruthy();
    expect(doc.name).toBe('Alice');
    expect(doc.age).toBe(30);
  });

  it('should update document with distributed tracking', async () => {
    await collection.attachToNetwork(networkId);

    const doc = await collection.insert({ name: 'Bob', age: 25 });
    const updated = await collection.update({ id: doc.id }, { $set: { age: 26 } });

    expect(updated).toBe(1);

    const found = await collection.findOne({ id: doc.id });
    expect(found!.age).toBe(26);
  });

  it('should delete document with distributed tracking', async () => {
    await collection.attachToNetwork(networkId);

    const doc = await collection.insert({ name: 'Charlie', age: 35 });
    const deleted = await collection.delete({ id: doc.id });

    expect(deleted).toBe(1);

    const found = await collection.findOne({ id: doc.id });
    expect(found).toBeNull();
  });

  it('should maintain local functionality without network', async () => {
    const doc = await collection.insert({ name: 'Dave', age: 40 });
    expect(doc.id).toBeTruthy();

    const found = await collection.findOne({ id: doc.id });
    expect(found).not.toBeNull();
    expect(found!.name).toBe('Dave');
  });

  it('should throw error when attaching to non-existent network', async () => {
    await expect(
      collection.attachToNetwork('non-existent-network')
    ).rejects.toThrow();
  });

  it('should throw error when already attached', async () => {
    await collection.attachToNetwork(networkId);

    await expect(
      collection.attachToNetwork(networkId)
    ).rejects.toThrow();
  });

  it('should handle batch operations', async () => {
    await collection.attachToNetwork(networkId);

    const docs = await collection.insertBatch([
      { name: 'User1', age: 20 },
      { name: 'User2', age: 30 },
      { name: 'User3', age: 40 }
    ]);

    expect(docs).toHaveLength(3);

    const all = await collection.find({});
    expect(all).toHaveLength(3);
  });

  it('should force synchronization', async () => {
    await collection.attachToNetwork(networkId);

    await collection.insert({ id: 'a', name: 'Alice' });
    await collection.stage({ id: 'a' });
    expect((await collection.getSyncState())!.stagedEntries).toEqual(['a']);

    await collection.forceSync();

    const syncState = await collection.getSyncState();
    expect(syncState!.stagedEntries).toEqual([]);
    expect(syncState!.localVector).toEqual({ [networkManager.getPeerId()]: 1 });
  });
});

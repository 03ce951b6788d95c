// The usage example of the specification. What differs is the connection: where the package comes from and where the data lie.
import { createDistributedDb } from '@nebulusdb/client';

// Create a distributed database
const db = createDistributedDb({
  temporary: true,
  distributed: {
    enabled: true,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    networkId: 'my-app-network'
  }
});

// Create a network
const networkId = await db.createNetwork({
  networkId: 'consortium-1',
  name: 'Company Consortium',
  bootstrapPeers: []
});

// Create collections
const users = db.collection('users');
const orders = db.collection('orders');

// Attach collections to network
await db.addCollectionToNetwork(networkId, 'users');
await db.addCollectionToNetwork(networkId, 'orders');

// Normal operations work as before
await users.insert({ name: 'Alice', email: 'alice@example.com' });
await orders.insert({ userId: 'alice-id', total: 100 });

// Data syncs automatically across all peers in the network

// Get network statistics
const stats = db.getNetworkManager().getNetworkStats(networkId);
console.log(`Connected peers: ${stats.connectedPeers}`);

// Remove collection from network
await db.removeCollectionFromNetwork('orders');

// Shutdown
await db.shutdown();

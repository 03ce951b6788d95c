# Networks on a node that nobody else has joined yet: what they are made of, how they show, and what is refused.

> SHOW NETWORKS

> SHOW PEERS

> SHOW SYNC

> CREATE NETWORK team WITH (secret = 'correct horse battery', sync_interval_ms = 86400000, mdns = false)

> CREATE NETWORK "Labor" WITH (sync_interval_ms = 86400000, private_by_default = false)

> SHOW NETWORKS

> CREATE NETWORK team

> CREATE NETWORK other WITH (secret = 'short')

> CREATE NETWORK other WITH (max_peers = 5)

> CREATE NETWORK other WITH (sync_interval_ms = 1)

> CREATE NETWORK other WITH (replication = 'leader')

> CREATE NETWORK other WITH (posting_url = 'ftp://graph.example')

> JOIN NETWORK other AT '/ip4/127.0.0.1/tcp/4001'

> JOIN NETWORK other AT 'localhost:4001' WITH (secret = 'correct horse battery')

> ATTACH COLLECTION memory TO NETWORK team

> ATTACH COLLECTION memory TO NETWORK "Labor"

> ATTACH COLLECTION auth TO NETWORK team

> ATTACH COLLECTION nothing TO NETWORK team

> ATTACH COLLECTION memory TO NETWORK nowhere

> ATTACH COLLECTION memory TO NETWORK team WITH (mdns = true)

> CREATE TABLE note (id int PRIMARY KEY, word text)

> ATTACH COLLECTION note TO NETWORK "Labor" WITH (private_by_default = true)

> DROP TABLE note

# Staging

> INSERT INTO memory (id, metadata) VALUES ('a', '{"topic": "weather"}'), ('b', '{"topic": "weather"}'), ('c', '{"topic": "mail"}')

> INSERT INTO note VALUES (1, 'one'), (2, 'two')

> STAGE MEMORY WHERE metadata.topic = "weather" FOR NETWORK team

> STAGE MEMORY WHERE id = "c" FOR NETWORK "Labor"

> STAGE MEMORY WHERE id = "c" FOR NETWORK nowhere

> UPDATE memory SET _stage = 'post-pending' WHERE id = 'c'

> UPDATE memory SET _stage = 'soon' WHERE id = 'c'

> UPDATE note SET _stage = 'post-pending' WHERE id = 1

> SELECT id, _stage FROM memory ORDER BY id

> SELECT * FROM nebulus.staged ORDER BY collection, id

> UPDATE memory SET _stage = NULL WHERE id = 'c'

> UNSTAGE MEMORY WHERE id = "b"

> SELECT nebulus_stage('note', 'id = 2 OR word = "three"')

> SELECT nebulus_unstage('note', 'id = 2') AS taken_back

> SELECT * FROM nebulus.staged ORDER BY collection, id

> REVERT MEMORY WHERE id = "a"

> SHOW SYNC

# The schema nebulus

> SELECT length(peer_id) > 40 AS long, peer_id = nebulus_peer_id() AS own FROM nebulus.node

> SELECT name, epoch, bootstrap, collections, total_peers, staged, sync_in_progress, leaving FROM nebulus.networks

> SELECT name, options->>'sync_interval_ms' AS every, options->>'replication' AS kept FROM nebulus.networks ORDER BY name

> SELECT * FROM nebulus.peers

> SELECT network, total_peers, collections_shared, operations_sent, average_latency FROM nebulus.network_stats

> SELECT * FROM nebulus.quarantine

> SELECT table_name, table_type, is_insertable_into FROM information_schema.tables WHERE table_schema = 'nebulus' ORDER BY 1

> SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'nebulus' AND table_name = 'peers' ORDER BY ordinal_position

> SELECT 'nebulus.staged'::regclass, to_regclass('staged')

> SELECT * FROM staged

> SELECT * FROM nebulus.nothing

> INSERT INTO nebulus.networks (name) VALUES ('x')

> DELETE FROM nebulus.staged

> CREATE TABLE nebulus.mine (id int)

# Changing

> ALTER NETWORK team SET (log_age_max_s = 3600, auto_post_classifications = 'Error, Idea')

> SELECT options FROM nebulus.networks WHERE name = 'team'

> ALTER NETWORK team SET (secret = 'another secret text')

> ALTER NETWORK team REMOVE PEER 12D3KooWNobodyWeKnow

> ALTER NETWORK team REMOVE PEER 'not an id'

> SELECT network, peer_id, connected, removed FROM nebulus.peers

> ALTER NETWORK team ROTATE SECRET 'another secret text'

> SELECT name, epoch FROM nebulus.networks ORDER BY name

> SELECT nebulus_network_secret('team')

> SELECT nebulus_network_secret('nowhere')

> ALTER NETWORK nowhere ROTATE SECRET

# As functions

> SELECT nebulus_create_network('graph', '{"posting_url": "http://127.0.0.1:9", "sync_interval_ms": 86400000}')

> SELECT nebulus_alter_network('graph', '{"auto_post_classifications": ["Error", "Context"]}')

> SELECT nebulus_create_network('graph')

> SELECT nebulus_create_network('other', '{"secret": "hush hush hush", "unknown": 1}')

> SELECT nebulus_create_network('other', '{"secret": 12345678}')

> SELECT nebulus_create_network('other', '{"secret": hush}')

> SELECT nebulus_join_network('other', '/ip4/127.0.0.1/tcp/1, nowhere', '{"secret": "hush hush hush"}')

> SELECT nebulus_detach('note', 'Labor'), 1

> SELECT nebulus_detach('note')

> SELECT nebulus_detach('note', 'Labor')

> SELECT nebulus_attach('note', 'graph', '{"private_by_default": false}')

> SELECT nebulus_leave_network(NULL)

> SELECT nebulus_stage('note', 'word =')

> SELECT name, collections, options->'auto_post_classifications' AS classes FROM nebulus.networks WHERE name = 'graph'

# Transactions

> BEGIN; CREATE NETWORK brief; ATTACH COLLECTION note TO NETWORK brief; ROLLBACK

> BEGIN; CREATE NETWORK brief; SELECT name FROM nebulus.networks ORDER BY name; ROLLBACK

> BEGIN; SYNC

> ROLLBACK

> SELECT 1; SYNC

> SYNC NETWORK nowhere

> EXPLAIN SYNC

> EXPLAIN ANALYZE SYNC

> EXPLAIN SHOW PEERS

> EXPLAIN ALTER NETWORK team ROTATE SECRET 'never shown at all'

> DETACH COLLECTION memory FROM NETWORK "Labor"

> LEAVE NETWORK nowhere

# Networks on a node that nobody else has joined yet: what they are made of, how they show, and what is refused.

> SHOW NETWORKS
 name | epoch | is_owner | collections | connected_peers | total_peers | staged | last_sync | last_error
------+-------+----------+-------------+-----------------+-------------+--------+-----------+------------
(0 rows)

> SHOW PEERS
 network | peer_id | connected | latency_ms | last_seen | behind_deltas | behind_ms | ahead_deltas | refused | head_signed | author
---------+---------+-----------+------------+-----------+---------------+-----------+--------------+---------+-------------+--------
(0 rows)

> SHOW SYNC
 network | collection | origin | seq | staged_entries | last_sync | sync_in_progress | trouble
---------+------------+--------+-----+----------------+-----------+------------------+---------
(0 rows)

> CREATE NETWORK team WITH (secret = 'correct horse battery', sync_interval_ms = 86400000, mdns = false)
CREATE NETWORK

> CREATE NETWORK "Labor" WITH (sync_interval_ms = 86400000, private_by_default = false)
CREATE NETWORK

> SHOW NETWORKS
 name  | epoch | is_owner | collections | connected_peers | total_peers | staged | last_sync | last_error
-------+-------+----------+-------------+-----------------+-------------+--------+-----------+------------
 Labor |     1 | t        | {}          |               0 |           1 |      0 | NULL      | NULL
 team  |     1 | t        | {}          |               0 |           1 |      0 | NULL      | NULL
(2 rows)

> CREATE NETWORK team
ERROR 42710: network "team" already exists
HINT: LEAVE NETWORK forgets it; ALTER NETWORK changes its options.

> CREATE NETWORK other WITH (secret = 'short')
ERROR 22023: the secret of a network has 5 bytes, allowed are 8 to 1024

> CREATE NETWORK other WITH (max_peers = 5)
ERROR 22023: unrecognized option "max_peers"
HINT: The options are secret, owner, sync_interval_ms, private_by_default, auto_post_classifications, posting_url, replication, replication_factor, keep_own, mdns, log_bytes_max, log_age_max_s, max_clock_drift_ms, messages_per_second_max, stability_timeout_s.

> CREATE NETWORK other WITH (sync_interval_ms = 1)
ERROR 22023: invalid value for option "sync_interval_ms": 1
HINT: It takes a whole number from 10 to 86400000.

> CREATE NETWORK other WITH (replication = 'leader')
ERROR 0A000: replication = 'leader' is not offered yet
HINT: Use replication = 'full', where each member holds every posted entry, or 'partial', where each entry has replication_factor copies.

> CREATE NETWORK other WITH (posting_url = 'ftp://graph.example')
ERROR 22023: invalid value for option "posting_url": "ftp://graph.example"
HINT: It takes a URL such as https://graph.example:8080.

> JOIN NETWORK other AT '/ip4/127.0.0.1/tcp/4001'
ERROR 22023: the secret of network "other" is missing
HINT: Add WITH (secret = '…'); a member learns it by SELECT nebulus_network_secret('name').

> JOIN NETWORK other AT 'localhost:4001' WITH (secret = 'correct horse battery')
ERROR 22023: "localhost:4001" is no address of a peer: it does not begin with a slash
HINT: An address is written as /ip4/203.0.113.7/udp/4001/quic-v1/p2p/12D3KooW…; nebulus.node shows a peer's own.

> ATTACH COLLECTION memory TO NETWORK team
ATTACH COLLECTION

> ATTACH COLLECTION memory TO NETWORK "Labor"
ERROR 55006: collection "memory" is attached to network "team" already
HINT: A collection takes part in one network. DETACH COLLECTION first.

> ATTACH COLLECTION auth TO NETWORK team
ERROR 42501: AUTH entries never leave this node

> ATTACH COLLECTION nothing TO NETWORK team
ERROR 42P01: relation "nothing" does not exist

> ATTACH COLLECTION memory TO NETWORK nowhere
ERROR 42704: network "nowhere" does not exist
HINT: SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.

> ATTACH COLLECTION memory TO NETWORK team WITH (mdns = true)
ERROR 22023: unrecognized option "mdns"
HINT: The options are private_by_default, writers, deleters.

> CREATE TABLE note (id int PRIMARY KEY, word text)
CREATE TABLE

> ATTACH COLLECTION note TO NETWORK "Labor" WITH (private_by_default = true)
ATTACH COLLECTION

> DROP TABLE note
ERROR 55006: cannot drop table note because it is attached to network "Labor"
HINT: DETACH COLLECTION note FROM NETWORK "Labor" first.

# Staging

> INSERT INTO memory (id, metadata) VALUES ('a', '{"topic": "weather"}'), ('b', '{"topic": "weather"}'), ('c', '{"topic": "mail"}')
INSERT 0 3

> INSERT INTO note VALUES (1, 'one'), (2, 'two')
INSERT 0 2

> STAGE MEMORY WHERE metadata.topic = "weather" FOR NETWORK team
STAGE 2

> STAGE MEMORY WHERE id = "c" FOR NETWORK "Labor"
ERROR 55006: collection "memory" is attached to network "team", not to "Labor"
HINT: Leave FOR NETWORK out, or copy the entries to a collection of that network.

> STAGE MEMORY WHERE id = "c" FOR NETWORK nowhere
ERROR 42704: network "nowhere" does not exist
HINT: SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.

> UPDATE memory SET _stage = 'post-pending' WHERE id = 'c'
UPDATE 1

> UPDATE memory SET _stage = 'soon' WHERE id = 'c'
ERROR 22023: invalid value for _stage: "soon"
HINT: 'post-pending' marks the entry for publication, NULL takes the mark back.

> UPDATE note SET _stage = 'post-pending' WHERE id = 1
UPDATE 1

> SELECT id, _stage FROM memory ORDER BY id
 id |    _stage
----+--------------
 a  | post-pending
 b  | post-pending
 c  | post-pending
(3 rows)

> SELECT * FROM nebulus.staged ORDER BY collection, id
 network | collection | id
---------+------------+----
 team    | memory     | a
 team    | memory     | b
 team    | memory     | c
 Labor   | note       | 1
(4 rows)

> UPDATE memory SET _stage = NULL WHERE id = 'c'
UPDATE 1

> UNSTAGE MEMORY WHERE id = "b"
UNSTAGE 1

> SELECT nebulus_stage('note', 'id = 2 OR word = "three"')
 nebulus_stage
---------------
             1
(1 row)

> SELECT nebulus_unstage('note', 'id = 2') AS taken_back
 taken_back
------------
          1
(1 row)

> SELECT * FROM nebulus.staged ORDER BY collection, id
 network | collection | id
---------+------------+----
 team    | memory     | a
 Labor   | note       | 1
(2 rows)

> REVERT MEMORY WHERE id = "a"
REVERT 0

> SHOW SYNC
 network | collection | origin | seq  | staged_entries | last_sync | sync_in_progress | trouble
---------+------------+--------+------+----------------+-----------+------------------+---------
 Labor   | note       | NULL   | NULL |              1 | NULL      | f                | NULL
 team    | memory     | NULL   | NULL |              1 | NULL      | f                | NULL
(2 rows)

# The schema nebulus

> SELECT length(peer_id) > 40 AS long, peer_id = nebulus_peer_id() AS own FROM nebulus.node
 long | own
------+-----
 t    | t
(1 row)

> SELECT name, epoch, bootstrap, collections, total_peers, staged, sync_in_progress, leaving FROM nebulus.networks
 name  | epoch | bootstrap | collections | total_peers | staged | sync_in_progress | leaving
-------+-------+-----------+-------------+-------------+--------+------------------+---------
 Labor |     1 | {}        | {note}      |           1 |      1 | f                | f
 team  |     1 | {}        | {memory}    |           1 |      1 | f                | f
(2 rows)

> SELECT name, options->>'sync_interval_ms' AS every, options->>'replication' AS kept FROM nebulus.networks ORDER BY name
 name  |  every   | kept
-------+----------+------
 Labor | 86400000 | full
 team  | 86400000 | full
(2 rows)

> SELECT * FROM nebulus.peers
 network | peer_id | addresses | connected | latency_ms | last_seen | collections | behind_deltas | behind_ms | ahead_deltas | banned_until | removed | refused | head_signed | author
---------+---------+-----------+-----------+------------+-----------+-------------+---------------+-----------+--------------+--------------+---------+---------+-------------+--------
(0 rows)

> SELECT network, total_peers, collections_shared, operations_sent, average_latency FROM nebulus.network_stats
 network | total_peers | collections_shared | operations_sent | average_latency
---------+-------------+--------------------+-----------------+-----------------
 Labor   |           1 |                  1 |               0 |            NULL
 team    |           1 |                  1 |               0 |            NULL
(2 rows)

> SELECT * FROM nebulus.quarantine
 network | origin | seq | reason | due
---------+--------+-----+--------+-----
(0 rows)

> SELECT table_name, table_type, is_insertable_into FROM information_schema.tables WHERE table_schema = 'nebulus' ORDER BY 1
   table_name   | table_type | is_insertable_into
----------------+------------+--------------------
 network_stats  | BASE TABLE | NO
 networks       | BASE TABLE | NO
 node           | BASE TABLE | NO
 peers          | BASE TABLE | NO
 posted         | BASE TABLE | NO
 quarantine     | BASE TABLE | NO
 staged         | BASE TABLE | NO
 sync_state     | BASE TABLE | NO
 vector_indexes | BASE TABLE | NO
(9 rows)

> SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'nebulus' AND table_name = 'peers' ORDER BY ordinal_position
  column_name  |        data_type
---------------+--------------------------
 network       | text
 peer_id       | text
 addresses     | ARRAY
 connected     | boolean
 latency_ms    | double precision
 last_seen     | timestamp with time zone
 collections   | ARRAY
 behind_deltas | bigint
 behind_ms     | bigint
 ahead_deltas  | bigint
 banned_until  | timestamp with time zone
 removed       | boolean
 refused       | text
 head_signed   | timestamp with time zone
 author        | text
(15 rows)

> SELECT 'nebulus.staged'::regclass, to_regclass('staged')
    regclass    | to_regclass
----------------+-------------
 nebulus.staged | NULL
(1 row)

> SELECT * FROM staged
ERROR 42P01: relation "staged" does not exist
LINE 1: SELECT * FROM staged
                      ^

> SELECT * FROM nebulus.nothing
ERROR 42P01: relation "nebulus.nothing" does not exist
LINE 1: SELECT * FROM nebulus.nothing
                      ^

> INSERT INTO nebulus.networks (name) VALUES ('x')
ERROR 42501: permission denied: "networks" is a system catalog
LINE 1: INSERT INTO nebulus.networks (name) VALUES ('x')
                    ^

> DELETE FROM nebulus.staged
ERROR 42501: permission denied: "staged" is a system catalog
LINE 1: DELETE FROM nebulus.staged
                    ^

> CREATE TABLE nebulus.mine (id int)
ERROR 42501: permission denied for schema nebulus
LINE 1: CREATE TABLE nebulus.mine (id int)
                     ^

# Changing

> ALTER NETWORK team SET (log_age_max_s = 3600, auto_post_classifications = 'Error, Idea')
ALTER NETWORK

> SELECT options FROM nebulus.networks WHERE name = 'team'
                                                                                                                                                                               options
---------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------
 {"mdns": false, "keep_own": true, "posting_url": null, "replication": "full", "log_age_max_s": 3600, "log_bytes_max": 268435456, "sync_interval_ms": 86400000, "max_clock_drift_ms": 300000, "private_by_default": true, "replication_factor": 3, "stability_timeout_s": 2592000, "messages_per_second_max": 10000, "auto_post_classifications": ["Error", "Idea"]}
(1 row)

> ALTER NETWORK team SET (secret = 'another secret text')
ERROR 22023: the secret of a network is no option to set
HINT: ALTER NETWORK name ROTATE SECRET gives it a new one, and a new key.

> ALTER NETWORK team REMOVE PEER 12D3KooWNobodyWeKnow
ERROR 22023: "12D3KooWNobodyWeKnow" is no id of a peer
HINT: SHOW PEERS lists them: 52 characters that begin with 12D3KooW.

> ALTER NETWORK team REMOVE PEER 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we
ALTER NETWORK

> ALTER NETWORK team REMOVE PEER 'not an id'
ERROR 22023: "not an id" is no id of a peer
HINT: SHOW PEERS lists them: 52 characters that begin with 12D3KooW.

> SELECT network, peer_id, connected, removed FROM nebulus.peers
 network |                       peer_id                        | connected | removed
---------+------------------------------------------------------+-----------+---------
 team    | 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we | f         | t
(1 row)

> ALTER NETWORK team EXCUSE PEER 12D3KooWNobodyWeKnow
ERROR 22023: "12D3KooWNobodyWeKnow" is no id of a peer
HINT: SHOW PEERS lists them: 52 characters that begin with 12D3KooW.

> ALTER NETWORK team REVERT PEER 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we SINCE 'sometime'
ERROR 22007: invalid input syntax for type timestamp with time zone: "sometime"

> ALTER NETWORK team ALTER COLLECTION auth SET (writers = 'author')
ERROR 42704: collection "auth" is not attached to network "team"

> ALTER NETWORK team ADD OWNER 12D3KooWNobodyWeKnow
ERROR 22023: "12D3KooWNobodyWeKnow" is no id of a peer
HINT: SHOW PEERS lists them: 52 characters that begin with 12D3KooW.

> ALTER NETWORK team DROP OWNER 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we
ERROR 42704: 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we is no owner of network "team"
HINT: nebulus.networks lists the owners.

> ALTER NETWORK team LINK PEER 'not an id'
ERROR 22023: "not an id" is no id of a peer
HINT: SHOW PEERS lists them: 52 characters that begin with 12D3KooW.

> ALTER NETWORK team LINK PEER 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we
ERROR 42501: 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we was removed from network "team"
HINT: A removed key acts as nobody any more: link a device that takes part.

> ALTER NETWORK team UNLINK PEER 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we
ERROR 42704: this node and 12D3KooWNYXmEn8zRDRJDQ69JMhc8PmZPfs4mPxYQaJmV5p8w3we are not linked in network "team"
HINT: nebulus.peers shows to which author each peer belongs.

> ALTER NETWORK team LINK PEER 12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu
NOTICE: 12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu is linked once it has linked this node as well
ALTER NETWORK

> SELECT nebulus_author('team', '12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu')
                    nebulus_author
------------------------------------------------------
 12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu
(1 row)

> SELECT nebulus_author('nowhere', '12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu')
ERROR 42704: network "nowhere" does not exist
HINT: SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.

> SELECT nebulus_unlink_peer('team', '12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu')
 nebulus_unlink_peer
---------------------
 ''
(1 row)

> SELECT name, founder = nebulus_peer_id() AS own, owners = ARRAY[nebulus_peer_id()] AS alone, is_owner FROM nebulus.networks ORDER BY name
 name  | own | alone | is_owner
-------+-----+-------+----------
 Labor | t   | t     | t
 team  | t   | t     | t
(2 rows)

> ALTER NETWORK team ROTATE SECRET 'another secret text'
ALTER NETWORK

> SELECT name, epoch FROM nebulus.networks ORDER BY name
 name  | epoch
-------+-------
 Labor |     1
 team  |     3
(2 rows)

> SELECT nebulus_network_secret('team')
 nebulus_network_secret
------------------------
 another secret text
(1 row)

> SELECT nebulus_network_secret('nowhere')
ERROR 42704: network "nowhere" does not exist
HINT: SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.

> ALTER NETWORK nowhere ROTATE SECRET
ERROR 42704: network "nowhere" does not exist
HINT: SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.

# As functions

> SELECT nebulus_create_network('graph', '{"posting_url": "http://127.0.0.1:9", "sync_interval_ms": 86400000}')
 nebulus_create_network
------------------------
 ''
(1 row)

> SELECT nebulus_alter_network('graph', '{"auto_post_classifications": ["Error", "Context"]}')
 nebulus_alter_network
-----------------------
 ''
(1 row)

> SELECT nebulus_create_network('graph')
ERROR 42710: network "graph" already exists
HINT: LEAVE NETWORK forgets it; ALTER NETWORK changes its options.

> SELECT nebulus_create_network('other', '{"secret": "hush hush hush", "unknown": 1}')
ERROR 22023: unrecognized option "unknown"
HINT: The options are secret, owner, sync_interval_ms, private_by_default, auto_post_classifications, posting_url, replication, replication_factor, keep_own, mdns, log_bytes_max, log_age_max_s, max_clock_drift_ms, messages_per_second_max, stability_timeout_s.

> SELECT nebulus_create_network('other', '{"secret": 12345678}')
ERROR 42601: the option secret takes a text
HINT: Put the value in quotes.

> SELECT nebulus_create_network('other', '{"secret": hush}')
ERROR 22P02: invalid input syntax for type json

> SELECT nebulus_join_network('other', '/ip4/127.0.0.1/tcp/1, nowhere', '{"secret": "hush hush hush"}')
ERROR 22023: "nowhere" is no address of a peer: it does not begin with a slash
HINT: An address is written as /ip4/203.0.113.7/udp/4001/quic-v1/p2p/12D3KooW…; nebulus.node shows a peer's own.

> SELECT nebulus_detach('note', 'Labor'), 1
ERROR 0A000: nebulus_detach() within a larger query is not offered
HINT: Use SELECT nebulus_detach(…) by itself.

> SELECT nebulus_detach('note')
ERROR 42883: function nebulus_detach() does not exist
DETAIL: It takes (text, text), and was given 1 arguments.
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT nebulus_detach('note', 'Labor')
 nebulus_detach
----------------
 ''
(1 row)

> SELECT nebulus_attach('note', 'graph', '{"private_by_default": false}')
 nebulus_attach
----------------
 ''
(1 row)

> SELECT nebulus_leave_network(NULL)
ERROR 22023: argument 1 of nebulus_leave_network() is not a text

> SELECT nebulus_stage('note', 'word =')
ERROR 42601: expected a value after "=", found the end of the statement
HINT: Text stands in quotes: "text".

> SELECT name, collections, options->'auto_post_classifications' AS classes FROM nebulus.networks WHERE name = 'graph'
 name  | collections |       classes
-------+-------------+----------------------
 graph | {note}      | ["Error", "Context"]
(1 row)

# Transactions

> CREATE TABLE word (id int PRIMARY KEY)
CREATE TABLE

> BEGIN; CREATE NETWORK brief; ATTACH COLLECTION word TO NETWORK brief; ROLLBACK
BEGIN
CREATE NETWORK
ATTACH COLLECTION
ROLLBACK

> BEGIN; CREATE NETWORK brief; SELECT name FROM nebulus.networks ORDER BY name; ROLLBACK
BEGIN
CREATE NETWORK
 name
-------
 Labor
 brief
 graph
 team
(4 rows)
ROLLBACK

> BEGIN; SYNC
BEGIN
ERROR 25001: SYNC cannot run inside a transaction block
HINT: End the transaction, and send SYNC by itself.

> ROLLBACK
ROLLBACK

> SELECT 1; SYNC
 ?column?
----------
        1
(1 row)
ERROR 25001: SYNC cannot run inside a transaction block
HINT: End the transaction, and send SYNC by itself.

> SYNC NETWORK nowhere
ERROR 42704: network "nowhere" does not exist
HINT: SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.

> EXPLAIN SYNC
 QUERY PLAN
------------
 Sync
(1 row)

> EXPLAIN ANALYZE SYNC
ERROR 0A000: EXPLAIN ANALYZE SYNC is not offered
HINT: Run SYNC, and then SHOW SYNC.

> EXPLAIN SHOW PEERS
      QUERY PLAN
-----------------------
 Scan on nebulus.peers
(1 row)

> EXPLAIN ALTER NETWORK team ROTATE SECRET 'never shown at all'
  QUERY PLAN
---------------
 ALTER NETWORK
(1 row)

> DETACH COLLECTION memory FROM NETWORK "Labor"
ERROR 42704: collection "memory" is not attached to network "Labor"

> LEAVE NETWORK nowhere
ERROR 42704: network "nowhere" does not exist
HINT: SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.

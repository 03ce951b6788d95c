# The default collection: facts in metadata, a vector, system columns, and memory_facts for tools that want columns.

> INSERT INTO memory (id, metadata, vector) VALUES ('a', '{"source": "web-scrape", "size": 3, "tags": ["x", "y"]}', '[1,0,0]'), ('b', '{"source": "mail", "size": 2.5}', '[0,1,0]'), ('c', '{"source": "web-scrape"}', NULL)
INSERT 0 3

> SELECT * FROM memory ORDER BY id
 id |                        metadata                         | vector  | blob_hash | blob_size | blob_type
----+---------------------------------------------------------+---------+-----------+-----------+-----------
 a  | {"size": 3, "tags": ["x", "y"], "source": "web-scrape"} | [1,0,0] | NULL      |      NULL | NULL
 b  | {"size": 2.5, "source": "mail"}                         | [0,1,0] | NULL      |      NULL | NULL
 c  | {"source": "web-scrape"}                                | NULL    | NULL      |      NULL | NULL
(3 rows)

> SELECT id, metadata ->> 'source' AS source FROM memory WHERE metadata @> '{"source": "web-scrape"}' ORDER BY id
 id |   source
----+------------
 a  | web-scrape
 c  | web-scrape
(2 rows)

> SELECT id, _entry_type, _stage FROM memory WHERE id = 'a'
 id | _entry_type | _stage
----+-------------+--------
 a  | MEMORY      | NULL
(1 row)

> SELECT _peer_id = (SELECT _peer_id FROM memory WHERE id = 'b') AS same_peer, _timestamp > now() - interval '1 hour' AS recent, jsonb_typeof(_vector_clock) AS clock FROM memory WHERE id = 'a'
 same_peer | recent | clock
-----------+--------+--------
 t         | t      | object
(1 row)

> SELECT * FROM memory_facts ORDER BY id
 id | size |   source   |    tags
----+------+------------+------------
 a  |    3 | web-scrape | ["x", "y"]
 b  |  2.5 | mail       | NULL
 c  | NULL | web-scrape | NULL
(3 rows)

> SELECT source, count(*), sum(size) FROM memory_facts GROUP BY source ORDER BY source
   source   | count | sum
------------+-------+-----
 mail       |     1 | 2.5
 web-scrape |     2 |   3
(2 rows)

> INSERT INTO memory (id, metadata) VALUES ('d', '{"colour": "red", "size": 1}')
INSERT 0 1

> SELECT id, colour, size FROM memory_facts WHERE colour IS NOT NULL
 id | colour | size
----+--------+------
 d  | red    |    1
(1 row)

> SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'memory_facts' ORDER BY ordinal_position
 column_name |    data_type
-------------+------------------
 id          | text
 colour      | text
 size        | double precision
 source      | text
 tags        | jsonb
(5 rows)

> UPDATE memory SET metadata = metadata || '{"size": 4}' WHERE id = 'a'
UPDATE 1

> SELECT metadata FROM memory WHERE id = 'a'
                        metadata
---------------------------------------------------------
 {"size": 4, "tags": ["x", "y"], "source": "web-scrape"}
(1 row)

> UPDATE memory SET metadata = metadata - 'tags' WHERE id = 'a' RETURNING metadata
              metadata
-------------------------------------
 {"size": 4, "source": "web-scrape"}
(1 row)
UPDATE 1

> INSERT INTO memory (id, metadata) VALUES ('a', '{}') ON CONFLICT (id) DO UPDATE SET metadata = memory.metadata || excluded.metadata RETURNING id, metadata
 id |              metadata
----+-------------------------------------
 a  | {"size": 4, "source": "web-scrape"}
(1 row)
INSERT 0 1

> INSERT INTO memory (id) VALUES ('a')
ERROR 23505: duplicate key value violates unique constraint "memory_pkey"
DETAIL: Key (id)=(a) already exists.

> INSERT INTO memory (id, metadata) VALUES ('e', '[1, 2]')
ERROR 22P02: metadata must be a JSON object
DETAIL: Its keys are the facts of the entry.

> INSERT INTO memory (id, vector) VALUES ('e', '[1,2]')
ERROR 22000: expected 3 dimensions, not 2
DETAIL: Column "vector" holds vectors of 3 dimensions.

> SELECT id FROM memory WHERE vector IS NOT NULL ORDER BY vector <=> '[1,0.2,0]' LIMIT 2
 id
----
 a
 b
(2 rows)

> SELECT id, blob_hash, blob_size, blob_type FROM memory WHERE id = 'a'
 id | blob_hash | blob_size | blob_type
----+-----------+-----------+-----------
 a  | NULL      |      NULL | NULL
(1 row)

> DELETE FROM memory WHERE metadata ->> 'source' = 'mail'
DELETE 1

> SELECT count(*) FROM memory
 count
-------
     3
(1 row)

> CREATE INDEX memory_source ON memory ((metadata ->> 'source'))
CREATE INDEX

> EXPLAIN SELECT id FROM memory WHERE metadata ->> 'source' = 'web-scrape'
                QUERY PLAN
------------------------------------------
 Index Scan using memory_source on memory
   Filter: on each entry
(2 rows)

> SELECT id FROM memory WHERE metadata ->> 'source' = 'web-scrape' ORDER BY id
 id
----
 a
 c
(2 rows)

> DROP TABLE memory
ERROR 42501: cannot drop table memory because it is a default collection
HINT: DELETE FROM memory empties it.

> UPDATE memory SET _peer_id = 'x' WHERE id = 'a'
ERROR 0A000: cannot assign to system column "_peer_id"
LINE 1: UPDATE memory SET _peer_id = 'x' WHERE id = 'a'
                          ^
HINT: The server writes it with each change.

> INSERT INTO memory_facts (id) VALUES ('z')
ERROR 0A000: cannot write to view "memory_facts"
LINE 1: INSERT INTO memory_facts (id) VALUES ('z')
                    ^
HINT: Write to memory: its column metadata holds the facts.

# Another key takes all of an entry along.
> SET MEMORY id = 'k1' metadata = {name: "k", size: 2.50} vector = [1, 2, 3] blob = 'bytes'
SET

> UPDATE memory SET _stage = 'post-pending' WHERE id = 'k1'
UPDATE 1

> UPDATE memory SET id = 'k2', metadata = metadata || '{"more": true}' WHERE id = 'k1'
UPDATE 1

> SELECT id, metadata, vector, blob_size, blob(id) AS blob, _stage FROM memory WHERE id LIKE 'k%'
 id |                 metadata                 | vector  | blob_size |     blob     |    _stage
----+------------------------------------------+---------+-----------+--------------+--------------
 k2 | {"more": true, "name": "k", "size": 2.5} | [1,2,3] |         5 | \x6279746573 | post-pending
(1 row)

> SELECT id FROM memory ORDER BY vector <-> '[1,2,3]' LIMIT 1
 id
----
 k2
(1 row)

# The default collection: facts in metadata, a vector, system columns, and memory_facts for tools that want columns.

> INSERT INTO memory (id, metadata, vector) VALUES ('a', '{"source": "web-scrape", "size": 3, "tags": ["x", "y"]}', '[1,0,0]'), ('b', '{"source": "mail", "size": 2.5}', '[0,1,0]'), ('c', '{"source": "web-scrape"}', NULL)

> SELECT * FROM memory ORDER BY id

> SELECT id, metadata ->> 'source' AS source FROM memory WHERE metadata @> '{"source": "web-scrape"}' ORDER BY id

> SELECT id, _entry_type, _stage FROM memory WHERE id = 'a'

> SELECT _peer_id = (SELECT _peer_id FROM memory WHERE id = 'b') AS same_peer, _timestamp > now() - interval '1 hour' AS recent, jsonb_typeof(_vector_clock) AS clock FROM memory WHERE id = 'a'

> SELECT * FROM memory_facts ORDER BY id

> SELECT source, count(*), sum(size) FROM memory_facts GROUP BY source ORDER BY source

> INSERT INTO memory (id, metadata) VALUES ('d', '{"colour": "red", "size": 1}')

> SELECT id, colour, size FROM memory_facts WHERE colour IS NOT NULL

> SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'memory_facts' ORDER BY ordinal_position

> UPDATE memory SET metadata = metadata || '{"size": 4}' WHERE id = 'a'

> SELECT metadata FROM memory WHERE id = 'a'

> UPDATE memory SET metadata = metadata - 'tags' WHERE id = 'a' RETURNING metadata

> INSERT INTO memory (id, metadata) VALUES ('a', '{}') ON CONFLICT (id) DO UPDATE SET metadata = memory.metadata || excluded.metadata RETURNING id, metadata

> INSERT INTO memory (id) VALUES ('a')

> INSERT INTO memory (id, metadata) VALUES ('e', '[1, 2]')

> INSERT INTO memory (id, vector) VALUES ('e', '[1,2]')

> SELECT id FROM memory WHERE vector IS NOT NULL ORDER BY vector <=> '[1,0.2,0]' LIMIT 2

> SELECT id, blob_hash, blob_size, blob_type FROM memory WHERE id = 'a'

> DELETE FROM memory WHERE metadata ->> 'source' = 'mail'

> SELECT count(*) FROM memory

> CREATE INDEX memory_source ON memory ((metadata ->> 'source'))

> EXPLAIN SELECT id FROM memory WHERE metadata ->> 'source' = 'web-scrape'

> SELECT id FROM memory WHERE metadata ->> 'source' = 'web-scrape' ORDER BY id

> DROP TABLE memory

> UPDATE memory SET _peer_id = 'x' WHERE id = 'a'

> INSERT INTO memory_facts (id) VALUES ('z')

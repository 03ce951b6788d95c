# KNIRVQL on entries: facts changed one by one, entries counted and grouped, what is written shown.

> SET MEMORY id = "a" metadata = {topic: "bloom", views: 1, tags: ["x", "y"], price: 0.1} vector = [1, 0], id = "b" metadata = {topic: "bloom", views: 5} vector = [0, 1], id = "c" metadata = {topic: "raft", views: "many", ref: "a"}

# One fact

> UPDATE MEMORY SET metadata.views = metadata.views + 1, metadata.price = metadata.price + 0.2 WHERE id = "a"

> GET MEMORY FIELDS metadata WHERE id = "a"

> UPDATE MEMORY SET metadata.note.by = "me", metadata.tags[2] = "z" WHERE id = "a" RETURNING id, metadata

> UPDATE MEMORY UNSET metadata.note.by, metadata.tags[0] WHERE id = "a" RETURNING metadata

> UPDATE MEMORY SET metadata.seen = true, metadata.none = null UNSET metadata.note WHERE metadata.topic = "bloom"

> GET MEMORY FIELDS id, metadata WHERE metadata.topic = "bloom" ORDER BY id

> UPDATE MEMORY SET metadata.count = coalesce(metadata.count, 0) + 1, metadata.half = (metadata.views - 1) / 4 WHERE id = "b" RETURNING metadata.count, metadata.half AS a_half

> UPDATE MEMORY SET metadata.copy = metadata.topic, metadata.of = id, metadata.list = [1, {k: null}] WHERE id = "b" RETURNING metadata

> UPDATE MEMORY SET metadata.views = metadata.views + 1 WHERE id = "c"

> UPDATE MEMORY SET metadata.views = metadata.missing + 1 WHERE id = "c" RETURNING metadata.views

> UPDATE MEMORY SET metadata.topic.x = 1 WHERE id = "c"

> UPDATE MEMORY SET metadata.tags[9] = 1 WHERE id = "a"

> UPDATE MEMORY SET metadata.a = 1, metadata.a.b = 2 WHERE id = "a"

> UPDATE MEMORY SET vector = [1, 1], vector = null WHERE id = "a"

> UPDATE MEMORY SET vector = [1, 2, 3] WHERE id = "a"

> UPDATE MEMORY SET vector = [0.5, 0.5], blob = 'hello' WHERE id = "a" RETURNING vector, blob_size

> UPDATE MEMORY UNSET vector, blob WHERE id = "a" RETURNING vector, blob_hash, blob_size

> UPDATE MEMORY SET metadata._stage = 1 WHERE id = "a" RETURNING _stage, _publicity, metadata._stage

> UPDATE MEMORY UNSET _stage WHERE id = "a"

> UPDATE MEMORY SET metadata.x = 1 WHERE id = "nobody"

> UPDATE MEMORY SET metadata.x = 1

> UPDATE MEMORY SET metadata.x = "a" + 1 WHERE id = "a"

> UPDATE MEMORY SET metadata.x = 1 / 0 WHERE id = "a"

> UPDATE MEMORY IN auth SET value = "hush" WHERE key = "k"

> EXPLAIN UPDATE MEMORY SET metadata.x = 1 WHERE id = "a"

# The SQL of the same words stays SQL

> UPDATE MEMORY SET metadata = metadata || '{"sql": true}' WHERE id = 'a'

> UPDATE memory SET blob_type = 'text/plain' WHERE id = 'a'

# MERGE, REPLACE, INSERT

> SET MEMORY MERGE id = "c" metadata = {views: 7, new: [1]} RETURNING metadata

> SET MEMORY id = "c" metadata = {only: 1} RETURNING metadata

> SET MEMORY id = "c" vector = [0, 1]

> SET MEMORY REPLACE id = "c" metadata = {topic: "raft"} RETURNING *

> INSERT MEMORY id = "d" metadata = {topic: "raft"} RETURNING id, metadata.topic

> INSERT MEMORY id = "d" metadata = {topic: "other"}

> INSERT MEMORY IF ABSENT id = "d" metadata = {topic: "other"}, id = "e" metadata = {views: 3} RETURNING id

> INSERT MEMORY IF ABSENT id = "d" metadata = {topic: "other"}

> SET MEMORY id = "f" metadata = {n: 1}, id = "f" metadata = {n: 2}

# Counting and groups

> COUNT MEMORY

> COUNT MEMORY WHERE metadata.topic = "bloom"

> COUNT MEMORY GROUP BY metadata.topic ORDER BY metadata.topic

> GET MEMORY GROUP BY metadata.topic ORDER BY count(*) DESC, metadata.topic LIMIT 1

> GET MEMORY FIELDS metadata.topic AS t, count(*) AS n, sum(metadata.views), avg(metadata.views), min(metadata.views), max(id), count(DISTINCT metadata.seen), count(metadata.ref) GROUP BY metadata.topic ORDER BY n DESC, t

> GET MEMORY FIELDS max(metadata.views), min(blob_size), sum(blob_size)

> GET MEMORY FIELDS count(*) WHERE metadata.topic = "nothing"

> GET MEMORY FIELDS id GROUP BY metadata.topic

> GET MEMORY FIELDS sum(id)

> GET MEMORY FIELDS count(*) GROUP BY vector

> GET MEMORY FIELDS sum(*)

> COUNT MEMORY SIMILAR TO [0, 1] WITHIN 0.5

> COUNT MEMORY SIMILAR TO [0, 1]

> EXPLAIN COUNT MEMORY WHERE metadata.topic = "bloom" GROUP BY metadata.topic

> SELECT * FROM knirvql('COUNT MEMORY')

# Queries inside of IN

> UPDATE MEMORY SET metadata.ref = "a" WHERE id = "d"

> GET MEMORY FIELDS id WHERE id IN (GET MEMORY FIELDS metadata.ref)

> GET MEMORY FIELDS id WHERE metadata.topic IN (GET MEMORY FIELDS metadata.topic WHERE id = "d") AND NOT id IN (GET MEMORY FIELDS id WHERE metadata.ref IS NULL) ORDER BY id

> GET MEMORY FIELDS id WHERE id IN (GET MEMORY FIELDS metadata.views)

> COUNT MEMORY WHERE id IN (GET MEMORY FIELDS id WHERE metadata.views > 2)

> UPDATE MEMORY SET metadata.linked = true WHERE id IN (GET MEMORY FIELDS metadata.ref) RETURNING id

> GET MEMORY WHERE id IN (GET MEMORY)

> GET MEMORY WHERE id IN (GET MEMORY FIELDS count(*))

> GET MEMORY WHERE id IN (GET MEMORY IN auth FIELDS value)

> GET MEMORY WHERE id IN (GET MEMORY FIELDS value IN auth)

> DELETE WHERE id IN (GET MEMORY FIELDS id)

# DELETE and RETURNING

> DELETE MEMORY WHERE metadata.topic = "raft" RETURNING id, metadata.topic

> DELETE WHERE id = "a" RETURNING id

> SET AUTH key = "k" value = "hush"

> DELETE AUTH WHERE key = "k" RETURNING value

> DELETE IN auth WHERE key = "k" RETURNING value

> GET MEMORY FIELDS count(*) IN auth

> COUNT MEMORY IN auth

> DELETE AUTH WHERE key = "k"

# One transaction for both languages

> BEGIN

> UPDATE MEMORY SET metadata.views = 100 WHERE id = "e"

> SELECT metadata->'views' AS views FROM memory WHERE id = 'e'

> ROLLBACK

> GET MEMORY FIELDS metadata.views WHERE id = "e"

# Tables

> CREATE TABLE notes (id int PRIMARY KEY, title text NOT NULL, price numeric(6, 2), n int DEFAULT 4, twice int GENERATED ALWAYS AS (n * 2) STORED, doc jsonb)

> SET MEMORY IN notes id = 1 metadata = {title: "one", price: 1.5, free: "x"}, id = 2 metadata = {title: "two", doc: {a: [1]}}

> UPDATE MEMORY IN notes SET title = "uno", price = price * 2, n = n / 3, doc.b = id, metadata.free = "y", metadata.more.x = 1 WHERE id = 1 RETURNING *, metadata

> UPDATE MEMORY IN notes SET metadata.title = null WHERE id = 1

> UPDATE MEMORY IN notes SET id = 5 UNSET metadata.free, price WHERE id = 1 RETURNING id, price, metadata

> UPDATE MEMORY IN notes SET title = 5 WHERE id = 5

> UPDATE MEMORY IN notes SET n = title + 1 WHERE id = 5

> UPDATE MEMORY IN notes SET blob = 'x' WHERE id = 5

> UPDATE MEMORY IN notes SET twice = 1 WHERE id = 5

> SET MEMORY IN notes id = 5 metadata = {twice: 1}

> GET MEMORY FIELDS title, count(*), sum(n), avg(price), max(n) IN notes GROUP BY title ORDER BY title

> GET MEMORY IN notes GROUP BY doc.a

> SET MEMORY IN notes REPLACE id = 5 metadata = {title: "new"} RETURNING *, metadata

> INSERT MEMORY IN notes IF ABSENT id = 5 metadata = {title: "newer"}

> DELETE MEMORY IN notes WHERE n > 0 RETURNING id, title

> DROP TABLE notes

# Help

> GTE MEMORY

> GET MEMROY

> GET MEMORY WEHRE id = "a"

> SET MEMORY id = "a" metdata = {}

> HELP UPDATE

> HELP UPDAT

> SHOW TABLES

> DESCRIBE memory

> DESCRIBE auth

> DESCRIBE nothing

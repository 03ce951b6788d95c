# KNIRVQL on entries: facts changed one by one, entries counted and grouped, what is written shown.

> SET MEMORY id = "a" metadata = {topic: "bloom", views: 1, tags: ["x", "y"], price: 0.1} vector = [1, 0], id = "b" metadata = {topic: "bloom", views: 5} vector = [0, 1], id = "c" metadata = {topic: "raft", views: "many", ref: "a"}
SET 3

# One fact

> UPDATE MEMORY SET metadata.views = metadata.views + 1, metadata.price = metadata.price + 0.2 WHERE id = "a"
UPDATE 1

> GET MEMORY FIELDS metadata WHERE id = "a"
                             metadata
------------------------------------------------------------------
 {"tags": ["x", "y"], "price": 0.3, "topic": "bloom", "views": 2}
(1 row)

> UPDATE MEMORY SET metadata.note.by = "me", metadata.tags[2] = "z" WHERE id = "a" RETURNING id, metadata
 id |                                          metadata
----+---------------------------------------------------------------------------------------------
 a  | {"note": {"by": "me"}, "tags": ["x", "y", "z"], "price": 0.3, "topic": "bloom", "views": 2}
(1 row)
UPDATE 1

> UPDATE MEMORY UNSET metadata.note.by, metadata.tags[0] WHERE id = "a" RETURNING metadata
                                   metadata
------------------------------------------------------------------------------
 {"note": {}, "tags": ["y", "z"], "price": 0.3, "topic": "bloom", "views": 2}
(1 row)
UPDATE 1

> UPDATE MEMORY SET metadata.seen = true, metadata.none = null UNSET metadata.note WHERE metadata.topic = "bloom"
UPDATE 2

> GET MEMORY FIELDS id, metadata WHERE metadata.topic = "bloom" ORDER BY id
 id |                                           metadata
----+----------------------------------------------------------------------------------------------
 a  | {"none": null, "seen": true, "tags": ["y", "z"], "price": 0.3, "topic": "bloom", "views": 2}
 b  | {"none": null, "seen": true, "topic": "bloom", "views": 5}
(2 rows)

> UPDATE MEMORY SET metadata.count = coalesce(metadata.count, 0) + 1, metadata.half = (metadata.views - 1) / 4 WHERE id = "b" RETURNING metadata.count, metadata.half AS a_half
 count | a_half
-------+--------
 1     | 1
(1 row)
UPDATE 1

> UPDATE MEMORY SET metadata.copy = metadata.topic, metadata.of = id, metadata.list = [1, {k: null}] WHERE id = "b" RETURNING metadata
                                                                metadata
-----------------------------------------------------------------------------------------------------------------------------------------
 {"of": "b", "copy": "bloom", "half": 1, "list": [1, {"k": null}], "none": null, "seen": true, "count": 1, "topic": "bloom", "views": 5}
(1 row)
UPDATE 1

> UPDATE MEMORY SET metadata.views = metadata.views + 1 WHERE id = "c"
ERROR 22023: metadata.views is a string in an entry, and only numbers are computed with
HINT: Leave such entries out by the condition, e.g. metadata.views >= 0.

> UPDATE MEMORY SET metadata.views = metadata.missing + 1 WHERE id = "c" RETURNING metadata.views
 views
-------
 null
(1 row)
UPDATE 1

> UPDATE MEMORY SET metadata.topic.x = 1 WHERE id = "c"
ERROR 22023: the place of metadata.topic.x is inside of what is a string in an entry
HINT: Set the whole fact, or leave such entries out by the condition.

> UPDATE MEMORY SET metadata.tags[9] = 1 WHERE id = "a"
ERROR 22023: metadata.tags[9] is beyond the end of an array of 2 elements
HINT: The place behind the last one is [2].

> UPDATE MEMORY SET metadata.a = 1, metadata.a.b = 2 WHERE id = "a"
ERROR 42601: metadata.a.b is assigned twice
HINT: Name each place once.

> UPDATE MEMORY SET vector = [1, 1], vector = null WHERE id = "a"
ERROR 42601: vector is assigned twice
HINT: Name each place once.

> UPDATE MEMORY SET vector = [1, 2, 3] WHERE id = "a"
ERROR 22000: expected 2 dimensions, not 3
DETAIL: Column "vector" holds vectors of 2 dimensions.

> UPDATE MEMORY SET vector = [0.5, 0.5], blob = 'hello' WHERE id = "a" RETURNING vector, blob_size
  vector   | blob_size
-----------+-----------
 [0.5,0.5] |         5
(1 row)
UPDATE 1

> UPDATE MEMORY UNSET vector, blob WHERE id = "a" RETURNING vector, blob_hash, blob_size
 vector | blob_hash | blob_size
--------+-----------+-----------
 NULL   | NULL      |      NULL
(1 row)
UPDATE 1

> UPDATE MEMORY SET metadata._stage = 1 WHERE id = "a" RETURNING _stage, _publicity, metadata._stage
 _stage | _publicity | _stage
--------+------------+--------
 NULL   | private    | 1
(1 row)
UPDATE 1

> UPDATE MEMORY UNSET _stage WHERE id = "a"
ERROR 42601: _stage is kept by the database, and UPDATE does not change it
HINT: Facts are named by their paths: metadata.x. Entries are staged with STAGE MEMORY.

> UPDATE MEMORY SET metadata.x = 1 WHERE id = "nobody"
UPDATE 0

> UPDATE MEMORY SET metadata.x = 1
ERROR 42601: expected a comma, *, an arithmetic operator, SET, UNSET or WHERE after a number, found the end of the statement
LINE 1: UPDATE MEMORY SET metadata.x = 1
                                        ^
HINT: UPDATE MEMORY [IN collection] [SET metadata.x = value, …] [UNSET metadata.y, …] WHERE condition [RETURNING path, …]

> UPDATE MEMORY SET metadata.x = "a" + 1 WHERE id = "a"
ERROR 42804: "a" is no number, and only numbers are computed with

> UPDATE MEMORY SET metadata.x = 1 / 0 WHERE id = "a"
ERROR 22012: division by zero

> UPDATE MEMORY IN auth SET value = "hush" WHERE key = "k"
ERROR 22023: the collection "auth" holds AUTH entries
HINT: Use GET AUTH, SET AUTH and DELETE AUTH.

> EXPLAIN UPDATE MEMORY SET metadata.x = 1 WHERE id = "a"
                  QUERY PLAN
----------------------------------------------
 Update on memory
   ->  Primary Key Lookup on memory (keys: 1)
         Filter: on each entry
(3 rows)

# The SQL of the same words stays SQL

> UPDATE MEMORY SET metadata = metadata || '{"sql": true}' WHERE id = 'a'
UPDATE 1

> UPDATE memory SET blob_type = 'text/plain' WHERE id = 'a'
UPDATE 1

# MERGE, REPLACE, INSERT

> SET MEMORY MERGE id = "c" metadata = {views: 7, new: [1]} RETURNING metadata
                       metadata
-------------------------------------------------------
 {"new": [1], "ref": "a", "topic": "raft", "views": 7}
(1 row)
SET

> SET MEMORY id = "c" metadata = {only: 1} RETURNING metadata
  metadata
-------------
 {"only": 1}
(1 row)
SET

> SET MEMORY id = "c" vector = [0, 1]
SET

> SET MEMORY REPLACE id = "c" metadata = {topic: "raft"} RETURNING *
 id |     metadata      | vector | blob_hash | blob_size | blob_type
----+-------------------+--------+-----------+-----------+-----------
 c  | {"topic": "raft"} | NULL   | NULL      |      NULL | NULL
(1 row)
SET

> INSERT MEMORY id = "d" metadata = {topic: "raft"} RETURNING id, metadata.topic
 id | topic
----+--------
 d  | "raft"
(1 row)
INSERT 0 1

> INSERT MEMORY id = "d" metadata = {topic: "other"}
ERROR 23505: duplicate key value violates unique constraint "memory_pkey"
DETAIL: Key (id)=(d) already exists.

> INSERT MEMORY IF ABSENT id = "d" metadata = {topic: "other"}, id = "e" metadata = {views: 3} RETURNING id
 id
----
 e
(1 row)
INSERT 0 1

> INSERT MEMORY IF ABSENT id = "d" metadata = {topic: "other"}
INSERT 0 0

> SET MEMORY id = "f" metadata = {n: 1}, id = "f" metadata = {n: 2}
SET 2

# Counting and groups

> COUNT MEMORY
 count
-------
     6
(1 row)

> COUNT MEMORY WHERE metadata.topic = "bloom"
 count
-------
     2
(1 row)

> COUNT MEMORY GROUP BY metadata.topic ORDER BY metadata.topic
  topic  | count
---------+-------
 "bloom" |     2
 "raft"  |     2
 NULL    |     2
(3 rows)

> GET MEMORY GROUP BY metadata.topic ORDER BY count(*) DESC, metadata.topic LIMIT 1
  topic  | count
---------+-------
 "bloom" |     2
(1 row)

> GET MEMORY FIELDS metadata.topic AS t, count(*) AS n, sum(metadata.views), avg(metadata.views), min(metadata.views), max(id), count(DISTINCT metadata.seen), count(metadata.ref) GROUP BY metadata.topic ORDER BY n DESC, t
    t    | n | sum  |        avg         | min  | max | count | count
---------+---+------+--------------------+------+-----+-------+-------
 "bloom" | 2 |    7 | 3.5000000000000000 | 2    | b   |     1 |     0
 "raft"  | 2 | NULL |               NULL | NULL | d   |     0 |     0
 NULL    | 2 |    3 | 3.0000000000000000 | 3    | f   |     0 |     0
(3 rows)

> GET MEMORY FIELDS max(metadata.views), min(blob_size), sum(blob_size)
 max | min  | sum
-----+------+------
 5   | NULL | NULL
(1 row)

> GET MEMORY FIELDS count(*) WHERE metadata.topic = "nothing"
 count
-------
     0
(1 row)

> GET MEMORY FIELDS id GROUP BY metadata.topic
ERROR 42803: id must appear in the GROUP BY clause or be used in an aggregate function

> GET MEMORY FIELDS sum(id)
ERROR 42883: function sum(text) does not exist

> GET MEMORY FIELDS count(*) GROUP BY vector
ERROR 42883: could not identify an equality operator for type vector(2)
HINT: vector is no value to group or count by.

> GET MEMORY FIELDS sum(*)
ERROR 42601: sum of what? Only count takes *
LINE 1: GET MEMORY FIELDS sum(*)
                          ^
HINT: Write sum(metadata.x).

> COUNT MEMORY SIMILAR TO [0, 1] WITHIN 0.5
 count
-------
     1
(1 row)

> COUNT MEMORY SIMILAR TO [0, 1]
ERROR 0A000: SIMILAR TO without WITHIN is not offered with groups
HINT: SIMILAR TO orders entries, and groups have none: say how near they are to be with WITHIN.

> EXPLAIN COUNT MEMORY WHERE metadata.topic = "bloom" GROUP BY metadata.topic
                QUERY PLAN
------------------------------------------
 Aggregate on columns
   Group By: present(metadata -> 'topic')
   ->  Column Scan on memory
         Filter: by columns
(4 rows)

> SELECT * FROM knirvql('COUNT MEMORY')
ERROR 0A000: a GET of groups is not offered as a table of SQL
HINT: Read the entries, and group them in SQL: SELECT …, count(*) FROM knirvql('GET …') GROUP BY ….

# Queries inside of IN

> UPDATE MEMORY SET metadata.ref = "a" WHERE id = "d"
UPDATE 1

> GET MEMORY FIELDS id WHERE id IN (GET MEMORY FIELDS metadata.ref)
 id
----
 a
(1 row)

> GET MEMORY FIELDS id WHERE metadata.topic IN (GET MEMORY FIELDS metadata.topic WHERE id = "d") AND NOT id IN (GET MEMORY FIELDS id WHERE metadata.ref IS NULL) ORDER BY id
 id
----
 d
(1 row)

> GET MEMORY FIELDS id WHERE id IN (GET MEMORY FIELDS metadata.views)
 id
----
(0 rows)

> COUNT MEMORY WHERE id IN (GET MEMORY FIELDS id WHERE metadata.views > 2)
 count
-------
     2
(1 row)

> UPDATE MEMORY SET metadata.linked = true WHERE id IN (GET MEMORY FIELDS metadata.ref) RETURNING id
 id
----
 a
(1 row)
UPDATE 1

> GET MEMORY WHERE id IN (GET MEMORY)
ERROR 42601: a query inside of IN gives one field
HINT: Name it: IN (GET MEMORY FIELDS metadata.parent WHERE …).

> GET MEMORY WHERE id IN (GET MEMORY FIELDS count(*))
ERROR 0A000: a GET of groups is not offered inside of IN
HINT: Read entries: each value of a field counts once.

> GET MEMORY WHERE id IN (GET MEMORY IN auth FIELDS value)
ERROR 42601: expected ")", GROUP BY, LIMIT, OFFSET, ORDER BY, SIMILAR TO or WHERE after AUTH, found FIELDS
HINT: GET MEMORY [FIELDS path [AS name], …] [IN collection] [WHERE condition] [SIMILAR TO vector [USING metric] [WITHIN distance] [WITH (ef = n)]] [GROUP BY path, …] [ORDER BY path [ASC | DESC], …] [LIMIT n] [OFFSET n]

> GET MEMORY WHERE id IN (GET MEMORY FIELDS value IN auth)
ERROR 22023: the collection "auth" holds AUTH entries
HINT: Use GET AUTH, SET AUTH and DELETE AUTH.

> DELETE WHERE id IN (GET MEMORY FIELDS id)
ERROR 0A000: a query inside of IN is not offered where AUTH entries may be meant
HINT: Write the values, or name MEMORY.

# DELETE and RETURNING

> DELETE MEMORY WHERE metadata.topic = "raft" RETURNING id, metadata.topic
 id | topic
----+--------
 c  | "raft"
 d  | "raft"
(2 rows)
DELETE 2

> DELETE WHERE id = "a" RETURNING id
ERROR 0A000: RETURNING does not show AUTH entries, which a DELETE of this form may delete
HINT: Write DELETE MEMORY. AUTH entries are read with GET AUTH.

> SET AUTH key = "k" value = "hush"
SET

> DELETE AUTH WHERE key = "k" RETURNING value
ERROR 0A000: RETURNING does not show AUTH entries, which a DELETE of this form may delete
HINT: Write DELETE MEMORY. AUTH entries are read with GET AUTH.

> DELETE IN auth WHERE key = "k" RETURNING value
ERROR 0A000: RETURNING does not show AUTH entries, which a DELETE of this form may delete
HINT: Write DELETE MEMORY. AUTH entries are read with GET AUTH.

> GET MEMORY FIELDS count(*) IN auth
ERROR 22023: the collection "auth" holds AUTH entries
HINT: Use GET AUTH, SET AUTH and DELETE AUTH.

> COUNT MEMORY IN auth
ERROR 22023: the collection "auth" holds AUTH entries
HINT: Use GET AUTH, SET AUTH and DELETE AUTH.

> DELETE AUTH WHERE key = "k"
DELETE 1

# One transaction for both languages

> BEGIN
BEGIN

> UPDATE MEMORY SET metadata.views = 100 WHERE id = "e"
UPDATE 1

> SELECT metadata->'views' AS views FROM memory WHERE id = 'e'
 views
-------
 100
(1 row)

> ROLLBACK
ROLLBACK

> GET MEMORY FIELDS metadata.views WHERE id = "e"
 views
-------
 3
(1 row)

# Tables

> CREATE TABLE notes (id int PRIMARY KEY, title text NOT NULL, price numeric(6, 2), n int DEFAULT 4, twice int GENERATED ALWAYS AS (n * 2) STORED, doc jsonb)
CREATE TABLE

> SET MEMORY IN notes id = 1 metadata = {title: "one", price: 1.5, free: "x"}, id = 2 metadata = {title: "two", doc: {a: [1]}}
SET 2

> UPDATE MEMORY IN notes SET title = "uno", price = price * 2, n = n / 3, doc.b = id, metadata.free = "y", metadata.more.x = 1 WHERE id = 1 RETURNING *, metadata
 id | title | price | n | twice |   doc    |            metadata
----+-------+-------+---+-------+----------+---------------------------------
  1 | uno   |  3.00 | 1 |     2 | {"b": 1} | {"free": "y", "more": {"x": 1}}
(1 row)
UPDATE 1

> UPDATE MEMORY IN notes SET metadata.title = null WHERE id = 1
ERROR 23502: null value in column "title" of relation "notes" violates not-null constraint
DETAIL: Failing row contains (1, null, 3.00, 1, 2, {"b": 1}).

> UPDATE MEMORY IN notes SET id = 5 UNSET metadata.free, price WHERE id = 1 RETURNING id, price, metadata
 id | price |      metadata
----+-------+--------------------
  5 |  NULL | {"more": {"x": 1}}
(1 row)
UPDATE 1

> UPDATE MEMORY IN notes SET title = 5 WHERE id = 5
ERROR 42804: 5 does not fit where text is wanted
HINT: Put the value in quotes.

> UPDATE MEMORY IN notes SET n = title + 1 WHERE id = 5
ERROR 42804: title is text, and only numbers are computed with

> UPDATE MEMORY IN notes SET blob = 'x' WHERE id = 5
ERROR 0A000: entries of "notes" have no blobs
HINT: Blobs belong to the collection memory; a table may have a column of type bytea.

> UPDATE MEMORY IN notes SET twice = 1 WHERE id = 5
ERROR 428C9: column "twice" can only be updated to DEFAULT
DETAIL: Column "twice" is a generated column.

> SET MEMORY IN notes id = 5 metadata = {twice: 1}
ERROR 428C9: cannot insert a non-DEFAULT value into column "twice"
DETAIL: Column "twice" is a generated column.

> GET MEMORY FIELDS title, count(*), sum(n), avg(price), max(n) IN notes GROUP BY title ORDER BY title
 title | count | sum | avg  | max
-------+-------+-----+------+-----
 two   |     1 |   4 | NULL |   4
 uno   |     1 |   1 | NULL |   1
(2 rows)

> GET MEMORY IN notes GROUP BY doc.a
  a   | count
------+-------
 [1]  |     1
 NULL |     1
(2 rows)

> SET MEMORY IN notes REPLACE id = 5 metadata = {title: "new"} RETURNING *, metadata
 id | title | price | n | twice | doc  | metadata
----+-------+-------+---+-------+------+----------
  5 | new   |  NULL | 4 |     8 | NULL | NULL
(1 row)
SET

> INSERT MEMORY IN notes IF ABSENT id = 5 metadata = {title: "newer"}
INSERT 0 0

> DELETE MEMORY IN notes WHERE n > 0 RETURNING id, title
 id | title
----+-------
  2 | two
  5 | new
(2 rows)
DELETE 2

> DROP TABLE notes
DROP TABLE

# Help

> GTE MEMORY
ERROR 42601: expected a statement, found a word
LINE 1: GTE MEMORY
        ^
HINT: Did you mean GET? A statement opens with GET, COUNT, SET, INSERT, UPDATE, DELETE, STAGE, UNSTAGE, REVERT, CREATE NETWORK, JOIN NETWORK, LEAVE NETWORK, ALTER NETWORK, ATTACH COLLECTION, DETACH COLLECTION, SYNC, SHOW, DESCRIBE, HELP or EXPLAIN.

> GET MEMROY
ERROR 42601: expected AUTH or MEMORY after GET, found a word
LINE 1: GET MEMROY
            ^
HINT: Did you mean MEMORY? GET MEMORY … or GET AUTH WHERE …

> GET MEMORY WEHRE id = "a"
ERROR 42601: expected FIELDS, GROUP BY, IN, LIMIT, OFFSET, ORDER BY, SIMILAR TO, WHERE or the end of the statement after MEMORY, found the word WEHRE
LINE 1: GET MEMORY WEHRE id = "a"
                   ^
HINT: Did you mean WHERE? GET MEMORY [FIELDS path [AS name], …] [IN collection] [WHERE condition] [SIMILAR TO vector [USING metric] [WITHIN distance] [WITH (ef = n)]] [GROUP BY path, …] [ORDER BY path [ASC | DESC], …] [LIMIT n] [OFFSET n]

> SET MEMORY id = "a" metdata = {}
ERROR 42601: expected a part (id, metadata, vector, blob), a comma, RETURNING or the end of the statement after a string, found the word metdata
LINE 1: SET MEMORY id = "a" metdata = {}
                            ^
HINT: Did you mean METADATA? SET MEMORY [IN collection] [MERGE | REPLACE] id = "…" metadata = {…} vector = […] blob = $1, … [RETURNING path, …]

> HELP UPDATE
 statement |                                                        form
-----------+---------------------------------------------------------------------------------------------------------------------
 UPDATE    | UPDATE MEMORY [IN collection] [SET metadata.x = value, …] [UNSET metadata.y, …] WHERE condition [RETURNING path, …]
(1 row)

> HELP UPDAT
ERROR 42704: no statement of KNIRVQL opens with UPDAT
HINT: Did you mean HELP UPDATE?

> SHOW TABLES
 collection |  type  | columns | indexes
------------+--------+---------+---------
 auth       | AUTH   |       2 |       0
 memory     | MEMORY |       6 |       1
(2 rows)

> DESCRIBE memory
      path       |           type           |  kind  | nullable
-----------------+--------------------------+--------+----------
 id              | text                     | key    | f
 metadata        | jsonb                    | column | t
 vector          | vector(2)                | column | t
 blob_hash       | text                     | column | t
 blob_size       | bigint                   | column | t
 blob_type       | text                     | column | t
 metadata._stage | bigint                   | fact   | t
 metadata.copy   | text                     | fact   | t
 metadata.count  | bigint                   | fact   | t
 metadata.half   | bigint                   | fact   | t
 metadata.linked | boolean                  | fact   | t
 metadata.list   | jsonb                    | fact   | t
 metadata.n      | bigint                   | fact   | t
 metadata.new    | jsonb                    | fact   | t
 metadata.note   | jsonb                    | fact   | t
 metadata.of     | text                     | fact   | t
 metadata.only   | bigint                   | fact   | t
 metadata.price  | double precision         | fact   | t
 metadata.ref    | text                     | fact   | t
 metadata.seen   | boolean                  | fact   | t
 metadata.sql    | boolean                  | fact   | t
 metadata.tags   | jsonb                    | fact   | t
 metadata.topic  | text                     | fact   | t
 metadata.views  | text                     | fact   | t
 _entry_type     | text                     | system | t
 _vector_clock   | jsonb                    | system | t
 _timestamp      | timestamp with time zone | system | t
 _peer_id        | text                     | system | t
 _stage          | text                     | system | t
 _publicity      | text                     | system | t
 _public         | text[]                   | system | t
 _posted_at      | timestamp with time zone | system | t
 _edited         | boolean                  | system | t
(33 rows)

> DESCRIBE auth
 path  | type |  kind  | nullable
-------+------+--------+----------
 key   | text | key    | f
 value | text | column | f
(2 rows)

> DESCRIBE nothing
ERROR 42P01: relation "nothing" does not exist

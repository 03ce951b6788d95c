# KNIRVQL through the wire: the four statements of the specification, and the rest of the language.

> SET MEMORY id = "entry-id-12345" metadata = {source: "web-scrape", title: "First", size: 3} vector = [0.45, 0.12, 0.3]
SET

> SET MEMORY id = "entry-2" metadata = {source: "web-scrape", title: "Second", size: 5} vector = [0.4, 0.2, 0.3]
SET

> SET MEMORY id = "entry-3" metadata = {source: "mail", title: "Third", tags: ["a", "b"]} vector = [-0.45, 0.9, 0.1]
SET

> GET MEMORY WHERE metadata.source = "web-scrape" SIMILAR TO [0.45, 0.12, 0.3] LIMIT 10;
       id       |                        metadata                        |     vector      | blob_hash | blob_size | blob_type |       distance
----------------+--------------------------------------------------------+-----------------+-----------+-----------+-----------+----------------------
 entry-id-12345 | {"size": 3, "title": "First", "source": "web-scrape"}  | [0.45,0.12,0.3] | NULL      |      NULL | NULL      |                    0
 entry-2        | {"size": 5, "title": "Second", "source": "web-scrape"} | [0.4,0.2,0.3]   | NULL      |      NULL | NULL      | 0.014515296500943853
(2 rows)

> SET AUTH key = "google_maps_api_key" value = "AIzaSy...";
SET

> GET AUTH WHERE key = "google_maps_api_key";
         key         |   value
---------------------+-----------
 google_maps_api_key | AIzaSy...
(1 row)

> DELETE WHERE id = "entry-id-12345";
DELETE 1

> GET MEMORY FIELDS id, metadata.title ORDER BY id
   id    |  title
---------+----------
 entry-2 | "Second"
 entry-3 | "Third"
(2 rows)

> GET MEMORY FIELDS id WHERE metadata.size > 3
   id
---------
 entry-2
(1 row)

> GET MEMORY FIELDS id WHERE metadata.size IS NULL
   id
---------
 entry-3
(1 row)

> GET MEMORY FIELDS id WHERE metadata.tags CONTAINS "a"
   id
---------
 entry-3
(1 row)

> GET MEMORY FIELDS id WHERE metadata.title STARTS WITH "Se" OR metadata.title LIKE "Th%" ORDER BY metadata.title DESC
   id
---------
 entry-3
 entry-2
(2 rows)

> GET MEMORY FIELDS id WHERE metadata.title MATCHES "^S" AND NOT metadata.source = "mail"
   id
---------
 entry-2
(1 row)

> GET MEMORY FIELDS id, distance SIMILAR TO [1, 0, 0] USING l1 LIMIT 1
   id    |      distance
---------+--------------------
 entry-2 | 1.1000000089406967
(1 row)

> GET MEMORY FIELDS id SIMILAR TO ENTRY "entry-2" USING l2 WITHIN 10 WITH (ef = 50) LIMIT 2
   id
---------
 entry-2
 entry-3
(2 rows)

> SET MEMORY id = "entry-3" metadata = {source: "chat"}
SET

> GET MEMORY FIELDS id, metadata WHERE id = "entry-3"
   id    |      metadata
---------+--------------------
 entry-3 | {"source": "chat"}
(1 row)

> DELETE MEMORY WHERE metadata.source = "chat"
DELETE 1

> GET MEMORY FIELDS id
   id
---------
 entry-2
(1 row)

> SELECT id FROM knirvql('GET MEMORY FIELDS id')
   id
---------
 entry-2
(1 row)

> CREATE TABLE note (id text PRIMARY KEY, word text, v vector(2))
CREATE TABLE

> SET MEMORY IN note id = "n" metadata = {word: "hello", extra: 1} vector = [1, 2]
SET

> GET MEMORY IN note
 id | word  |   v
----+-------+-------
 n  | hello | [1,2]
(1 row)

> SELECT word, metadata FROM note
 word  |   metadata
-------+--------------
 hello | {"extra": 1}
(1 row)

> SHOW COLLECTIONS
 collection |  type  | columns | indexes
------------+--------+---------+---------
 auth       | AUTH   |       2 |       0
 memory     | MEMORY |       6 |       1
 note       | TABLE  |       3 |       0
(3 rows)

> STAGE MEMORY WHERE id = "entry-2"
STAGE 1

> UNSTAGE MEMORY WHERE id = "entry-2"
UNSTAGE 1

> REVERT MEMORY WHERE id = "entry-2"
REVERT 0

> GET MEMORY WHERE metadata.source == "x"
ERROR 42601: expected a value after "=", found "="
LINE 1: GET MEMORY WHERE metadata.source == "x"
                                          ^
HINT: Equality is written with one =.

> GET MEMORY SIMILAR TO [1, "a"]
ERROR 42601: expected a number after ",", found a string
LINE 1: GET MEMORY SIMILAR TO [1, "a"]
                                  ^
HINT: A vector is [0.1, 0.2, 0.3], a parameter such as $1, or ENTRY "id".

> GET MEMORY LIMIT -1
ERROR 2201W: LIMIT must not be negative, it is -1
LINE 1: GET MEMORY LIMIT -1
                         ^

> GET MEMORY SIMILAR TO [1, 0] LIMIT 1
ERROR 22000: expected 3 dimensions, not 2
DETAIL: Column "vector" holds vectors of 3 dimensions.

> GET MEMORY IN nowhere
ERROR 42P01: relation "nowhere" does not exist

> GET NOTHING
ERROR 42601: expected AUTH or MEMORY after GET, found a word
LINE 1: GET NOTHING
            ^
HINT: GET MEMORY … or GET AUTH WHERE …

> DELETE WHERE id = "nobody"
DELETE 0

> BEGIN; SET MEMORY id = "t" metadata = {}; ROLLBACK
BEGIN
SET
ROLLBACK

> GET MEMORY WHERE id = "t"
 id | metadata | vector | blob_hash | blob_size | blob_type
----+----------+--------+-----------+-----------+-----------
(0 rows)

> SELECT 1 AS one; GET MEMORY FIELDS id WHERE id = "entry-2"; SELECT 2 AS two
 one
-----
   1
(1 row)
   id
---------
 entry-2
(1 row)
 two
-----
   2
(1 row)

# An id that a default gives is an error where it is taken; one that is given changes the entry.
> CREATE TABLE defaulted (id text PRIMARY KEY DEFAULT 'a', metadata jsonb)
CREATE TABLE

> SET MEMORY IN defaulted metadata = {"run": 1}
SET

> SET MEMORY IN defaulted metadata = {"run": 2}
ERROR 23505: duplicate key value violates unique constraint "defaulted_pkey"
DETAIL: Key (id)=(a) already exists.

> SET MEMORY IN defaulted id = "a" metadata = {"run": 3}
SET

> SELECT id, metadata FROM defaulted
 id |  metadata
----+------------
 a  | {"run": 3}
(1 row)

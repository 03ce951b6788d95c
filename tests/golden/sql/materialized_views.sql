# Materialised views: made, filled anew, read, changed and dropped, what they keep from being dropped, and who may do what.

> CREATE TABLE things (id int PRIMARY KEY, kind text, price numeric(8,2), at timestamp)
CREATE TABLE

> INSERT INTO things VALUES (1,'a',1.50,'2024-01-01'),(2,'b',2.25,NULL),(3,'a',3,'2024-02-01 10:00')
INSERT 0 3

> CREATE MATERIALIZED VIEW sums AS SELECT kind, count(*) AS n, sum(price) AS total FROM things GROUP BY kind
SELECT 2

> SELECT * FROM sums ORDER BY kind
 kind | n | total
------+---+-------
 a    | 2 |  4.50
 b    | 1 |  2.25
(2 rows)

> CREATE MATERIALIZED VIEW IF NOT EXISTS sums AS SELECT 1
NOTICE: relation "sums" already exists, skipping
CREATE MATERIALIZED VIEW

> CREATE MATERIALIZED VIEW sums AS SELECT 1 AS x
ERROR 42P07: relation "sums" already exists

> CREATE MATERIALIZED VIEW later (k, "Total") AS SELECT kind, price FROM things WITH NO DATA
CREATE MATERIALIZED VIEW

> SELECT * FROM later
ERROR 55000: materialized view "later" has not been populated
HINT: Use the REFRESH MATERIALIZED VIEW command.

> SELECT count(*) FROM later
ERROR 55000: materialized view "later" has not been populated
HINT: Use the REFRESH MATERIALIZED VIEW command.

> INSERT INTO things VALUES (4,'c',9,NULL)
INSERT 0 1

> SELECT * FROM sums ORDER BY kind
 kind | n | total
------+---+-------
 a    | 2 |  4.50
 b    | 1 |  2.25
(2 rows)

> REFRESH MATERIALIZED VIEW sums
REFRESH MATERIALIZED VIEW

> SELECT * FROM sums ORDER BY kind
 kind | n | total
------+---+-------
 a    | 2 |  4.50
 b    | 1 |  2.25
 c    | 1 |  9.00
(3 rows)

> REFRESH MATERIALIZED VIEW later
REFRESH MATERIALIZED VIEW

> SELECT * FROM later ORDER BY 1, 2
 k | Total
---+-------
 a |  1.50
 a |  3.00
 b |  2.25
 c |  9.00
(4 rows)

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums
ERROR 55000: cannot refresh materialized view "public.sums" concurrently
HINT: Create a unique index with no WHERE clause on one or more columns of the materialized view.

> CREATE UNIQUE INDEX sums_kind ON sums (kind)
CREATE INDEX

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums WITH DATA
REFRESH MATERIALIZED VIEW

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums WITH NO DATA
ERROR 42601: CONCURRENTLY and WITH NO DATA options cannot be used together

> REFRESH MATERIALIZED VIEW sums WITH NO DATA
REFRESH MATERIALIZED VIEW

> SELECT * FROM sums
ERROR 55000: materialized view "sums" has not been populated
HINT: Use the REFRESH MATERIALIZED VIEW command.

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums
ERROR 0A000: CONCURRENTLY cannot be used when the materialized view is not populated

> REFRESH MATERIALIZED VIEW sums
REFRESH MATERIALIZED VIEW

> SELECT kind, n FROM sums WHERE kind = 'a'
 kind | n
------+---
 a    | 2
(1 row)

> REFRESH MATERIALIZED VIEW things
ERROR 0A000: "things" is not a materialized view

> REFRESH MATERIALIZED VIEW nowhere
ERROR 42P01: relation "nowhere" does not exist

> REFRESH MATERIALIZED VIEW nowhere.x
ERROR 3F000: schema "nowhere" does not exist

> INSERT INTO sums VALUES ('x', 1, 2)
ERROR 42809: cannot change materialized view "sums"

> INSERT INTO sums SELECT * FROM sums
ERROR 42809: cannot change materialized view "sums"

> UPDATE sums SET n = 1
ERROR 42809: cannot change materialized view "sums"

> DELETE FROM sums WHERE kind = 'a'
ERROR 42809: cannot change materialized view "sums"

> TRUNCATE sums
ERROR 42809: "sums" is not a table

> MERGE INTO sums USING things ON sums.kind = things.kind WHEN MATCHED THEN DELETE
ERROR 0A000: cannot execute MERGE on relation "sums"
DETAIL: This operation is not supported for materialized views.

> SELECT * FROM sums FOR UPDATE
ERROR 42809: cannot lock rows in materialized view "sums"

> ALTER TABLE sums ADD COLUMN x int
ERROR 42809: ALTER action ADD COLUMN cannot be performed on relation "sums"
DETAIL: This operation is not supported for materialized views.

> ALTER TABLE sums DROP COLUMN n
ERROR 42809: ALTER action DROP COLUMN cannot be performed on relation "sums"
DETAIL: This operation is not supported for materialized views.

> ALTER TABLE sums ALTER COLUMN n SET NOT NULL
ERROR 42809: ALTER action ALTER COLUMN ... SET NOT NULL cannot be performed on relation "sums"
DETAIL: This operation is not supported for materialized views.

> ALTER MATERIALIZED VIEW sums ALTER COLUMN n TYPE int
ERROR 42809: ALTER action ALTER COLUMN ... SET DATA TYPE cannot be performed on relation "sums"
DETAIL: This operation is not supported for materialized views.

> ALTER TABLE sums ADD PRIMARY KEY (kind)
ERROR 42809: ALTER action ADD CONSTRAINT cannot be performed on relation "sums"
DETAIL: This operation is not supported for materialized views.

> CREATE TABLE refers (k text REFERENCES sums (kind))
ERROR 42809: referenced relation "sums" is not a table

> DROP TABLE sums
ERROR 42809: "sums" is not a table
LINE 1: DROP TABLE sums
                   ^
HINT: Use DROP MATERIALIZED VIEW to remove a materialized view.

> DROP VIEW sums
ERROR 42809: "sums" is not a view
LINE 1: DROP VIEW sums
                  ^
HINT: Use DROP MATERIALIZED VIEW to remove a materialized view.

> DROP MATERIALIZED VIEW things
ERROR 42809: "things" is not a materialized view
LINE 1: DROP MATERIALIZED VIEW things
                               ^
HINT: Use DROP TABLE to remove a table.

> DROP TABLE things
ERROR 2BP01: cannot drop table things because other objects depend on it
DETAIL: materialized view sums depends on table things
materialized view later depends on table things
HINT: Use DROP ... CASCADE to drop the dependent objects too.

# differs: the hint is this server's own.
> ALTER TABLE things ALTER COLUMN kind TYPE varchar
ERROR 0A000: cannot alter type of a column used by a view or rule
DETAIL: rule _RETURN on materialized view sums depends on column "kind"
HINT: Drop the view, change the column and create the view again.

> ALTER TABLE things DROP COLUMN kind
ERROR 2BP01: cannot drop column kind of table things because other objects depend on it
DETAIL: materialized view sums depends on column kind of table things
materialized view later depends on column kind of table things
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> ALTER MATERIALIZED VIEW later RENAME TO sooner
ALTER MATERIALIZED VIEW

> ALTER MATERIALIZED VIEW things RENAME TO x
ERROR 42809: "things" is not a materialized view
LINE 1: ALTER MATERIALIZED VIEW things RENAME TO x
                                ^

> ALTER MATERIALIZED VIEW IF EXISTS nowhere RENAME TO x
NOTICE: relation "nowhere" does not exist, skipping
ALTER MATERIALIZED VIEW

> ALTER VIEW sooner RENAME TO x
ERROR 42809: "sooner" is not a view
LINE 1: ALTER VIEW sooner RENAME TO x
                   ^

> ALTER MATERIALIZED VIEW sooner RENAME COLUMN k TO kk
ALTER MATERIALIZED VIEW

> SELECT kk FROM sooner ORDER BY 1
 kk
----
 a
 a
 b
 c
(4 rows)

> REFRESH MATERIALIZED VIEW sooner
REFRESH MATERIALIZED VIEW

> SELECT kk, "Total" FROM sooner ORDER BY 1, 2
 kk | Total
----+-------
 a  |  1.50
 a  |  3.00
 b  |  2.25
 c  |  9.00
(4 rows)

> ALTER TABLE sooner RENAME TO later
ALTER TABLE

> CREATE SCHEMA other
CREATE SCHEMA

> ALTER MATERIALIZED VIEW later SET SCHEMA other
ALTER MATERIALIZED VIEW

> SELECT count(*) FROM other.later
 count
-------
     4
(1 row)

> REFRESH MATERIALIZED VIEW other.later
REFRESH MATERIALIZED VIEW

> SELECT schemaname, matviewname, matviewowner = current_user AS own, hasindexes, ispopulated FROM pg_matviews ORDER BY 2
 schemaname | matviewname | own | hasindexes | ispopulated
------------+-------------+-----+------------+-------------
 other      | later       | t   | f          | t
 public     | sums        | t   | t          | t
(2 rows)

> SELECT relname, relkind, relispopulated, relhasindex, relhasrules, relnatts, relreplident FROM pg_class WHERE relname IN ('sums', 'later', 'things') ORDER BY 1
 relname | relkind | relispopulated | relhasindex | relhasrules | relnatts | relreplident
---------+---------+----------------+-------------+-------------+----------+--------------
 later   | m       | t              | f           | t           |        2 | d
 sums    | m       | t              | t           | t           |        3 | d
 things  | r       | t              | t           | f           |        4 | d
(3 rows)

> CREATE VIEW above AS SELECT * FROM sums
CREATE VIEW

> CREATE MATERIALIZED VIEW further AS SELECT kind AS k FROM above
SELECT 3

> SELECT * FROM above ORDER BY 1
 kind | n | total
------+---+-------
 a    | 2 |  4.50
 b    | 1 |  2.25
 c    | 1 |  9.00
(3 rows)

> DROP MATERIALIZED VIEW sums
ERROR 2BP01: cannot drop materialized view sums because other objects depend on it
DETAIL: view above depends on materialized view sums
materialized view further depends on view above
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP MATERIALIZED VIEW sums CASCADE
NOTICE: drop cascades to 2 other objects
DROP MATERIALIZED VIEW

> SELECT * FROM further
ERROR 42P01: relation "further" does not exist
LINE 1: SELECT * FROM further
                      ^

> DROP MATERIALIZED VIEW sums
ERROR 42P01: materialized view "sums" does not exist
LINE 1: DROP MATERIALIZED VIEW sums
                               ^

> DROP MATERIALIZED VIEW IF EXISTS sums, other.later
NOTICE: materialized view "sums" does not exist, skipping
DROP MATERIALIZED VIEW

> CREATE MATERIALIZED VIEW a AS SELECT id, kind FROM things
SELECT 4

> CREATE INDEX ON a (kind)
CREATE INDEX

> COMMENT ON MATERIALIZED VIEW a IS 'kept'
COMMENT

> COMMENT ON TABLE a IS 'kept'
ERROR 42809: "a" is not a table

> COMMENT ON COLUMN a.kind IS 'which'
COMMENT

> SELECT obj_description('a'::regclass), col_description('a'::regclass, 2)
 obj_description | col_description
-----------------+-----------------
 kept            | which
(1 row)

> SELECT pg_get_viewdef('a'::regclass)
        pg_get_viewdef
-------------------------------
  SELECT id, kind FROM things;
(1 row)

> CREATE OR REPLACE MATERIALIZED VIEW a AS SELECT 1
ERROR 42601: syntax error at or near "MATERIALIZED"
LINE 1: CREATE OR REPLACE MATERIALIZED VIEW a AS SELECT 1
                          ^

> CREATE TEMP MATERIALIZED VIEW a2 AS SELECT 1
ERROR 42601: syntax error at or near "MATERIALIZED"
LINE 1: CREATE TEMP MATERIALIZED VIEW a2 AS SELECT 1
                    ^

> CREATE TEMP TABLE tt (x int)
CREATE TABLE

> CREATE MATERIALIZED VIEW a2 AS SELECT * FROM tt
ERROR 0A000: materialized views must not use temporary tables or views

> CREATE MATERIALIZED VIEW a2 (x, y) AS SELECT 1
ERROR 42601: too many column names were specified

> CREATE MATERIALIZED VIEW a2 AS SELECT 1, 2
ERROR 42701: column "?column?" specified more than once

> CREATE MATERIALIZED VIEW a2 AS SELECT 1 / 0 AS x
ERROR 22012: division by zero

> CREATE MATERIALIZED VIEW a2 AS SELECT 1 / 0 AS x WITH NO DATA
CREATE MATERIALIZED VIEW

> REFRESH MATERIALIZED VIEW a2
ERROR 22012: division by zero

> SELECT * FROM a2
ERROR 55000: materialized view "a2" has not been populated
HINT: Use the REFRESH MATERIALIZED VIEW command.

> BEGIN
BEGIN

> INSERT INTO things VALUES (5, 'z', 1, NULL)
INSERT 0 1

> REFRESH MATERIALIZED VIEW a
REFRESH MATERIALIZED VIEW

> SELECT count(*) FROM a
 count
-------
     5
(1 row)

> ROLLBACK
ROLLBACK

> SELECT count(*) FROM a
 count
-------
     4
(1 row)

> SELECT t.id, a.kind FROM things t JOIN a ON a.id = t.id ORDER BY 1
 id | kind
----+------
  1 | a
  2 | b
  3 | a
  4 | c
(4 rows)

> CREATE MATERIALIZED VIEW dup AS SELECT 1 AS x FROM things
SELECT 4

> CREATE UNIQUE INDEX ON dup (x)
ERROR 23505: could not create unique index "dup_x_idx"
DETAIL: Key (x)=(1) is duplicated.

> CREATE UNIQUE INDEX ON a (id)
CREATE INDEX

> DROP TABLE things CASCADE
NOTICE: drop cascades to 2 other objects
DROP TABLE

> SELECT * FROM a
ERROR 42P01: relation "a" does not exist
LINE 1: SELECT * FROM a
                      ^

> CREATE TABLE base (a int, b int)
CREATE TABLE

> CREATE MATERIALIZED VIEW ob AS SELECT a FROM base
SELECT 0

> CREATE UNIQUE INDEX ON ob (a)
CREATE INDEX

> INSERT INTO base VALUES (1, 1), (1, 2)
INSERT 0 2

> REFRESH MATERIALIZED VIEW ob
ERROR 23505: could not create unique index "ob_a_idx"
DETAIL: Key (a)=(1) is duplicated.

> SELECT * FROM ob
 a
---
(0 rows)

> ALTER TABLE base DROP COLUMN b
ALTER TABLE

> ALTER TABLE base DROP COLUMN a
ERROR 2BP01: cannot drop column a of table base because other objects depend on it
DETAIL: materialized view ob depends on column a of table base
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> ALTER TABLE base DROP COLUMN a CASCADE
NOTICE: drop cascades to materialized view ob
ALTER TABLE

> SELECT * FROM ob
ERROR 42P01: relation "ob" does not exist
LINE 1: SELECT * FROM ob
                      ^

> CREATE MATERIALIZED VIEW other.inner1 AS SELECT 1 AS one
SELECT 1

> DROP SCHEMA other
ERROR 2BP01: cannot drop schema other because other objects depend on it
DETAIL: materialized view other.inner1 depends on schema other
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SCHEMA other CASCADE
NOTICE: drop cascades to materialized view other.inner1
DROP SCHEMA

> CREATE ROLE reader
CREATE ROLE

> CREATE ROLE maker
CREATE ROLE

> GRANT CREATE ON SCHEMA public TO maker
GRANT

> CREATE TABLE hidden (x int)
CREATE TABLE

> INSERT INTO hidden VALUES (7)
INSERT 0 1

> CREATE MATERIALIZED VIEW shown AS SELECT x FROM hidden
SELECT 1

> SET ROLE reader
SET

> SELECT * FROM shown
ERROR 42501: permission denied for materialized view shown

> REFRESH MATERIALIZED VIEW shown
ERROR 42501: permission denied for materialized view shown

> DROP MATERIALIZED VIEW shown
ERROR 42501: must be owner of materialized view shown

> CREATE MATERIALIZED VIEW mine AS SELECT 1 AS x
ERROR 42501: permission denied for schema public

> RESET ROLE
RESET

> GRANT SELECT ON shown TO reader
GRANT

> SET ROLE reader
SET

> SELECT * FROM shown
 x
---
 7
(1 row)

> SELECT * FROM hidden
ERROR 42501: permission denied for table hidden

> REFRESH MATERIALIZED VIEW shown
ERROR 42501: permission denied for materialized view shown

> RESET ROLE
RESET

> GRANT MAINTAIN ON shown TO reader
GRANT

> INSERT INTO hidden VALUES (8)
INSERT 0 1

> SET ROLE reader
SET

> REFRESH MATERIALIZED VIEW shown
REFRESH MATERIALIZED VIEW

> SELECT * FROM shown ORDER BY 1
 x
---
 7
 8
(2 rows)

> RESET ROLE
RESET

> SET ROLE maker
SET

> CREATE MATERIALIZED VIEW stolen AS SELECT x FROM hidden
ERROR 42501: permission denied for table hidden

> RESET ROLE
RESET

> ALTER MATERIALIZED VIEW shown OWNER TO maker
ALTER MATERIALIZED VIEW

> ALTER MATERIALIZED VIEW hidden OWNER TO maker
ERROR 42809: "hidden" is not a materialized view

> REFRESH MATERIALIZED VIEW shown
ERROR 42501: permission denied for table hidden

> SET ROLE maker
SET

> REFRESH MATERIALIZED VIEW shown
ERROR 42501: permission denied for table hidden

> ALTER MATERIALIZED VIEW shown RENAME TO shown2
ALTER MATERIALIZED VIEW

> INSERT INTO shown2 VALUES (1)
ERROR 42809: cannot change materialized view "shown2"

> RESET ROLE
RESET

> GRANT SELECT ON hidden TO maker
GRANT

> SET ROLE maker
SET

> REFRESH MATERIALIZED VIEW shown2
REFRESH MATERIALIZED VIEW

> RESET ROLE
RESET

> SELECT has_table_privilege('reader', 'shown2', 'select'), has_table_privilege('reader', 'shown2', 'maintain')
 has_table_privilege | has_table_privilege
---------------------+---------------------
 t                   | t
(1 row)

> DROP OWNED BY maker, reader
DROP OWNED

> DROP ROLE maker
DROP ROLE

> DROP ROLE reader
DROP ROLE

> SELECT pg_relation_is_updatable('dup'::regclass, false)
ERROR 42P01: relation "dup" does not exist

> CREATE SEQUENCE sq OWNED BY dup.x
ERROR 42P01: relation "dup" does not exist

# Of two that go at once one reads the other.

> CREATE MATERIALIZED VIEW below AS SELECT 1 AS x
SELECT 1

> CREATE MATERIALIZED VIEW upper AS SELECT x FROM below
SELECT 1

> DROP MATERIALIZED VIEW below
ERROR 2BP01: cannot drop materialized view below because other objects depend on it
DETAIL: materialized view upper depends on materialized view below
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP MATERIALIZED VIEW below, upper
DROP MATERIALIZED VIEW

# A view over one is no way to write.

> CREATE MATERIALIZED VIEW kept AS SELECT 1 AS x
SELECT 1

> CREATE VIEW over AS SELECT x FROM kept
CREATE VIEW

# differs: the hint is this server's own.
> INSERT INTO over VALUES (2)
ERROR 55000: cannot insert into view "over"
DETAIL: Views that do not select from a single table or view are not automatically updatable.
HINT: Write to the tables that it reads.

> CREATE MATERIALIZED VIEW writes AS WITH w AS (DELETE FROM kept RETURNING x) SELECT x FROM w
ERROR 0A000: materialized views must not use data-modifying statements in WITH

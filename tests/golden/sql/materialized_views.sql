# Materialised views: made, filled anew, read, changed and dropped, what they keep from being dropped, and who may do what.

> CREATE TABLE things (id int PRIMARY KEY, kind text, price numeric(8,2), at timestamp)

> INSERT INTO things VALUES (1,'a',1.50,'2024-01-01'),(2,'b',2.25,NULL),(3,'a',3,'2024-02-01 10:00')

> CREATE MATERIALIZED VIEW sums AS SELECT kind, count(*) AS n, sum(price) AS total FROM things GROUP BY kind

> SELECT * FROM sums ORDER BY kind

> CREATE MATERIALIZED VIEW IF NOT EXISTS sums AS SELECT 1

> CREATE MATERIALIZED VIEW sums AS SELECT 1 AS x

> CREATE MATERIALIZED VIEW later (k, "Total") AS SELECT kind, price FROM things WITH NO DATA

> SELECT * FROM later

> SELECT count(*) FROM later

> INSERT INTO things VALUES (4,'c',9,NULL)

> SELECT * FROM sums ORDER BY kind

> REFRESH MATERIALIZED VIEW sums

> SELECT * FROM sums ORDER BY kind

> REFRESH MATERIALIZED VIEW later

> SELECT * FROM later ORDER BY 1, 2

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums

> CREATE UNIQUE INDEX sums_kind ON sums (kind)

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums WITH DATA

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums WITH NO DATA

> REFRESH MATERIALIZED VIEW sums WITH NO DATA

> SELECT * FROM sums

> REFRESH MATERIALIZED VIEW CONCURRENTLY sums

> REFRESH MATERIALIZED VIEW sums

> SELECT kind, n FROM sums WHERE kind = 'a'

> REFRESH MATERIALIZED VIEW things

> REFRESH MATERIALIZED VIEW nowhere

> REFRESH MATERIALIZED VIEW nowhere.x

> INSERT INTO sums VALUES ('x', 1, 2)

> INSERT INTO sums SELECT * FROM sums

> UPDATE sums SET n = 1

> DELETE FROM sums WHERE kind = 'a'

> TRUNCATE sums

> MERGE INTO sums USING things ON sums.kind = things.kind WHEN MATCHED THEN DELETE

> SELECT * FROM sums FOR UPDATE

> ALTER TABLE sums ADD COLUMN x int

> ALTER TABLE sums DROP COLUMN n

> ALTER TABLE sums ALTER COLUMN n SET NOT NULL

> ALTER MATERIALIZED VIEW sums ALTER COLUMN n TYPE int

> ALTER TABLE sums ADD PRIMARY KEY (kind)

> CREATE TABLE refers (k text REFERENCES sums (kind))

> DROP TABLE sums

> DROP VIEW sums

> DROP MATERIALIZED VIEW things

> DROP TABLE things

> ALTER TABLE things ALTER COLUMN kind TYPE varchar

> ALTER TABLE things DROP COLUMN kind

> ALTER MATERIALIZED VIEW later RENAME TO sooner

> ALTER MATERIALIZED VIEW things RENAME TO x

> ALTER MATERIALIZED VIEW IF EXISTS nowhere RENAME TO x

> ALTER VIEW sooner RENAME TO x

> ALTER MATERIALIZED VIEW sooner RENAME COLUMN k TO kk

> SELECT kk FROM sooner ORDER BY 1

> REFRESH MATERIALIZED VIEW sooner

> SELECT kk, "Total" FROM sooner ORDER BY 1, 2

> ALTER TABLE sooner RENAME TO later

> CREATE SCHEMA other

> ALTER MATERIALIZED VIEW later SET SCHEMA other

> SELECT count(*) FROM other.later

> REFRESH MATERIALIZED VIEW other.later

> SELECT schemaname, matviewname, matviewowner = current_user AS own, hasindexes, ispopulated FROM pg_matviews ORDER BY 2

> SELECT relname, relkind, relispopulated, relhasindex, relhasrules, relnatts, relreplident FROM pg_class WHERE relname IN ('sums', 'later', 'things') ORDER BY 1

> CREATE VIEW above AS SELECT * FROM sums

> CREATE MATERIALIZED VIEW further AS SELECT kind AS k FROM above

> SELECT * FROM above ORDER BY 1

> DROP MATERIALIZED VIEW sums

> DROP MATERIALIZED VIEW sums CASCADE

> SELECT * FROM further

> DROP MATERIALIZED VIEW sums

> DROP MATERIALIZED VIEW IF EXISTS sums, other.later

> CREATE MATERIALIZED VIEW a AS SELECT id, kind FROM things

> CREATE INDEX ON a (kind)

> COMMENT ON MATERIALIZED VIEW a IS 'kept'

> COMMENT ON TABLE a IS 'kept'

> COMMENT ON COLUMN a.kind IS 'which'

> SELECT obj_description('a'::regclass), col_description('a'::regclass, 2)

> SELECT pg_get_viewdef('a'::regclass)

> CREATE OR REPLACE MATERIALIZED VIEW a AS SELECT 1

> CREATE TEMP MATERIALIZED VIEW a2 AS SELECT 1

> CREATE TEMP TABLE tt (x int)

> CREATE MATERIALIZED VIEW a2 AS SELECT * FROM tt

> CREATE MATERIALIZED VIEW a2 (x, y) AS SELECT 1

> CREATE MATERIALIZED VIEW a2 AS SELECT 1, 2

> CREATE MATERIALIZED VIEW a2 AS SELECT 1 / 0 AS x

> CREATE MATERIALIZED VIEW a2 AS SELECT 1 / 0 AS x WITH NO DATA

> REFRESH MATERIALIZED VIEW a2

> SELECT * FROM a2

> BEGIN

> INSERT INTO things VALUES (5, 'z', 1, NULL)

> REFRESH MATERIALIZED VIEW a

> SELECT count(*) FROM a

> ROLLBACK

> SELECT count(*) FROM a

> SELECT t.id, a.kind FROM things t JOIN a ON a.id = t.id ORDER BY 1

> CREATE MATERIALIZED VIEW dup AS SELECT 1 AS x FROM things

> CREATE UNIQUE INDEX ON dup (x)

> CREATE UNIQUE INDEX ON a (id)

> DROP TABLE things CASCADE

> SELECT * FROM a

> CREATE TABLE base (a int, b int)

> CREATE MATERIALIZED VIEW ob AS SELECT a FROM base

> CREATE UNIQUE INDEX ON ob (a)

> INSERT INTO base VALUES (1, 1), (1, 2)

> REFRESH MATERIALIZED VIEW ob

> SELECT * FROM ob

> ALTER TABLE base DROP COLUMN b

> ALTER TABLE base DROP COLUMN a

> ALTER TABLE base DROP COLUMN a CASCADE

> SELECT * FROM ob

> CREATE MATERIALIZED VIEW other.inner1 AS SELECT 1 AS one

> DROP SCHEMA other

> DROP SCHEMA other CASCADE

> CREATE ROLE reader

> CREATE ROLE maker

> GRANT CREATE ON SCHEMA public TO maker

> CREATE TABLE hidden (x int)

> INSERT INTO hidden VALUES (7)

> CREATE MATERIALIZED VIEW shown AS SELECT x FROM hidden

> SET ROLE reader

> SELECT * FROM shown

> REFRESH MATERIALIZED VIEW shown

> DROP MATERIALIZED VIEW shown

> CREATE MATERIALIZED VIEW mine AS SELECT 1 AS x

> RESET ROLE

> GRANT SELECT ON shown TO reader

> SET ROLE reader

> SELECT * FROM shown

> SELECT * FROM hidden

> REFRESH MATERIALIZED VIEW shown

> RESET ROLE

> GRANT MAINTAIN ON shown TO reader

> INSERT INTO hidden VALUES (8)

> SET ROLE reader

> REFRESH MATERIALIZED VIEW shown

> SELECT * FROM shown ORDER BY 1

> RESET ROLE

> SET ROLE maker

> CREATE MATERIALIZED VIEW stolen AS SELECT x FROM hidden

> RESET ROLE

> ALTER MATERIALIZED VIEW shown OWNER TO maker

> ALTER MATERIALIZED VIEW hidden OWNER TO maker

> REFRESH MATERIALIZED VIEW shown

> SET ROLE maker

> REFRESH MATERIALIZED VIEW shown

> ALTER MATERIALIZED VIEW shown RENAME TO shown2

> INSERT INTO shown2 VALUES (1)

> RESET ROLE

> GRANT SELECT ON hidden TO maker

> SET ROLE maker

> REFRESH MATERIALIZED VIEW shown2

> RESET ROLE

> SELECT has_table_privilege('reader', 'shown2', 'select'), has_table_privilege('reader', 'shown2', 'maintain')

> DROP OWNED BY maker, reader

> DROP ROLE maker

> DROP ROLE reader

> SELECT pg_relation_is_updatable('dup'::regclass, false)

> CREATE SEQUENCE sq OWNED BY dup.x

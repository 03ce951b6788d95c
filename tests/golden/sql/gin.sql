# Inverted indexes over jsonb.

> create table g(id int primary key, j jsonb, t text, a text[])
CREATE TABLE

> insert into g select i, jsonb_build_object('k', i % 100, 'tags', jsonb_build_array('t' || i % 7, 'u'), 'n', jsonb_build_object('x', i)), 'a', array['x'] from generate_series(1,5000) i
INSERT 0 5000

> create index g_j on g using gin (j)
CREATE INDEX

> create index g_p on g using gin (j jsonb_path_ops) with (fastupdate = off)
CREATE INDEX

> select indexdef from pg_indexes where tablename='g' order by 1
                         indexdef
-----------------------------------------------------------
 CREATE INDEX g_j ON public.g USING gin (j)
 CREATE INDEX g_p ON public.g USING gin (j jsonb_path_ops)
 CREATE UNIQUE INDEX g_pkey ON public.g USING btree (id)
(3 rows)

> select count(*) from g where j @> '{"k": 5}'
 count
-------
    50
(1 row)

> select count(*) from g where j @> '{"k": 5.0}'
 count
-------
    50
(1 row)

> select id from g where j @> '{"n": {"x": 77}}'
 id
----
 77
(1 row)

> select count(*) from g where j @> '{"tags": ["t3"]}'
 count
-------
   714
(1 row)

> select count(*) from g where j @> '{"tags": ["t3", "u"], "k": 3}'
 count
-------
     8
(1 row)

> select count(*) from g where j ? 'k'
 count
-------
  5000
(1 row)

> select count(*) from g where j ? 'zzz'
 count
-------
     0
(1 row)

> select count(*) from g where j @> '{}'
 count
-------
  5000
(1 row)

> begin
BEGIN

> update g set j = '{"n": {"x": 77}}' where id = 1
UPDATE 1

> delete from g where id = 77
DELETE 1

> select id from g where j @> '{"n": {"x": 77}}'
 id
----
  1
(1 row)

> rollback
ROLLBACK

> update g set j = '["only", {"n": {"x": -1}}]' where id = 2
UPDATE 1

> select id from g where j @> '["only"]'
 id
----
  2
(1 row)

> select id from g where j @> '"only"'
 id
----
  2
(1 row)

> select id from g where j ? 'only'
 id
----
  2
(1 row)

> select id from g where j @> '[{"n": {"x": -1}}]'
 id
----
  2
(1 row)

> select id from g where j @> '{"n": {"x": 2}}'
 id
----
(0 rows)

> insert into g values (6000, null), (6001, '{"n": {"x": 77}}')
INSERT 0 2

> select id from g where j @> '{"n": {"x": 77}}' order by 1
  id
------
   77
 6001
(2 rows)

> delete from g where id = 6001
DELETE 1

> select id from g where j @> '{"n": {"x": 77}}' order by 1
 id
----
 77
(1 row)

> create index on g using gin ((j -> 'tags'))
CREATE INDEX

> select count(*) from g where j -> 'tags' ? 't3'
 count
-------
   714
(1 row)

> create index g_w on g using gin (j) where id > 4000
CREATE INDEX

> select count(*) from g where id > 4000 and j @> '{"k": 5}'
 count
-------
    10
(1 row)

> create unique index on g using gin (j)
ERROR 0A000: access method "gin" does not support unique indexes
HINT: Use an ordered index: leave out USING gin.

> create index on g using gin (t)
ERROR 42704: data type text has no default operator class for access method "gin"

> create index on g using gin (id, j)
ERROR 0A000: a gin index over several columns is not offered
HINT: Make an index of each column: the one that finds least is used.

> create index on g using gin (j desc)
ERROR 0A000: access method "gin" does not support ASC/DESC options
HINT: Leave them out.

> create index on g using gin (j nosuch_ops)
ERROR 42704: operator class "nosuch_ops" does not exist for access method "gin"

> create index on g using gin (j) with (fillfactor = 70)
ERROR 22023: unrecognized parameter "fillfactor"

> select am.amname, o.opcname, i.relname from pg_index x join pg_class i on i.oid=x.indexrelid join pg_am am on am.oid=i.relam join pg_opclass o on o.oid=x.indclass[0] where x.indrelid='g'::regclass order by 3
 amname |    opcname     |  relname
--------+----------------+------------
 gin    | jsonb_ops      | g_expr_idx
 gin    | jsonb_ops      | g_j
 gin    | jsonb_path_ops | g_p
 btree  | int4_ops       | g_pkey
 gin    | jsonb_ops      | g_w
(5 rows)

> drop index g_j
DROP INDEX

> select count(*) from g where j @> '{"k": 5}'
 count
-------
    50
(1 row)

> drop table g
DROP TABLE


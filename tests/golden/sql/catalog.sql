# What clients ask the catalogs.

> CREATE TABLE shelf (id int PRIMARY KEY, title varchar(40) NOT NULL, price numeric(6,2) DEFAULT 1.5, v vector(3))
CREATE TABLE

> CREATE INDEX shelf_title ON shelf (title)
CREATE INDEX

> SELECT relname, relkind FROM pg_class WHERE relname LIKE 'shelf%' ORDER BY relname
   relname   | relkind
-------------+---------
 shelf       | r
 shelf_pkey  | i
 shelf_title | i
(3 rows)

> SELECT attname, format_type(atttypid, atttypmod), attnotnull, attnum FROM pg_attribute WHERE attrelid = 'shelf'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
 attname |      format_type      | attnotnull | attnum
---------+-----------------------+------------+--------
 id      | integer               | t          |      1
 title   | character varying(40) | t          |      2
 price   | numeric(6,2)          | f          |      3
 v       | vector(3)             | f          |      4
(4 rows)

> SELECT conname, contype FROM pg_constraint WHERE conrelid = 'shelf'::regclass AND contype = 'p'
  conname   | contype
------------+---------
 shelf_pkey | p
(1 row)

> SELECT indexrelid::regclass, indisprimary, indisunique FROM pg_index WHERE indrelid = 'shelf'::regclass ORDER BY 1
 indexrelid  | indisprimary | indisunique
-------------+--------------+-------------
 shelf_pkey  | t            | t
 shelf_title | f            | f
(2 rows)

> SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = 'shelf'
 tablename
-----------
 shelf
(1 row)

> SELECT indexdef FROM pg_indexes WHERE tablename = 'shelf' ORDER BY indexname
                            indexdef
-----------------------------------------------------------------
 CREATE UNIQUE INDEX shelf_pkey ON public.shelf USING btree (id)
 CREATE INDEX shelf_title ON public.shelf USING btree (title)
(2 rows)

> SELECT column_name, data_type, is_nullable, ordinal_position FROM information_schema.columns WHERE table_name = 'shelf' ORDER BY ordinal_position
 column_name |     data_type     | is_nullable | ordinal_position
-------------+-------------------+-------------+------------------
 id          | integer           | NO          |                1
 title       | character varying | NO          |                2
 price       | numeric           | YES         |                3
 v           | USER-DEFINED      | YES         |                4
(4 rows)

> SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_name = 'shelf'
 table_schema | table_name | table_type
--------------+------------+------------
 public       | shelf      | BASE TABLE
(1 row)

> SELECT typname, typlen, typtype FROM pg_type WHERE typname IN ('int4', 'text', 'jsonb', 'vector') ORDER BY typname
 typname | typlen | typtype
---------+--------+---------
 int4    |      4 | b
 jsonb   |     -1 | b
 text    |     -1 | b
 vector  |     -1 | b
(4 rows)

> SELECT extname FROM pg_extension WHERE extname = 'vector'
 extname
---------
 vector
(1 row)

> SELECT current_user, current_database(), current_schema()
 current_user | current_database | current_schema
--------------+------------------+----------------
 nebulus      | nebulus          | public
(1 row)

> SELECT nspname FROM pg_namespace WHERE nspname IN ('public', 'pg_catalog', 'information_schema') ORDER BY nspname
      nspname
--------------------
 information_schema
 pg_catalog
 public
(3 rows)

> SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname = 'nebulus'
 rolname | rolcanlogin
---------+-------------
 nebulus | t
(1 row)

> SELECT datname FROM pg_database WHERE datname = current_database()
 datname
---------
 nebulus
(1 row)

> SELECT 'shelf'::regclass, 'int4'::regtype
 regclass | regtype
----------+---------
 shelf    | integer
(1 row)

# differs: PostgreSQL points at the place
> SELECT 'nowhere'::regclass
ERROR 42P01: relation "nowhere" does not exist

> SELECT to_regclass('nowhere') IS NULL
 ?column?
----------
 t
(1 row)

> SELECT has_table_privilege('shelf', 'SELECT')
 has_table_privilege
---------------------
 t
(1 row)

> SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'shelf'::regclass AND indisprimary
                         pg_get_indexdef
-----------------------------------------------------------------
 CREATE UNIQUE INDEX shelf_pkey ON public.shelf USING btree (id)
(1 row)

> SELECT obj_description('shelf'::regclass)
 obj_description
-----------------
 NULL
(1 row)

> SHOW server_encoding
 server_encoding
-----------------
 UTF8
(1 row)

> SHOW standard_conforming_strings
 standard_conforming_strings
-----------------------------
 on
(1 row)

> SELECT current_setting('TimeZone')
 current_setting
-----------------
 UTC
(1 row)

# differs: PostgreSQL answers
#   NOTICE: extension "vector" already exists, skipping
#   CREATE EXTENSION
> CREATE EXTENSION IF NOT EXISTS vector
NOTICE: extension "vector" already exists, skipping
CREATE EXTENSION

# What can be written is what a statement may write: PostgreSQL's superuser may try everywhere.

> SELECT has_table_privilege('shelf', 'delete') AS a, has_table_privilege('nebulus.peers', 'delete') AS b, has_table_privilege('nebulus.peers', 'select') AS c, has_table_privilege('pg_class', 'INSERT, UPDATE') AS d, has_table_privilege('pg_class', 'insert, select') AS e, has_table_privilege('information_schema.tables', 'truncate') AS f
 a | b | c | d | e | f
---+---+---+---+---+---
 t | f | t | f | t | f
(1 row)

> SELECT has_any_column_privilege('nebulus.peers', 'update') AS a, has_any_column_privilege(current_user, 'nebulus.peers'::regclass, 'select') AS b, has_column_privilege('nebulus.peers', 'network', 'update') AS c, has_column_privilege('pg_class', 'relname', 'select') AS d, has_column_privilege('pg_class', 1::int2, 'update') AS e, has_column_privilege('shelf', 'id', 'update') AS f, has_column_privilege('pg_class', 400::int2, 'select') IS NULL AS g
 a | b | c | d | e | f | g
---+---+---+---+---+---+---
 f | t | f | t | f | t | t
(1 row)

> SELECT pg_relation_is_updatable('shelf'::regclass, false) AS a, pg_relation_is_updatable('nebulus.peers'::regclass, false) AS b, pg_column_is_updatable('shelf'::regclass, 1::int2, false) AS c, pg_column_is_updatable('nebulus.peers'::regclass, 1::int2, false) AS d, row_security_active('shelf') AS e
 a  | b | c | d | e
----+---+---+---+---
 28 | 0 | t | f | f
(1 row)

> SELECT has_schema_privilege('public', 'create') AS a, has_schema_privilege('nebulus', 'create') AS b, has_schema_privilege('nebulus', 'usage') AS c, has_table_privilege('public', 'pg_class', 'select') AS d, has_table_privilege('public', 'shelf', 'select') AS e, pg_has_role(current_user, 'member') AS f
 a | b | c | d | e | f
---+---+---+---+---+---
 t | f | t | t | f | t
(1 row)

> SELECT DISTINCT grantee, privilege_type, is_grantable, with_hierarchy FROM information_schema.table_privileges WHERE table_name IN ('shelf', 'pg_class', 'memory_facts') ORDER BY 1, 2
 grantee | privilege_type | is_grantable | with_hierarchy
---------+----------------+--------------+----------------
 PUBLIC  | SELECT         | NO           | YES
 nebulus | DELETE         | YES          | NO
 nebulus | INSERT         | YES          | NO
 nebulus | REFERENCES     | YES          | NO
 nebulus | SELECT         | YES          | YES
 nebulus | TRIGGER        | YES          | NO
 nebulus | TRUNCATE       | YES          | NO
 nebulus | UPDATE         | YES          | NO
(8 rows)

> SELECT has_table_privilege('shelf', 'foo')
ERROR 22023: unrecognized privilege type: "foo"
HINT: There are SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN here.

> SELECT has_table_privilege('nowhere', 'select')
ERROR 42P01: relation "nowhere" does not exist

> SELECT has_table_privilege(99999999::oid, 'select') IS NULL AS a
 a
---
 t
(1 row)

> SELECT has_table_privilege('nobody', 'shelf', 'select')
ERROR 42704: role "nobody" does not exist

> SELECT has_column_privilege('shelf', 'nothing', 'select')
ERROR 42703: column "nothing" of relation "shelf" does not exist

> SELECT has_column_privilege('shelf', 'id', 'delete')
ERROR 22023: unrecognized privilege type: "delete"
HINT: There are SELECT, INSERT, UPDATE, REFERENCES here.

> SELECT has_sequence_privilege('shelf', 'select')
ERROR 42809: "shelf" is not a sequence

> SELECT has_schema_privilege('nowhere', 'create')
ERROR 3F000: schema "nowhere" does not exist

# Functions, those of the planner among them.

> SELECT oid, pg_get_function_arguments(oid) AS arguments, pg_get_function_result(oid) AS result, prokind, provolatile, proisstrict FROM pg_proc WHERE proname = 'date_trunc' ORDER BY oid
 oid  |              arguments               |           result            | prokind | provolatile | proisstrict
------+--------------------------------------+-----------------------------+---------+-------------+-------------
 1217 | text, timestamp with time zone       | timestamp with time zone    | f       | s           | t
 1218 | text, interval                       | interval                    | f       | i           | t
 1284 | text, timestamp with time zone, text | timestamp with time zone    | f       | i           | t
 2020 | text, timestamp without time zone    | timestamp without time zone | f       | i           | t
(4 rows)

> SELECT proname, pg_get_function_arguments(oid) AS arguments, pg_get_function_result(oid) AS result, prokind, proretset FROM pg_proc WHERE proname IN ('array_append', 'unnest', 'row_number', 'jsonb_build_array', 'bool_and', 'generate_series') AND prorettype NOT IN (1184, 1114) ORDER BY proname COLLATE "C", oid
      proname      |                                    arguments                                     |       result       | prokind | proretset
-------------------+----------------------------------------------------------------------------------+--------------------+---------+-----------
 array_append      | anycompatiblearray, anycompatible                                                | anycompatiblearray | f       | f
 bool_and          | boolean                                                                          | boolean            | a       | f
 generate_series   | integer, integer, integer                                                        | SETOF integer      | f       | t
 generate_series   | integer, integer                                                                 | SETOF integer      | f       | t
 generate_series   | bigint, bigint, bigint                                                           | SETOF bigint       | f       | t
 generate_series   | bigint, bigint                                                                   | SETOF bigint       | f       | t
 generate_series   | numeric, numeric, numeric                                                        | SETOF numeric      | f       | t
 generate_series   | numeric, numeric                                                                 | SETOF numeric      | f       | t
 jsonb_build_array | VARIADIC "any"                                                                   | jsonb              | f       | f
 jsonb_build_array |                                                                                  | jsonb              | f       | f
 row_number        |                                                                                  | bigint             | w       | f
 unnest            | anymultirange                                                                    | SETOF anyrange     | f       | t
 unnest            | anyarray                                                                         | SETOF anyelement   | f       | t
 unnest            | tsvector tsvector, OUT lexeme text, OUT positions smallint[], OUT weights text[] | SETOF record       | f       | t
(14 rows)

> SELECT count(*) > 300 AS a FROM pg_proc JOIN pg_type ON pg_type.oid = prorettype WHERE proname NOT LIKE 'pg%'
 a
---
 t
(1 row)

> SELECT count(*) FROM pg_proc LEFT JOIN pg_type ON pg_type.oid = prorettype WHERE pg_type.oid IS NULL
 count
-------
     0
(1 row)

> SELECT typname, count(*) FROM pg_type GROUP BY typname, typnamespace HAVING count(*) > 1
 typname | count
---------+-------
(0 rows)

> SELECT oid, typname, typarray, oid::regtype FROM pg_type WHERE typname IN ('bit', 'varbit', 'halfvec', 'sparsevec') ORDER BY 1
  oid  |  typname  | typarray |     oid
-------+-----------+----------+-------------
  1560 | bit       |     1561 | bit
  1562 | varbit    |     1563 | bit varying
 16387 | halfvec   |    16388 | halfvec
 16389 | sparsevec |    16390 | sparsevec
(4 rows)

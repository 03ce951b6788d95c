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

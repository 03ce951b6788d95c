# Functions in FROM: one value is one row; some return the rows of a catalog.

> SELECT * FROM current_schema()

> SELECT * FROM current_database() AS db

> SELECT * FROM abs(-3)

> SELECT a.n + 1 AS n FROM abs(-3) AS a(n)

> SELECT * FROM abs(-3) AS a(n, m)

> SELECT * FROM string_to_array('a,b', ',') s

> SELECT s[2] FROM string_to_array('a,b', ',') s

> SELECT u.name, x.n FROM lower('ABC') AS u(name), generate_series(1, 2) AS x(n)

> SELECT * FROM count(*)

> SELECT * FROM nosuch(1)

> SELECT word, catcode, barelabel FROM pg_get_keywords() WHERE word IN ('abort', 'select', 'between', 'left') ORDER BY word

> SELECT count(*) > 400 AS many FROM pg_catalog.pg_get_keywords()

> SELECT name, default_version FROM pg_available_extensions() AS e WHERE e.name = 'vector'

> SELECT k.a FROM pg_available_extensions() AS k(a) WHERE a = 'vector'

> SELECT setting FROM pg_show_all_settings() WHERE name = 'server_encoding'

> SELECT * FROM pg_get_keywords(1)

> SELECT * FROM pg_partition_ancestors('memory'::regclass)

# Several arrays side by side.

> SELECT * FROM unnest(ARRAY['a', 'b'], ARRAY[1, 2]) AS t(name, n)

> CREATE TABLE pair (name text, n int)

> INSERT INTO pair SELECT * FROM unnest(ARRAY['a', 'b'], ARRAY[1, 2])

> INSERT INTO pair SELECT * FROM unnest(ARRAY['c'])

> SELECT * FROM pair ORDER BY name

> SELECT unnest + 1 AS next FROM unnest(ARRAY[1, 2])

# int2vector and oidvector: positions from 0, text with blanks.

> CREATE TABLE shelf (id int PRIMARY KEY, place int, title text)

> CREATE INDEX shelf_place ON shelf (title, place)

> SELECT indkey, indkey::text, indoption, indkey[0], (indkey)[1], i.indkey[1], i.indkey[2] IS NULL AS beyond FROM pg_index i WHERE indexrelid = 'shelf_place'::regclass

> SELECT pg_typeof(indkey), pg_typeof(indclass), pg_typeof(indkey[0]) FROM pg_index WHERE indexrelid = 'shelf_place'::regclass

> SELECT array_lower(indkey, 1), array_upper(indkey, 1), array_lower(ARRAY[5, 6], 1) FROM pg_index WHERE indexrelid = 'shelf_place'::regclass

> SELECT generate_subscripts(indkey, 1) FROM pg_index WHERE indexrelid = 'shelf_place'::regclass

> SELECT attname FROM pg_attribute a JOIN pg_index i ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indexrelid = 'shelf_place'::regclass ORDER BY attname

> SELECT c.conkey, c.conkey[1] FROM pg_constraint c WHERE c.conrelid = 'shelf'::regclass AND c.contype = 'p'

> SELECT '1 2'::int2vector, '3 4'::oidvector, '1 x'::int2vector

> SELECT '1 2'::int2vector, '3 4'::oidvector

> SELECT typname, typelem, typarray, typlen FROM pg_type WHERE oid IN (22, 30) ORDER BY oid

> SELECT proname, proargtypes, proargtypes[0] FROM pg_proc WHERE proname = 'pg_backend_pid'

# Rows of an element and its position.

> SELECT information_schema._pg_expandarray(ARRAY['x', 'y'])

> SELECT (information_schema._pg_expandarray(i.indkey)).n, (information_schema._pg_expandarray(i.indkey)).x FROM pg_index i WHERE indexrelid = 'shelf_place'::regclass

> SELECT (k.keys).n, (k.keys).x, k.indoption[(k.keys).n - 1] AS option FROM (SELECT indoption, information_schema._pg_expandarray(indkey) AS keys FROM pg_index WHERE indexrelid = 'shelf_place'::regclass) k ORDER BY 1

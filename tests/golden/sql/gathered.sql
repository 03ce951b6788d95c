# Aggregates that show their rows one by one: the order that is asked for, and equal rows once, in order. Texts of other values.

> CREATE TABLE reading (id int PRIMARY KEY, station text, degrees int, at date)

> INSERT INTO reading VALUES (1, 'north', 3, '2026-01-02'), (2, 'south', 9, '2026-01-01'), (3, 'north', 1, '2026-01-03'), (4, 'south', NULL, '2026-01-04'), (5, 'north', 3, '2026-01-05')

> SELECT array_agg(degrees ORDER BY at DESC), string_agg(station, ',' ORDER BY at), jsonb_agg(degrees ORDER BY degrees DESC NULLS LAST, id), json_agg(id ORDER BY at) FROM reading

> SELECT array_agg(DISTINCT degrees), string_agg(DISTINCT station, ','), jsonb_agg(DISTINCT degrees), json_agg(DISTINCT station), count(DISTINCT degrees) FROM reading

> SELECT array_agg(DISTINCT degrees ORDER BY degrees DESC), string_agg(DISTINCT station, ',' ORDER BY station DESC), jsonb_agg(DISTINCT degrees ORDER BY degrees DESC NULLS LAST) FROM reading

> SELECT station, jsonb_agg(id ORDER BY degrees, id DESC), jsonb_agg(DISTINCT degrees), jsonb_object_agg(id, degrees ORDER BY id DESC), string_agg(degrees::text, '<' ORDER BY degrees) FILTER (WHERE id > 1) FROM reading GROUP BY station ORDER BY station

> SELECT jsonb_agg(r.degrees ORDER BY r.id DESC) AS a, station FROM reading r GROUP BY station HAVING jsonb_agg(DISTINCT degrees) <> '[9]' ORDER BY jsonb_agg(DISTINCT degrees)

> SELECT jsonb_agg(DISTINCT j), jsonb_agg(j ORDER BY j DESC), array_agg(DISTINCT j) FROM (VALUES ('{"a": 1}'::jsonb), ('{"a": 1.0}'), ('[1]'), (NULL)) v(j)

> SELECT array_agg(DISTINCT f), jsonb_agg(DISTINCT i) FROM (VALUES (0.0::float8, interval '1 month'), ('-0', '30 days'), ('NaN', '1 day'), ('NaN', '24 hours')) v(f, i)

> SELECT string_agg(name, sep ORDER BY name DESC), string_agg(DISTINCT name, sep ORDER BY name DESC) FROM (VALUES ('a', '-'), ('b', '+'), ('c', '*'), (NULL, '!'), ('d', NULL)) v(name, sep)

> SELECT string_agg(b, '\x00'::bytea ORDER BY b DESC), string_agg(b, NULL ORDER BY b) FROM (VALUES ('\x01'::bytea), ('\x02')) v(b)

> SELECT jsonb_object_agg(DISTINCT k, v), json_object_agg(k, v ORDER BY k) FROM (VALUES ('b', 2), ('a', 1), ('b', 2)) t(k, v)

> SELECT array_agg(degrees ORDER BY at), jsonb_agg(DISTINCT degrees), string_agg(DISTINCT station, ',' ORDER BY station) FROM reading WHERE false

> SELECT array_agg(DISTINCT 1), string_agg(DISTINCT 'x', ','), array_agg(degrees ORDER BY 1) FROM reading

> SELECT sum(DISTINCT degrees ORDER BY degrees), max(degrees ORDER BY id) FROM reading

> SELECT array_agg(DISTINCT degrees ORDER BY at) FROM reading

> SELECT string_agg(degrees, ',') FROM reading

> SELECT concat(true, NULL, false), concat_ws(',', true, NULL, false), format('%s %L', true, false), 'a' || true, quote_literal(true), quote_nullable(false)

> SELECT concat(1.50, '2026-01-02'::date, '2026-01-02 03:04:05+00'::timestamptz, '\x01'::bytea, ARRAY[true, false], '{"a":1}'::jsonb, 1e20::float8), concat_ws(NULL, 'a'), concat_ws('-', NULL), concat(NULL)

> SELECT array_remove(ARRAY[1, 2, 1, NULL], 1), array_replace(ARRAY[1, 2, 1], 1, 9), array_remove(ARRAY[1, NULL], NULL), array_replace(ARRAY[1, NULL], NULL, 0)

# jsonb: operators, functions, and what is refused.

> CREATE TABLE doc (id int PRIMARY KEY, body jsonb)

> INSERT INTO doc VALUES (1, '{"a": 1, "b": {"c": [10, 20, {"d": "deep"}]}, "t": "text"}'), (2, '[1, "two", null, true]'), (3, NULL), (4, '{"z":1,"a":2,"a":3}')

> SELECT * FROM doc ORDER BY id

> SELECT body -> 'a', body ->> 't', body -> 'b' -> 'c' -> 1 FROM doc WHERE id = 1

> SELECT body #> '{b,c,2}', body #>> '{b,c,2,d}' FROM doc WHERE id = 1

> SELECT body -> 0, body ->> 1, body -> 2, body ->> 2, body -> -1, body -> 9 FROM doc WHERE id = 2

> SELECT id FROM doc WHERE body @> '{"b": {"c": [20]}}'

> SELECT id FROM doc WHERE body ? 'a' ORDER BY id

> SELECT id FROM doc WHERE body ?| array['t', 'z'] ORDER BY id

> SELECT id FROM doc WHERE body ?& array['a', 'z'] ORDER BY id

> SELECT id FROM doc WHERE body ->> 't' = 'text'

> SELECT id FROM doc WHERE (body ->> 'a')::int > 1

> SELECT '{"a":1}'::jsonb || '{"b":2}'::jsonb, '{"a":1,"b":2}'::jsonb - 'a', '[1,2,3]'::jsonb - 1

> SELECT '{"b": 1, "a": 2}'::jsonb = '{"a": 2, "b": 1.0}'::jsonb

> SELECT jsonb_typeof(body), jsonb_typeof(body -> 'a') FROM doc WHERE id IN (1, 2) ORDER BY id

> SELECT jsonb_array_length(body) FROM doc WHERE id = 2

> SELECT jsonb_array_length('{}'::jsonb)

> SELECT jsonb_build_object('n', 1, 's', 'x', 'b', true, 'z', NULL)

> SELECT jsonb_build_array(1, 'x', NULL)

> SELECT jsonb_object_keys(body) FROM doc WHERE id = 1

> SELECT value FROM jsonb_array_elements('[1, {"x": 2}]'::jsonb)

> SELECT key, value FROM jsonb_each('{"k": 1, "l": [2]}'::jsonb)

> SELECT to_jsonb('a"b'::text), to_jsonb(1.50), jsonb_set('{"a": {"b": 1}}', '{a,b}', '2')

> SELECT jsonb_agg(id ORDER BY id) FROM doc

> UPDATE doc SET body = body || '{"new": [1.10, 1e3]}' WHERE id = 1

> SELECT body -> 'new' FROM doc WHERE id = 1

> INSERT INTO doc VALUES (5, '{"a": }')

> INSERT INTO doc VALUES (5, '')

> INSERT INTO doc VALUES (5, '{"a": 1} x')

> INSERT INTO doc VALUES (5, '"\u0000"')

> SELECT '{"a": "\u00e4\ud83d\ude00"}'::jsonb

> SELECT '12345678901234567890.123456789'::jsonb

> SELECT ' {"keep" :   1} '::json

> SELECT id FROM doc ORDER BY body -> 'a', id

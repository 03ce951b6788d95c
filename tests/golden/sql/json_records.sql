# Columns that a statement gives to JSON.

> SELECT * FROM json_to_record('{"a":1,"b":"x","c":[1,2],"d":{"e": 1},"f":null}') AS r (a int, b text, c int[], d json, f text, missing date)

> SELECT * FROM jsonb_to_record('{"a":1.5,"b":true,"c":["x", null],"d":{"e": 1}}') AS r (a numeric, b boolean, c text[], d jsonb)

> SELECT * FROM json_to_recordset('[{"a":1,"b":"x"},{"a":2},{"b":"{1,2}"}]') AS r (a int, b text)

> SELECT a + 1 AS more, r.b FROM jsonb_to_recordset('[{"a":1,"b":"x"},{"a":2}]') AS r (a bigint, b varchar(3)) WHERE a > 1

> SELECT * FROM jsonb_to_recordset('[]') AS r (a int)

> SELECT * FROM jsonb_to_recordset(NULL) AS r (a int)

> SELECT * FROM jsonb_to_record(NULL) AS r (a int)

> SELECT * FROM jsonb_to_record('{"a": [[1, 2], [3, 4]]}') AS r (a int[])

> SELECT * FROM jsonb_to_record('{"a": "{1,2}"}') AS r (a int[])

# differs: PostgreSQL hints at the key.

> SELECT * FROM jsonb_to_record('{"a": 1}') AS r (a int[])

> SELECT * FROM jsonb_to_record('{"a": "x"}') AS r (a int)

> SELECT * FROM jsonb_to_record('[1]') AS r (a int)

> SELECT * FROM jsonb_to_record('1') AS r (a int)

> SELECT * FROM jsonb_to_recordset('[1]') AS r (a int)

> SELECT * FROM jsonb_to_recordset('{"a": 1}') AS r (a int)

> SELECT * FROM jsonb_to_record('{"a": 1}')

> SELECT * FROM jsonb_to_record('{"a": 1}') AS r

> CREATE TABLE notes (id int PRIMARY KEY, body jsonb)

> INSERT INTO notes VALUES (1, '{"kind": "x", "tags": ["p", "q"]}'), (2, '{"kind": "y"}'), (3, NULL)

> SELECT id, kind, tags FROM notes, jsonb_to_record(body) AS r (kind text, tags text[]) ORDER BY id

> SELECT id, kind FROM notes LEFT JOIN LATERAL jsonb_to_record(body) AS r (kind text) ON kind = 'y' ORDER BY id

> DROP TABLE notes

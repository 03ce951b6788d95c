# Columns that a statement gives to JSON.

> SELECT * FROM json_to_record('{"a":1,"b":"x","c":[1,2],"d":{"e": 1},"f":null}') AS r (a int, b text, c int[], d json, f text, missing date)
 a | b |   c   |    d     |  f   | missing
---+---+-------+----------+------+---------
 1 | x | {1,2} | {"e": 1} | NULL | NULL
(1 row)

> SELECT * FROM jsonb_to_record('{"a":1.5,"b":true,"c":["x", null],"d":{"e": 1}}') AS r (a numeric, b boolean, c text[], d jsonb)
  a  | b |    c     |    d
-----+---+----------+----------
 1.5 | t | {x,NULL} | {"e": 1}
(1 row)

> SELECT * FROM json_to_recordset('[{"a":1,"b":"x"},{"a":2},{"b":"{1,2}"}]') AS r (a int, b text)
  a   |   b
------+-------
    1 | x
    2 | NULL
 NULL | {1,2}
(3 rows)

> SELECT a + 1 AS more, r.b FROM jsonb_to_recordset('[{"a":1,"b":"x"},{"a":2}]') AS r (a bigint, b varchar(3)) WHERE a > 1
 more |  b
------+------
    3 | NULL
(1 row)

> SELECT * FROM jsonb_to_recordset('[]') AS r (a int)
 a
---
(0 rows)

> SELECT * FROM jsonb_to_recordset(NULL) AS r (a int)
 a
---
(0 rows)

> SELECT * FROM jsonb_to_record(NULL) AS r (a int)
  a
------
 NULL
(1 row)

> SELECT * FROM jsonb_to_record('{"a": [[1, 2], [3, 4]]}') AS r (a int[])
ERROR 0A000: an array of more than one dimension cannot be computed with as integer[] here
HINT: Write it as ARRAY[[...], [...]], or its elements in one dimension.

> SELECT * FROM jsonb_to_record('{"a": "{1,2}"}') AS r (a int[])
   a
-------
 {1,2}
(1 row)

# differs: PostgreSQL hints at the key.

> SELECT * FROM jsonb_to_record('{"a": 1}') AS r (a int[])
ERROR 22P02: expected JSON array

> SELECT * FROM jsonb_to_record('{"a": "x"}') AS r (a int)
ERROR 22P02: invalid input syntax for type integer: "x"

> SELECT * FROM jsonb_to_record('[1]') AS r (a int)
ERROR 22023: cannot call populate_composite on an array

> SELECT * FROM jsonb_to_record('1') AS r (a int)
ERROR 22023: cannot call populate_composite on a scalar

> SELECT * FROM jsonb_to_recordset('[1]') AS r (a int)
ERROR 22023: argument of jsonb_to_recordset must be an array of objects

> SELECT * FROM jsonb_to_recordset('{"a": 1}') AS r (a int)
ERROR 22023: cannot call jsonb_to_recordset on a non-array

> SELECT * FROM jsonb_to_record('{"a": 1}')
ERROR 42601: a column definition list is required for functions returning "record"
LINE 1: SELECT * FROM jsonb_to_record('{"a": 1}')
                      ^

> SELECT * FROM jsonb_to_record('{"a": 1}') AS r
ERROR 42601: a column definition list is required for functions returning "record"
LINE 1: SELECT * FROM jsonb_to_record('{"a": 1}') AS r
                      ^

> CREATE TABLE notes (id int PRIMARY KEY, body jsonb)
CREATE TABLE

> INSERT INTO notes VALUES (1, '{"kind": "x", "tags": ["p", "q"]}'), (2, '{"kind": "y"}'), (3, NULL)
INSERT 0 3

> SELECT id, kind, tags FROM notes, jsonb_to_record(body) AS r (kind text, tags text[]) ORDER BY id
 id | kind | tags
----+------+-------
  1 | x    | {p,q}
  2 | y    | NULL
  3 | NULL | NULL
(3 rows)

> SELECT id, kind FROM notes LEFT JOIN LATERAL jsonb_to_record(body) AS r (kind text) ON kind = 'y' ORDER BY id
 id | kind
----+------
  1 | NULL
  2 | y
  3 | NULL
(3 rows)

> DROP TABLE notes
DROP TABLE

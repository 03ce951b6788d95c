# ON CONFLICT and RETURNING.

> CREATE TABLE stock (id int PRIMARY KEY, name text, amount int NOT NULL DEFAULT 0)
CREATE TABLE

> INSERT INTO stock VALUES (1, 'apple', 5), (2, 'pear', 6) RETURNING *
 id | name  | amount
----+-------+--------
  1 | apple |      5
  2 | pear  |      6
(2 rows)
INSERT 0 2

> INSERT INTO stock VALUES (1, 'apple', 9), (3, 'plum', 1) ON CONFLICT DO NOTHING
INSERT 0 1

> INSERT INTO stock VALUES (1, 'apple', 9), (4, 'fig', 4) ON CONFLICT (id) DO NOTHING RETURNING id, name
 id | name
----+------
  4 | fig
(1 row)
INSERT 0 1

> INSERT INTO stock VALUES (1, 'apple', 10), (5, 'date', 2) ON CONFLICT (id) DO UPDATE SET amount = stock.amount + excluded.amount RETURNING id, amount
 id | amount
----+--------
  1 |     15
  5 |      2
(2 rows)
INSERT 0 2

> INSERT INTO stock VALUES (2, 'PEAR', 100) ON CONFLICT (id) DO UPDATE SET name = excluded.name, amount = excluded.amount WHERE stock.amount > 50 RETURNING *
 id | name | amount
----+------+--------
(0 rows)
INSERT 0 0

> SELECT * FROM stock ORDER BY id
 id | name  | amount
----+-------+--------
  1 | apple |     15
  2 | pear  |      6
  3 | plum  |      1
  4 | fig   |      4
  5 | date  |      2
(5 rows)

> INSERT INTO stock VALUES (6, 'kiwi', 1), (6, 'kiwi', 2) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount
ERROR 21000: ON CONFLICT DO UPDATE command cannot affect row a second time
HINT: Ensure that no rows proposed for insertion within the same command have duplicate constrained values.

> INSERT INTO stock VALUES (7, 'lime', 1), (7, 'lime', 2) ON CONFLICT DO NOTHING
INSERT 0 1

> SELECT * FROM stock WHERE id = 7
 id | name | amount
----+------+--------
  7 | lime |      1
(1 row)

# differs: PostgreSQL answers
#   ERROR 23502: null value in column "amount" of relation "stock" violates not-null constraint
#   DETAIL: Failing row contains (8, null, null).
> INSERT INTO stock (id, amount) VALUES (8, NULL) ON CONFLICT (id) DO NOTHING
ERROR 23502: null value in column "amount" of relation "stock" violates not-null constraint
DETAIL: Failing row contains (8, null, null).

> INSERT INTO stock VALUES (1, 'x', 1) ON CONFLICT (name) DO NOTHING
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification
LINE 1: INSERT INTO stock VALUES (1, 'x', 1) ON CONFLICT (name) DO NOTHING
                                                          ^

> INSERT INTO stock VALUES (9, 'melon', 3) RETURNING id * 10 AS tenfold, upper(name), amount + 1
 tenfold | upper | ?column?
---------+-------+----------
      90 | MELON |        4
(1 row)
INSERT 0 1

> UPDATE stock SET amount = amount * 2 WHERE id IN (1, 2) RETURNING id, amount
 id | amount
----+--------
  1 |     30
  2 |     12
(2 rows)
UPDATE 2

> DELETE FROM stock WHERE amount > 20 RETURNING name
 name
-------
 apple
(1 row)
DELETE 1

> INSERT INTO stock VALUES (10, 'nut', 1) RETURNING nothing
ERROR 42703: column "nothing" does not exist
LINE 1: INSERT INTO stock VALUES (10, 'nut', 1) RETURNING nothing
                                                          ^

> SELECT count(*) FROM stock WHERE id = 10
 count
-------
     0
(1 row)

> CREATE UNIQUE INDEX stock_name ON stock (name)
CREATE INDEX

> INSERT INTO stock VALUES (11, 'pear', 1)
ERROR 23505: duplicate key value violates unique constraint "stock_name"
DETAIL: Key (name)=(pear) already exists.

> INSERT INTO stock VALUES (11, 'pear', 42) ON CONFLICT (name) DO UPDATE SET amount = excluded.amount RETURNING *
 id | name | amount
----+------+--------
  2 | pear |     42
(1 row)
INSERT 0 1

> UPDATE stock SET name = 'plum' WHERE id = 2
ERROR 23505: duplicate key value violates unique constraint "stock_name"
DETAIL: Key (name)=(plum) already exists.

# Names of the row in subqueries of RETURNING.

> CREATE TABLE rr (id int PRIMARY KEY, k int, n numeric)
CREATE TABLE

> CREATE TABLE ri (id int PRIMARY KEY, k int, m int)
CREATE TABLE

> INSERT INTO ri VALUES (1, 1, 10), (2, 2, 20)
INSERT 0 2

> INSERT INTO rr VALUES (1, 1, 1.5), (2, 2, 2.5) RETURNING (SELECT max(m) FROM ri WHERE m < n * 10) AS q, (SELECT n) AS r
 q  |  r
----+-----
 10 | 1.5
 20 | 2.5
(2 rows)
INSERT 0 2

> UPDATE rr SET n = n + 1 RETURNING id, EXISTS (SELECT 1 FROM (SELECT 1 AS one) q WHERE n > 3) AS q
 id | q
----+---
  1 | f
  2 | t
(2 rows)
UPDATE 2

> UPDATE rr SET n = 9 FROM ri WHERE ri.id = rr.id AND ri.id = 1 RETURNING rr.id, (SELECT m || 'x') AS q
 id |  q
----+-----
  1 | 10x
(1 row)
UPDATE 1

> UPDATE rr SET n = 9 FROM ri WHERE ri.id = rr.id RETURNING (SELECT k)
ERROR 42702: column reference "k" is ambiguous
LINE 1: UPDATE rr SET n = 9 FROM ri WHERE ri.id = rr.id RETURNING (SELECT k)
                                                                          ^

> UPDATE rr SET n = 9 RETURNING (SELECT nothing)
ERROR 42703: column "nothing" does not exist
LINE 1: UPDATE rr SET n = 9 RETURNING (SELECT nothing)
                                              ^

> DELETE FROM rr RETURNING (SELECT count(*) FROM ri WHERE ri.k <= rr.k AND n > 1) AS q
 q
---
 1
 2
(2 rows)
DELETE 2

# Subqueries of DO UPDATE read the rows as they were before the statement, which may have inserted others already.

> CREATE TABLE rc (id int PRIMARY KEY, n int, g int)
CREATE TABLE

> INSERT INTO rc VALUES (2, 0, 1), (4, 0, 1), (5, 0, 1)
INSERT 0 3

> INSERT INTO rc (id, n) SELECT id + 1, 7 FROM rc ON CONFLICT (id) DO UPDATE SET n = (SELECT count(*) FROM rc s) WHERE NOT EXISTS (SELECT 1 FROM rc s WHERE s.g IS NULL) RETURNING id, n, (SELECT count(*) FROM rc s) AS before
 id | n | before
----+---+--------
  3 | 7 |      3
  5 | 3 |      3
  6 | 7 |      3
(3 rows)
INSERT 0 3

> SELECT id, n, g FROM rc ORDER BY id
 id | n |  g
----+---+------
  2 | 0 |    1
  3 | 7 | NULL
  4 | 0 |    1
  5 | 3 |    1
  6 | 7 | NULL
(5 rows)

# Behind a SELECT without FROM, and words that are names of columns behind AS alone.

> CREATE TABLE oc (a int PRIMARY KEY, b int)
CREATE TABLE

> INSERT INTO oc SELECT 1 ON CONFLICT DO NOTHING
INSERT 0 1

> INSERT INTO oc SELECT 1, 2 ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING *
 a | b
---+---
 1 | 2
(1 row)
INSERT 0 1

> INSERT INTO oc SELECT 2 RETURNING *
 a |  b
---+------
 2 | NULL
(1 row)
INSERT 0 1

> INSERT INTO oc (a) SELECT a + 1 FROM oc ON CONFLICT DO NOTHING
INSERT 0 1

> INSERT INTO oc SELECT 1 AS x ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT 1 WHERE true ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT a FROM oc x ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT a FROM oc JOIN oc y USING (a) ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT a FROM oc CROSS JOIN (SELECT 1) z ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT a FROM oc NATURAL JOIN (SELECT 1 AS a) z ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT a FROM generate_series(1,2) a ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT 1 GROUP BY 1 ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT 1 UNION SELECT 2 ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT 1 LIMIT 1 ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc WITH q AS (SELECT 1) SELECT * FROM q ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT * FROM (VALUES (1,2)) v ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc (SELECT 1, 1) ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT -1 ON CONFLICT DO NOTHING
INSERT 0 1

> INSERT INTO oc SELECT (1) ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO oc SELECT 1::int ON CONFLICT DO NOTHING
INSERT 0 0

> SELECT 1 on
ERROR 42601: syntax error at or near "on"
LINE 1: SELECT 1 on
                 ^

> SELECT 1 over
ERROR 42601: syntax error at or near "over"
LINE 1: SELECT 1 over
                 ^

> SELECT 1 returning
ERROR 42601: syntax error at or near "returning"
LINE 1: SELECT 1 returning
                 ^

> SELECT 1 within
ERROR 42601: syntax error at or near "within"
LINE 1: SELECT 1 within
                 ^

> SELECT 1 year
ERROR 42601: syntax error at or near "year"
LINE 1: SELECT 1 year
                 ^

> SELECT 1 to
ERROR 42601: syntax error at or near "to"
LINE 1: SELECT 1 to
                 ^

> SELECT 1 precision
ERROR 42601: syntax error at or near "precision"
LINE 1: SELECT 1 precision
                 ^

> SELECT 1 filter
ERROR 42601: syntax error at or near "filter"
LINE 1: SELECT 1 filter
                 ^

> SELECT 1 char
ERROR 42601: syntax error at or near "char"
LINE 1: SELECT 1 char
                 ^

> SELECT 1 create
ERROR 42601: syntax error at or near "create"
LINE 1: SELECT 1 create
                 ^

> SELECT 1 grant
ERROR 42601: syntax error at or near "grant"
LINE 1: SELECT 1 grant
                 ^

> SELECT 1 user
 user
------
    1
(1 row)

> SELECT 1 value
 value
-------
     1
(1 row)

> SELECT 1 select
 select
--------
      1
(1 row)

> SELECT 1 set, 2 using, 3 left, 4 cross, 5 when, 6 default
 set | using | left | cross | when | default
-----+-------+------+-------+------+---------
   1 |     2 |    3 |     4 |    5 |       6
(1 row)

> SELECT 1 AS on
 on
----
  1
(1 row)

> SELECT * FROM oc on
ERROR 42601: syntax error at or near "on"
LINE 1: SELECT * FROM oc on
                         ^

> DROP TABLE oc
DROP TABLE

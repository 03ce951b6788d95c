# RETURNING shows a row before and after its change.

> CREATE TABLE stock (id int PRIMARY KEY, name text, amount int DEFAULT 1)
CREATE TABLE

> INSERT INTO stock VALUES (1, 'a', 10), (2, 'b', 20) RETURNING old.id, new.id, id, old.*, new.*
  id  | id | id |  id  | name | amount | id | name | amount
------+----+----+------+------+--------+----+------+--------
 NULL |  1 |  1 | NULL | NULL |   NULL |  1 | a    |     10
 NULL |  2 |  2 | NULL | NULL |   NULL |  2 | b    |     20
(2 rows)
INSERT 0 2

> INSERT INTO stock (id, name) VALUES (1, 'z'), (3, 'c') ON CONFLICT (id) DO UPDATE SET name = excluded.name, amount = stock.amount + 1 RETURNING id, old.name, new.name, old.amount, new.amount, old.id IS NULL AS inserted
 id | name | name | amount | amount | inserted
----+------+------+--------+--------+----------
  1 | a    | z    |     10 |     11 | f
  3 | NULL | c    |   NULL |      1 | t
(2 rows)
INSERT 0 2

# differs: PostgreSQL's rows come in the order of its storage.

> UPDATE stock SET amount = amount * 2 RETURNING id, old.amount, new.amount, new.amount - old.amount AS more
 id | amount | amount | more
----+--------+--------+------
  1 |     11 |     22 |   11
  2 |     20 |     40 |   20
  3 |      1 |      2 |    1
(3 rows)
UPDATE 3

> UPDATE stock SET amount = old.amount RETURNING id
ERROR 42P01: missing FROM-clause entry for table "old"
LINE 1: UPDATE stock SET amount = old.amount RETURNING id
                                  ^

> UPDATE stock SET id = 30 WHERE id = 3 RETURNING old.id, new.id
 id | id
----+----
  3 | 30
(1 row)
UPDATE 1

> UPDATE stock AS s SET amount = 0 FROM (VALUES (1, 'first')) AS v (id, label) WHERE s.id = v.id RETURNING *, old.amount, new.amount
 id | name | amount | id | label | amount | amount
----+------+--------+----+-------+--------+--------
  1 | z    |      0 |  1 | first |     22 |      0
(1 row)
UPDATE 1

> UPDATE stock SET name = NULL WHERE id = 2 RETURNING coalesce(new.name, 'was ' || old.name) AS name
 name
-------
 was b
(1 row)
UPDATE 1

# Other names for them.

> UPDATE stock SET amount = 5 WHERE id = 1 RETURNING WITH (OLD AS o, NEW AS n) o.amount, n.amount, amount
 amount | amount | amount
--------+--------+--------
      0 |      5 |      5
(1 row)
UPDATE 1

> UPDATE stock SET amount = 6 WHERE id = 1 RETURNING WITH (OLD AS before) before.*, new.amount
 id | name | amount | amount
----+------+--------+--------
  1 | z    |      5 |      6
(1 row)
UPDATE 1

# differs: PostgreSQL no longer knows `old` where the clause calls it otherwise.

> UPDATE stock SET amount = 6 WHERE id = 1 RETURNING WITH (OLD AS before) old.amount
 amount
--------
      6
(1 row)
UPDATE 1

> UPDATE stock AS old SET amount = 7 WHERE id = 1 RETURNING old.amount
 amount
--------
      7
(1 row)
UPDATE 1

> UPDATE stock AS old SET amount = 8 WHERE id = 1 RETURNING WITH (OLD AS o) o.amount, old.amount, new.amount
 amount | amount | amount
--------+--------+--------
      7 |      8 |      8
(1 row)
UPDATE 1

# A subquery sees them.

> UPDATE stock SET amount = 9 WHERE id = 1 RETURNING (SELECT old.amount + new.amount) AS both, (SELECT count(*) FROM stock WHERE amount = old.amount) AS same
 both | same
------+------
   17 |    1
(1 row)
UPDATE 1

# WITH takes what they return.

> WITH changed AS (UPDATE stock SET amount = amount + 1 RETURNING id, old.amount AS was, new.amount AS is) SELECT * FROM changed ORDER BY id
 id | was | is
----+-----+----
  1 |   9 | 10
  2 |  40 | 41
 30 |   2 |  3
(3 rows)

> WITH changed AS (UPDATE stock SET amount = amount + 1 RETURNING WITH (OLD AS o) id, o.amount) SELECT o.amount FROM changed AS o ORDER BY o.id
 amount
--------
     10
     41
      3
(3 rows)

> DELETE FROM stock WHERE id = 2 RETURNING old.*, new.*, amount
 id | name | amount |  id  | name | amount | amount
----+------+--------+------+------+--------+--------
  2 | NULL |     42 | NULL | NULL |   NULL |     42
(1 row)
DELETE 1

# differs: PostgreSQL's rows come in the order of its storage.

> DELETE FROM stock RETURNING old.name, new.name, name
 name | name | name
------+------+------
 z    | NULL | z
 c    | NULL | c
(2 rows)
DELETE 2

# What they are not.

> INSERT INTO stock VALUES (9) RETURNING old.missing
ERROR 42703: column old.missing does not exist
LINE 1: INSERT INTO stock VALUES (9) RETURNING old.missing
                                               ^

> INSERT INTO stock VALUES (9) RETURNING other.id
ERROR 42P01: missing FROM-clause entry for table "other"
LINE 1: INSERT INTO stock VALUES (9) RETURNING other.id
                                               ^

> SELECT old.id FROM stock
ERROR 42P01: missing FROM-clause entry for table "old"
LINE 1: SELECT old.id FROM stock
               ^

> INSERT INTO stock VALUES (9) RETURNING WITH (OLD AS x, OLD AS y) id
ERROR 42601: OLD cannot be specified multiple times
LINE 1: INSERT INTO stock VALUES (9) RETURNING WITH (OLD AS x, OLD AS y) id
                                                               ^

> PREPARE change (int) AS UPDATE stock SET amount = $1 RETURNING old.amount, new.amount + $1 AS twice
PREPARE

> INSERT INTO stock VALUES (1, 'p', 1)
INSERT 0 1

> EXECUTE change (4)
 amount | twice
--------+-------
      1 |     8
(1 row)
UPDATE 1

# Of a view they have its columns.

> CREATE VIEW shelf AS SELECT id AS place, amount AS number FROM stock
CREATE VIEW

> UPDATE shelf SET number = 5 WHERE place = 1 RETURNING *, old.*, new.number
 place | number | place | number | number
-------+--------+-------+--------+--------
     1 |      5 |     1 |      4 |      5
(1 row)
UPDATE 1

> INSERT INTO shelf VALUES (2, 7) RETURNING old.number, new.place, new.number
 number | place | number
--------+-------+--------
   NULL |     2 |      7
(1 row)
INSERT 0 1

> DELETE FROM shelf WHERE place = 2 RETURNING WITH (OLD AS gone) gone.*, new.*
 place | number | place | number
-------+--------+-------+--------
     2 |      7 |  NULL |   NULL
(1 row)
DELETE 1

> CREATE VIEW doubled AS SELECT id, amount, amount * 2 AS twice FROM stock
CREATE VIEW

# differs: PostgreSQL computes the column.

> UPDATE doubled SET amount = 1 RETURNING old.twice
ERROR 0A000: RETURNING of columns that view "doubled" computes is not offered
HINT: Name its other columns, and select these afterwards.

> DROP VIEW doubled
DROP VIEW

> DROP VIEW shelf
DROP VIEW

> DROP TABLE stock
DROP TABLE

# Names that a query inside has for itself, and queries of WITH.

> CREATE TABLE seen (id int PRIMARY KEY, n int)
CREATE TABLE

> INSERT INTO seen VALUES (1, 1), (2, 2), (3, 3)
INSERT 0 3

> INSERT INTO seen VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET n = (SELECT count(*) FROM seen WHERE seen.id > 1) RETURNING n
 n
---
 2
(1 row)
INSERT 0 1

> INSERT INTO seen VALUES (4, 5) RETURNING (SELECT count(*) FROM seen WHERE seen.id > 1)
 count
-------
     2
(1 row)
INSERT 0 1

> UPDATE seen SET n = 1 WHERE id = 1 RETURNING (SELECT count(*) FROM seen WHERE seen.id > 1), (SELECT sum(x.id) FROM seen x WHERE x.id > seen.id)
 count | sum
-------+-----
     3 |   9
(1 row)
UPDATE 1

> UPDATE seen SET n = 1 WHERE id = 1 RETURNING (SELECT x.id FROM seen x ORDER BY x.id DESC, seen.n LIMIT 1)
 id
----
  4
(1 row)
UPDATE 1

> WITH q AS (SELECT 5 AS a) UPDATE seen SET n = q.a FROM q WHERE id = 1 RETURNING n, (SELECT a + n FROM q)
 n | ?column?
---+----------
 5 |       10
(1 row)
UPDATE 1

> WITH q AS (SELECT 5 AS a) DELETE FROM seen WHERE id = 1 RETURNING (SELECT a FROM q) + id AS more
 more
------
    6
(1 row)
DELETE 1

> UPDATE seen SET n = 1 RETURNING count(*)
ERROR 42803: aggregate functions are not allowed in RETURNING
LINE 1: UPDATE seen SET n = 1 RETURNING count(*)
                                        ^

> INSERT INTO seen VALUES (9, 9) RETURNING row_number() OVER ()
ERROR 42P20: window functions are not allowed in RETURNING
LINE 1: INSERT INTO seen VALUES (9, 9) RETURNING row_number() OVER ()
                                                 ^

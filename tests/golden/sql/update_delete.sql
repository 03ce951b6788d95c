# UPDATE and DELETE with filters, FROM, subqueries and key changes.

> CREATE TABLE task (id int PRIMARY KEY, kind text, done bool DEFAULT false, weight float8)
CREATE TABLE

> INSERT INTO task SELECT n, CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END, false, n / 4.0 FROM generate_series(1, 8) AS n
INSERT 0 8

> UPDATE task SET done = true WHERE kind = 'even'
UPDATE 4

> SELECT * FROM task ORDER BY id
 id | kind | done | weight
----+------+------+--------
  1 | odd  | f    |   0.25
  2 | even | t    |    0.5
  3 | odd  | f    |   0.75
  4 | even | t    |      1
  5 | odd  | f    |   1.25
  6 | even | t    |    1.5
  7 | odd  | f    |   1.75
  8 | even | t    |      2
(8 rows)

> UPDATE task SET weight = weight + 1, kind = kind || '!' WHERE id = 3
UPDATE 1

> SELECT * FROM task WHERE id = 3
 id | kind | done | weight
----+------+------+--------
  3 | odd! | f    |   1.75
(1 row)

> UPDATE task SET weight = NULL
UPDATE 8

> SELECT count(*), count(weight) FROM task
 count | count
-------+-------
     8 |     0
(1 row)

> UPDATE task SET id = 100 WHERE id = 1
UPDATE 1

> SELECT id FROM task ORDER BY id
 id
-----
   2
   3
   4
   5
   6
   7
   8
 100
(8 rows)

> UPDATE task SET id = 2 WHERE id = 100
ERROR 23505: duplicate key value violates unique constraint "task_pkey"
DETAIL: Key (id)=(2) already exists.

> UPDATE task SET kind = DEFAULT, done = DEFAULT WHERE id = 2 RETURNING *
 id | kind | done | weight
----+------+------+--------
  2 | NULL | f    |   NULL
(1 row)
UPDATE 1

> CREATE TABLE extra (task_id int PRIMARY KEY, label text)
CREATE TABLE

> INSERT INTO extra VALUES (2, 'two'), (4, 'four'), (99, 'none')
INSERT 0 3

> UPDATE task SET kind = extra.label FROM extra WHERE extra.task_id = task.id
UPDATE 2

> SELECT id, kind FROM task WHERE id <= 4 ORDER BY id
 id | kind
----+------
  2 | two
  3 | odd!
  4 | four
(3 rows)

> UPDATE task SET weight = (SELECT max(task_id) FROM extra) WHERE id IN (SELECT task_id FROM extra)
UPDATE 2

> SELECT id, weight FROM task WHERE weight IS NOT NULL ORDER BY id
 id | weight
----+--------
  2 |     99
  4 |     99
(2 rows)

> UPDATE task SET nothing = 1
ERROR 42703: column "nothing" of relation "task" does not exist
LINE 1: UPDATE task SET nothing = 1
                        ^

# differs: PostgreSQL answers
#   ERROR 23502: null value in column "id" of relation "task" violates not-null constraint
#   DETAIL: Failing row contains (null, two, f, 99).
> UPDATE task SET id = NULL WHERE id = 2
ERROR 23502: null value in column "id" of relation "task" violates not-null constraint
DETAIL: Failing row contains (null, two, f, 99).

> UPDATE task SET done = 'maybe' WHERE id = 2
ERROR 22P02: invalid input syntax for type boolean: "maybe"
LINE 1: UPDATE task SET done = 'maybe' WHERE id = 2
                               ^

> UPDATE task SET (kind, weight) = ('pair', 0.25) WHERE id = 8
UPDATE 1

> SELECT kind, weight FROM task WHERE id = 8
 kind | weight
------+--------
 pair |   0.25
(1 row)

> DELETE FROM task WHERE id = 8
DELETE 1

> DELETE FROM task WHERE id = 8
DELETE 0

> DELETE FROM task USING extra WHERE task.id = extra.task_id AND extra.label = 'four'
DELETE 1

> DELETE FROM task WHERE id IN (SELECT task_id FROM extra) RETURNING id
 id
----
  2
(1 row)
DELETE 1

> SELECT id FROM task ORDER BY id
 id
-----
   3
   5
   6
   7
 100
(5 rows)

> UPDATE task AS t SET weight = t.id * 1.5 WHERE t.id > 6
UPDATE 2

> SELECT id, weight FROM task WHERE id > 6 ORDER BY id
 id  | weight
-----+--------
   7 |   10.5
 100 |    150
(2 rows)

> DELETE FROM task WHERE nothing = 1
ERROR 42703: column "nothing" does not exist
LINE 1: DELETE FROM task WHERE nothing = 1
                               ^

> DELETE FROM task
DELETE 5

> SELECT count(*) FROM task
 count
-------
     0
(1 row)

> TRUNCATE extra
TRUNCATE TABLE

> SELECT count(*) FROM extra
 count
-------
     0
(1 row)

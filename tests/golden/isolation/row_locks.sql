# FOR UPDATE and its kin.

> one: CREATE TABLE job (id int PRIMARY KEY, status text); INSERT INTO job SELECT n, 'queued' FROM generate_series(1, 5) AS n
CREATE TABLE
INSERT 0 5

# Each gets a job of its own.

> one: BEGIN; SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
BEGIN
 id
----
  1
(1 row)

> two: BEGIN; SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED
BEGIN
 id
----
  2
  3
(2 rows)

> three: BEGIN; SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED
BEGIN
 id
----
  4
  5
(2 rows)

> one: UPDATE job SET status = 'done' WHERE id = 1
UPDATE 1

> one: COMMIT
COMMIT

> two: ROLLBACK
ROLLBACK

> three: COMMIT
COMMIT

> one: SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 OFFSET 1 FOR UPDATE SKIP LOCKED
 id
----
  3
(1 row)

# NOWAIT.

> one: BEGIN; SELECT * FROM job WHERE id = 2 FOR UPDATE
BEGIN
 id | status
----+--------
  2 | queued
(1 row)

> two: SELECT * FROM job WHERE id = 2 FOR UPDATE NOWAIT
ERROR 55P03: could not obtain lock on row in relation "job"

> two: SELECT * FROM job WHERE id = 3 FOR UPDATE NOWAIT
 id | status
----+--------
  3 | queued
(1 row)

# Readers do not wait.

> two: SELECT * FROM job WHERE id = 2
 id | status
----+--------
  2 | queued
(1 row)

# Whoever waits sees what became of the row.

> two: SELECT * FROM job WHERE id = 2 AND status = 'queued' FOR UPDATE
<waiting ...>

> one: UPDATE job SET status = 'done' WHERE id = 2
UPDATE 1

> one: COMMIT
COMMIT
two goes on:
 id | status
----+--------
(0 rows)

> one: BEGIN; SELECT * FROM job WHERE id = 3 FOR UPDATE
BEGIN
 id | status
----+--------
  3 | queued
(1 row)

> two: SELECT * FROM job WHERE id IN (3, 4) ORDER BY id FOR UPDATE
<waiting ...>

> one: UPDATE job SET status = 'running' WHERE id = 3; COMMIT
UPDATE 1
COMMIT
two goes on:
 id | status
----+---------
  3 | running
  4 | queued
(2 rows)

> one: UPDATE job SET status = 'queued' WHERE id > 2
UPDATE 3

# The strengths.

> one: BEGIN; SELECT id FROM job WHERE id = 3 FOR KEY SHARE
BEGIN
 id
----
  3
(1 row)

> two: UPDATE job SET status = 'x' WHERE id = 3
UPDATE 1

> two: SELECT id FROM job WHERE id = 3 FOR SHARE NOWAIT
 id
----
  3
(1 row)

> two: SELECT id FROM job WHERE id = 3 FOR NO KEY UPDATE NOWAIT
 id
----
  3
(1 row)

> two: SELECT id FROM job WHERE id = 3 FOR UPDATE NOWAIT
ERROR 55P03: could not obtain lock on row in relation "job"

> two: DELETE FROM job WHERE id = 3
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
DELETE 1

> one: BEGIN; SELECT id FROM job WHERE id = 4 FOR SHARE
BEGIN
 id
----
  4
(1 row)

> two: SELECT id FROM job WHERE id = 4 FOR KEY SHARE NOWAIT
 id
----
  4
(1 row)

> two: SELECT id FROM job WHERE id = 4 FOR NO KEY UPDATE NOWAIT
ERROR 55P03: could not obtain lock on row in relation "job"

> one: COMMIT
COMMIT

> one: BEGIN; SELECT id FROM job WHERE id = 4 FOR NO KEY UPDATE
BEGIN
 id
----
  4
(1 row)

> two: SELECT id FROM job WHERE id = 4 FOR KEY SHARE NOWAIT
 id
----
  4
(1 row)

> two: SELECT id FROM job WHERE id = 4 FOR SHARE NOWAIT
ERROR 55P03: could not obtain lock on row in relation "job"

> one: COMMIT
COMMIT

# Of joins, the tables that are named.

> one: CREATE TABLE step (id int PRIMARY KEY, job int, name text); INSERT INTO step VALUES (1, 4, 'a'), (2, 5, 'b')
CREATE TABLE
INSERT 0 2

> one: BEGIN; SELECT s.name, j.status FROM step s JOIN job j ON s.job = j.id WHERE s.id = 1 FOR UPDATE OF s
BEGIN
 name | status
------+--------
 a    | queued
(1 row)

> two: SELECT id FROM job WHERE id = 4 FOR UPDATE NOWAIT
 id
----
  4
(1 row)

> two: SELECT id FROM step WHERE id = 1 FOR UPDATE NOWAIT
ERROR 55P03: could not obtain lock on row in relation "step"

> two: SELECT s.name FROM step s JOIN job j ON s.job = j.id ORDER BY s.id FOR UPDATE SKIP LOCKED
 name
------
 b
(1 row)

> one: COMMIT
COMMIT

> one: BEGIN; SELECT s.name FROM step s LEFT JOIN job j ON s.job = j.id WHERE s.id = 1 FOR UPDATE OF s FOR SHARE OF s
BEGIN
 name
------
 a
(1 row)

> one: ROLLBACK
ROLLBACK

# Inside of other statements.

> one: UPDATE job SET status = 'queued'
UPDATE 4

> one: BEGIN; UPDATE job SET status = 'mine' WHERE id = (SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *
BEGIN
 id | status
----+--------
  1 | mine
(1 row)
UPDATE 1

> two: BEGIN; WITH next AS (SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE job SET status = 'yours' FROM next WHERE job.id = next.id RETURNING job.*
BEGIN
 id | status
----+--------
  2 | yours
(1 row)
UPDATE 1

> three: DELETE FROM job WHERE id IN (SELECT id FROM job ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id
 id
----
  5
(1 row)
DELETE 1

> three: WITH free AS (SELECT id, status FROM job ORDER BY id FOR UPDATE SKIP LOCKED) SELECT count(*), min(status) FROM free
 count |  min
-------+--------
     1 | queued
(1 row)

> one: COMMIT
COMMIT

> two: COMMIT
COMMIT

> three: INSERT INTO job SELECT id + 100, status FROM job WHERE status = 'nothing' FOR UPDATE
INSERT 0 0

# What has no rows of tables.

> one: SELECT count(*) FROM job FOR UPDATE
ERROR 0A000: FOR UPDATE is not allowed with aggregate functions

> one: SELECT status FROM job GROUP BY status FOR SHARE
ERROR 0A000: FOR SHARE is not allowed with GROUP BY clause

> one: SELECT DISTINCT status FROM job FOR UPDATE
ERROR 0A000: FOR UPDATE is not allowed with DISTINCT clause

> one: SELECT id FROM job UNION SELECT id FROM step FOR UPDATE
ERROR 0A000: FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT

> one: SELECT row_number() OVER () FROM job FOR NO KEY UPDATE
ERROR 0A000: FOR NO KEY UPDATE is not allowed with window functions

> one: SELECT s.name FROM step s LEFT JOIN job j ON s.job = j.id FOR UPDATE
ERROR 0A000: FOR UPDATE cannot be applied to the nullable side of an outer join

# differs: PostgreSQL says where in the text the name stands.

> one: SELECT id FROM job FOR UPDATE OF nothing
ERROR 42P01: relation "nothing" in FOR UPDATE clause not found in FROM clause

> one: SELECT n FROM generate_series(1, 2) AS n FOR UPDATE
 n
---
 1
 2
(2 rows)

> one: SELECT n FROM generate_series(1, 2) AS n FOR UPDATE OF n
ERROR 0A000: FOR UPDATE cannot be applied to a function

> one: SELECT id FROM job LIMIT -1 FOR UPDATE
ERROR 2201W: LIMIT must not be negative

> one: DROP TABLE job, step
DROP TABLE

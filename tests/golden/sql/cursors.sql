# Cursors WITH HOLD are read to their end by the COMMIT of their transaction, which fails with what that fails with.

> CREATE TABLE item (id int PRIMARY KEY, share int)
CREATE TABLE

> INSERT INTO item VALUES (1, 4), (2, 2), (3, 0)
INSERT 0 3

> BEGIN
BEGIN

> DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM item ORDER BY id
DECLARE CURSOR

> DECLARE gone CURSOR FOR SELECT id FROM item ORDER BY id DESC
DECLARE CURSOR

> SELECT name, statement, is_holdable, is_binary, creation_time <= statement_timestamp() AS earlier FROM pg_cursors ORDER BY name
 name |                             statement                             | is_holdable | is_binary | earlier
------+-------------------------------------------------------------------+-------------+-----------+---------
 gone | DECLARE gone CURSOR FOR SELECT id FROM item ORDER BY id DESC      | f           | f         | t
 kept | DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM item ORDER BY id | t           | f         | t
(2 rows)

> FETCH 1 FROM kept
 id
----
  1
(1 row)
FETCH 1

> COMMIT
COMMIT

> DELETE FROM item WHERE id = 2
DELETE 1

> FETCH ALL FROM kept
 id
----
  2
  3
(2 rows)
FETCH 2

> FETCH ALL FROM kept
 id
----
(0 rows)
FETCH 0

> SELECT name, is_holdable FROM pg_cursors
 name | is_holdable
------+-------------
 kept | t
(1 row)

> CLOSE kept
CLOSE CURSOR

> SELECT count(*) FROM pg_cursor()
 count
-------
     0
(1 row)

# A row that cannot be computed fails the COMMIT, and nothing of the transaction remains.

> BEGIN
BEGIN

> INSERT INTO item VALUES (4, 1)
INSERT 0 1

> DECLARE broken CURSOR WITH HOLD FOR SELECT 12 / share FROM item ORDER BY id
DECLARE CURSOR

> COMMIT
ERROR 22012: division by zero

> FETCH 1 FROM broken
ERROR 34000: cursor "broken" does not exist

> SELECT id FROM item ORDER BY id
 id
----
  1
  3
(2 rows)

> DECLARE broken CURSOR WITH HOLD FOR SELECT 12 / share FROM item ORDER BY id
ERROR 22012: division by zero

> DECLARE alone CURSOR WITH HOLD FOR SELECT id FROM item ORDER BY id
DECLARE CURSOR

> BEGIN
BEGIN

> FETCH 1 FROM alone
 id
----
  1
(1 row)
FETCH 1

> ROLLBACK
ROLLBACK

> FETCH ALL FROM alone
 id
----
  3
(1 row)
FETCH 1

# One that was declared on secrets does not show them.

> DECLARE hidden CURSOR WITH HOLD FOR SELECT key FROM auth WHERE key = 'hush'
DECLARE CURSOR

> SELECT name, statement FROM pg_cursors ORDER BY name
  name  |                             statement
--------+--------------------------------------------------------------------
 alone  | DECLARE alone CURSOR WITH HOLD FOR SELECT id FROM item ORDER BY id
 hidden | [a statement on secrets]
(2 rows)

> CLOSE ALL
CLOSE CURSOR ALL

> SELECT count(*) FROM pg_cursors
 count
-------
     0
(1 row)

# FETCH and MOVE with the words that may be left out.

> BEGIN
BEGIN

> DECLARE numbers CURSOR FOR SELECT generate_series(1, 9) AS n
DECLARE CURSOR

> FETCH numbers
 n
---
 1
(1 row)
FETCH 1

> FETCH FROM numbers
 n
---
 2
(1 row)
FETCH 1

> FETCH FORWARD numbers
 n
---
 3
(1 row)
FETCH 1

> MOVE numbers
MOVE 1

> MOVE 2 IN numbers
MOVE 2

> FETCH FORWARD 1 IN numbers
 n
---
 7
(1 row)
FETCH 1

> MOVE FORWARD ALL FROM numbers
MOVE 2

> MOVE NEXT FROM numbers
MOVE 0

> FETCH NEXT numbers
 n
---
(0 rows)
FETCH 0

> MOVE missing
ERROR 34000: cursor "missing" does not exist

> ROLLBACK
ROLLBACK

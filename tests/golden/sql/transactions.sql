# Blocks, the aborted state, savepoints and DDL inside of transactions.

> CREATE TABLE account (id int PRIMARY KEY, amount int)
CREATE TABLE

> BEGIN
BEGIN

> INSERT INTO account VALUES (1, 100)
INSERT 0 1

> SELECT * FROM account
 id | amount
----+--------
  1 |    100
(1 row)

> ROLLBACK
ROLLBACK

> SELECT count(*) FROM account
 count
-------
     0
(1 row)

> BEGIN; INSERT INTO account VALUES (1, 100); INSERT INTO account VALUES (2, 50); COMMIT
BEGIN
INSERT 0 1
INSERT 0 1
COMMIT

> SELECT * FROM account ORDER BY id
 id | amount
----+--------
  1 |    100
  2 |     50
(2 rows)

> BEGIN
BEGIN

> UPDATE account SET amount = 0
UPDATE 2

> SELECT nothing FROM account
ERROR 42703: column "nothing" does not exist
LINE 1: SELECT nothing FROM account
               ^

> SELECT 1
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

> INSERT INTO account VALUES (3, 1)
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

> COMMIT
ROLLBACK

> SELECT * FROM account ORDER BY id
 id | amount
----+--------
  1 |    100
  2 |     50
(2 rows)

> START TRANSACTION
START TRANSACTION

> SAVEPOINT one
SAVEPOINT

> UPDATE account SET amount = 1 WHERE id = 1
UPDATE 1

> SAVEPOINT two
SAVEPOINT

> UPDATE account SET amount = 2 WHERE id = 1
UPDATE 1

> SELECT 1/0
ERROR 22012: division by zero

> ROLLBACK TO SAVEPOINT two
ROLLBACK

> SELECT amount FROM account WHERE id = 1
 amount
--------
      1
(1 row)

> ROLLBACK TO one
ROLLBACK

> SELECT amount FROM account WHERE id = 1
 amount
--------
    100
(1 row)

> RELEASE SAVEPOINT one
RELEASE

> ROLLBACK TO one
ERROR 3B001: savepoint "one" does not exist

> ROLLBACK
ROLLBACK

> SAVEPOINT outside
ERROR 25P01: SAVEPOINT can only be used in transaction blocks

> BEGIN
BEGIN

> CREATE TABLE temporary_thing (id int PRIMARY KEY)
CREATE TABLE

> INSERT INTO temporary_thing VALUES (1)
INSERT 0 1

> SELECT * FROM temporary_thing
 id
----
  1
(1 row)

> ROLLBACK
ROLLBACK

> SELECT * FROM temporary_thing
ERROR 42P01: relation "temporary_thing" does not exist
LINE 1: SELECT * FROM temporary_thing
                      ^

> BEGIN
BEGIN

> CREATE TABLE lasting (id int PRIMARY KEY)
CREATE TABLE

> INSERT INTO lasting VALUES (5)
INSERT 0 1

> COMMIT
COMMIT

> SELECT * FROM lasting
 id
----
  5
(1 row)

> BEGIN
BEGIN

> DROP TABLE lasting
DROP TABLE

> SELECT * FROM lasting
ERROR 42P01: relation "lasting" does not exist
LINE 1: SELECT * FROM lasting
                      ^

> ROLLBACK
ROLLBACK

> SELECT * FROM lasting
 id
----
  5
(1 row)

> BEGIN
BEGIN

> INSERT INTO lasting VALUES (6)
INSERT 0 1

> INSERT INTO lasting VALUES (6)
ERROR 23505: duplicate key value violates unique constraint "lasting_pkey"
DETAIL: Key (id)=(6) already exists.

> END
ROLLBACK

> SELECT * FROM lasting
 id
----
  5
(1 row)

> INSERT INTO lasting VALUES (7); SELECT 1/0; INSERT INTO lasting VALUES (8)
INSERT 0 1
ERROR 22012: division by zero

> SELECT * FROM lasting
 id
----
  5
(1 row)

> COMMIT
WARNING: there is no transaction in progress
COMMIT

> ROLLBACK
WARNING: there is no transaction in progress
ROLLBACK

> BEGIN
BEGIN

> BEGIN
WARNING: there is already a transaction in progress
BEGIN

> COMMIT
COMMIT

> BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
BEGIN

# differs: PostgreSQL answers ERROR 25006: cannot execute INSERT in a read-only transaction
> INSERT INTO lasting VALUES (9)
ERROR 25006: cannot write in a read-only transaction
HINT: BEGIN READ WRITE, or SET default_transaction_read_only = off.

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

> DELETE FROM account WHERE id = 1
DELETE 1

> INSERT INTO account VALUES (1, 77)
INSERT 0 1

> SELECT * FROM account ORDER BY id
 id | amount
----+--------
  1 |     77
  2 |     50
(2 rows)

> COMMIT
COMMIT

> SELECT * FROM account ORDER BY id
 id | amount
----+--------
  1 |     77
  2 |     50
(2 rows)

# Isolation and the right to write are chosen before anything is read.

> BEGIN; SELECT count(*) FROM account; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
BEGIN
 count
-------
     2
(1 row)
ERROR 25001: SET TRANSACTION ISOLATION LEVEL must be called before any query
HINT: Name the level with BEGIN.

> ROLLBACK
ROLLBACK

> BEGIN; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SELECT count(*) FROM account; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ROLLBACK
BEGIN
SET
 count
-------
     2
(1 row)
SET
ROLLBACK

> BEGIN; SELECT count(*) FROM account; SET transaction_isolation = 'repeatable read'
BEGIN
 count
-------
     2
(1 row)
ERROR 25001: SET TRANSACTION ISOLATION LEVEL must be called before any query
HINT: Name the level with BEGIN.

> ROLLBACK
ROLLBACK

> BEGIN; SAVEPOINT a; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
BEGIN
SAVEPOINT
ERROR 25001: SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction
HINT: Name the level with BEGIN.

> ROLLBACK
ROLLBACK

> BEGIN; DECLARE c CURSOR FOR SELECT 1; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
BEGIN
DECLARE CURSOR
ERROR 25001: SET TRANSACTION ISOLATION LEVEL must be called before any query
HINT: Name the level with BEGIN.

> ROLLBACK
ROLLBACK

> BEGIN; SHOW work_mem; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SHOW transaction_isolation; ROLLBACK
BEGIN
 work_mem
----------
 4MB
(1 row)
SET
 transaction_isolation
-----------------------
 read committed
(1 row)
ROLLBACK

> BEGIN READ ONLY; SELECT count(*) FROM account; SET TRANSACTION READ WRITE
BEGIN
 count
-------
     2
(1 row)
ERROR 25001: transaction read-write mode must be set before any query

> ROLLBACK
ROLLBACK

> BEGIN; SELECT count(*) FROM account; SET TRANSACTION READ ONLY; ROLLBACK
BEGIN
 count
-------
     2
(1 row)
SET
ROLLBACK

> BEGIN READ ONLY; SAVEPOINT a; SET TRANSACTION READ WRITE
BEGIN
SAVEPOINT
ERROR 25001: cannot set transaction read-write mode inside a read-only transaction

> ROLLBACK
ROLLBACK

> BEGIN; BEGIN ISOLATION LEVEL READ COMMITTED; SHOW transaction_isolation; ROLLBACK
WARNING: there is already a transaction in progress
BEGIN
BEGIN
 transaction_isolation
-----------------------
 read committed
(1 row)
ROLLBACK

# Outside of a block they end with their statement.

> SET TRANSACTION ISOLATION LEVEL READ COMMITTED
WARNING: SET TRANSACTION can only be used in transaction blocks
SET

> SET transaction_isolation = 'repeatable read'
SET

> SHOW transaction_isolation
 transaction_isolation
-----------------------
 read committed
(1 row)

# now() is the same in all of a transaction, whichever way a statement is run.
> BEGIN
BEGIN

> CREATE TABLE moments AS SELECT now() AS n
SELECT 1

> SELECT pg_sleep(0.01)
 pg_sleep
----------
 ''
(1 row)

> INSERT INTO moments VALUES (current_timestamp), (now())
INSERT 0 2

> SELECT count(*) FROM moments WHERE n = now()
 count
-------
     3
(1 row)

> SELECT count(DISTINCT n), max(n) = transaction_timestamp(), statement_timestamp() > now(), current_date = now()::date FROM moments
 count | ?column? | ?column? | ?column?
-------+----------+----------+----------
     1 | t        | t        | t
(1 row)

> COMMIT
COMMIT

> SELECT count(*) FROM moments WHERE n < now()
 count
-------
     3
(1 row)

# A writer waits for the row's other writer and goes on with its newest version.

> one: CREATE TABLE account (id int PRIMARY KEY, owner text, balance int); INSERT INTO account VALUES (1, 'a', 600), (2, 'b', 600)
CREATE TABLE
INSERT 0 2

# Both add to one balance: nothing is lost.

> one: BEGIN
BEGIN

> two: BEGIN
BEGIN

> one: UPDATE account SET balance = balance - 200 WHERE id = 1 RETURNING balance
 balance
---------
     400
(1 row)
UPDATE 1

> two: UPDATE account SET balance = balance + 450 WHERE id = 1 RETURNING balance
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 balance
---------
     850
(1 row)
UPDATE 1

> two: COMMIT
COMMIT

> one: SELECT * FROM account ORDER BY id
 id | owner | balance
----+-------+---------
  1 | a     |     850
  2 | b     |     600
(2 rows)

# The one before has rolled back: the other goes on with what was there.

> one: BEGIN; UPDATE account SET balance = 0 WHERE id = 1
BEGIN
UPDATE 1

> two: UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
 balance
---------
     851
(1 row)
UPDATE 1

# The condition is looked at again: it does not hold any more.

> one: BEGIN; UPDATE account SET balance = 100 WHERE id = 1
BEGIN
UPDATE 1

> two: UPDATE account SET balance = balance - 500 WHERE id = 1 AND balance >= 500 RETURNING balance
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 balance
---------
(0 rows)
UPDATE 0

> one: BEGIN; UPDATE account SET owner = 'c' WHERE id = 2
BEGIN
UPDATE 1

> two: UPDATE account SET balance = balance - 500 WHERE owner = 'b' RETURNING balance
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 balance
---------
(0 rows)
UPDATE 0

# It holds still, of one of two rows.

> one: BEGIN; UPDATE account SET balance = balance + 1000 WHERE id = 2
BEGIN
UPDATE 1

> two: UPDATE account SET balance = balance * 2 WHERE balance < 1000 RETURNING id, balance
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 id | balance
----+---------
  1 |     200
(1 row)
UPDATE 1

# The row is gone.

> one: BEGIN; DELETE FROM account WHERE id = 2
BEGIN
DELETE 1

> two: UPDATE account SET balance = 0 WHERE id = 2
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
UPDATE 0

> one: BEGIN; DELETE FROM account WHERE id = 1
BEGIN
DELETE 1

> two: DELETE FROM account RETURNING id
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
 id
----
  1
(1 row)
DELETE 1

# Each statement of a block sees what was committed before it, beside its own writes; now() stays.

> one: INSERT INTO account VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)
INSERT 0 3

> one: BEGIN; SELECT count(*) FROM account
BEGIN
 count
-------
     3
(1 row)

> two: INSERT INTO account VALUES (4, 'd', 4); UPDATE account SET balance = 20 WHERE id = 2
INSERT 0 1
UPDATE 1

> one: SELECT * FROM account ORDER BY id
 id | owner | balance
----+-------+---------
  1 | a     |       1
  2 | b     |      20
  3 | c     |       3
  4 | d     |       4
(4 rows)

> one: UPDATE account SET balance = balance + 1 WHERE id = 3
UPDATE 1

> two: UPDATE account SET balance = balance + 1 WHERE id = 4
UPDATE 1

> one: SELECT * FROM account ORDER BY id; SELECT now() = transaction_timestamp()
 id | owner | balance
----+-------+---------
  1 | a     |       1
  2 | b     |      20
  3 | c     |       4
  4 | d     |       5
(4 rows)
 ?column?
----------
 t
(1 row)

> two: UPDATE account SET balance = 0 WHERE id = 3
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
UPDATE 1

> one: SELECT * FROM account ORDER BY id
 id | owner | balance
----+-------+---------
  1 | a     |       1
  2 | b     |      20
  3 | c     |       0
  4 | d     |       5
(4 rows)

# Three of them wait for one another's turn.

> one: BEGIN; UPDATE account SET balance = balance + 1 WHERE id = 1
BEGIN
UPDATE 1

> two: UPDATE account SET balance = balance * 10 WHERE id = 1 RETURNING balance
<waiting ...>

> three: UPDATE account SET balance = balance + 5 WHERE id = 1 RETURNING balance
<waiting ...>

> one: COMMIT
COMMIT
three goes on:
 balance
---------
      25
(1 row)
UPDATE 1
two goes on:
 balance
---------
      20
(1 row)
UPDATE 1

# Savepoints give up what was locked since.

> one: BEGIN; SAVEPOINT s; UPDATE account SET balance = 7 WHERE id = 1
BEGIN
SAVEPOINT
UPDATE 1

> two: UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance
<waiting ...>

> one: ROLLBACK TO SAVEPOINT s
ROLLBACK
two goes on:
 balance
---------
      26
(1 row)
UPDATE 1

> one: COMMIT
COMMIT

# A block that has failed holds nothing any more.

> one: BEGIN; UPDATE account SET balance = 7 WHERE id = 1
BEGIN
UPDATE 1

> two: UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance
<waiting ...>

> one: SELECT 1 / 0
ERROR 22012: division by zero
two goes on:
 balance
---------
      27
(1 row)
UPDATE 1

> one: ROLLBACK
ROLLBACK

> one: DROP TABLE account
DROP TABLE

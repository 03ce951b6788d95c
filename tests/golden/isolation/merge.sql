# MERGE waits for the rows that it changes, and decides anew by what they have become.

> one: CREATE TABLE account (id int PRIMARY KEY, owner text, balance int); INSERT INTO account VALUES (1, 'a', 100), (2, 'b', 200), (3, 'c', 300)
CREATE TABLE
INSERT 0 3

# The other has changed the row: its newest version is what counts.

> one: BEGIN; UPDATE account SET balance = balance + 50 WHERE id = 1
BEGIN
UPDATE 1

> two: MERGE INTO account USING (VALUES (1, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED AND balance < 120 THEN UPDATE SET balance = balance + n WHEN MATCHED THEN UPDATE SET balance = -balance WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n) RETURNING merge_action(), account.*
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 merge_action | id | owner | balance
--------------+----+-------+---------
 UPDATE       |  1 | a     |    -150
(1 row)
MERGE 1

# It has deleted the row: there is none that matches any more.

> one: BEGIN; DELETE FROM account WHERE id = 2
BEGIN
DELETE 1

> two: MERGE INTO account USING (VALUES (2, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + n WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n) RETURNING merge_action(), account.*
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 merge_action | id | owner | balance
--------------+----+-------+---------
 INSERT       |  2 | new   |       7
(1 row)
MERGE 1

# It has rolled back.

> one: BEGIN; DELETE FROM account WHERE id = 2
BEGIN
DELETE 1

> two: MERGE INTO account USING (VALUES (2, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + n WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n) RETURNING merge_action(), account.*
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
 merge_action | id | owner | balance
--------------+----+-------+---------
 UPDATE       |  2 | new   |      14
(1 row)
MERGE 1

# It has inserted the row: the statement did not see it.

> one: BEGIN; INSERT INTO account VALUES (4, 'd', 400)
BEGIN
INSERT 0 1

> two: MERGE INTO account USING (VALUES (4, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + n WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n)
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
ERROR 23505: duplicate key value violates unique constraint "account_pkey"
DETAIL: Key (id)=(4) already exists.

# Two of them at once.

> one: BEGIN; MERGE INTO account USING (VALUES (3), (1)) AS v (id) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + 1
BEGIN
MERGE 2

> two: MERGE INTO account USING (VALUES (3)) AS v (id) ON account.id = v.id WHEN MATCHED THEN DELETE RETURNING account.*
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 id | owner | balance
----+-------+---------
  3 | c     |     301
(1 row)
MERGE 1

# Rows that nothing is done with are not waited for.

> one: BEGIN; UPDATE account SET balance = 0 WHERE id = 1
BEGIN
UPDATE 1

> two: MERGE INTO account USING (VALUES (1), (4)) AS v (id) ON account.id = v.id WHEN MATCHED AND account.id = 4 THEN DELETE WHEN MATCHED THEN DO NOTHING RETURNING account.id
 id
----
  4
(1 row)
MERGE 1

> one: ROLLBACK
ROLLBACK

# At the other levels a row that has changed ends the statement.

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     2
(1 row)

> one: UPDATE account SET balance = 1 WHERE id = 1
UPDATE 1

> two: MERGE INTO account USING (VALUES (1)) AS v (id) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + 1
ERROR 40001: could not serialize access due to concurrent update

> two: ROLLBACK
ROLLBACK

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     2
(1 row)

> one: DELETE FROM account WHERE id = 2
DELETE 1

> two: MERGE INTO account USING (VALUES (2)) AS v (id) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + 1
ERROR 40001: could not serialize access due to concurrent delete

> two: ROLLBACK
ROLLBACK

> one: SELECT * FROM account ORDER BY id
 id | owner | balance
----+-------+---------
  1 | a     |       1
(1 row)

# SERIALIZABLE: what a transaction has read is as it was when it commits.

> one: CREATE TABLE doctor (name text PRIMARY KEY, on_call bool); INSERT INTO doctor VALUES ('a', true), ('b', true), ('c', false)
CREATE TABLE
INSERT 0 3

# Write skew: each looks whether somebody else is on call, and goes.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE on_call
BEGIN
 count
-------
     2
(1 row)

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE on_call
BEGIN
 count
-------
     2
(1 row)

> one: UPDATE doctor SET on_call = false WHERE name = 'a'
UPDATE 1

> two: UPDATE doctor SET on_call = false WHERE name = 'b'
UPDATE 1

> one: COMMIT
COMMIT

> two: COMMIT
ERROR 40001: could not serialize access due to read/write dependencies among transactions
DETAIL: Reason code: Canceled on identification as a pivot, during commit attempt.
HINT: The transaction might succeed if retried.

> one: SELECT count(*) FROM doctor WHERE on_call
 count
-------
     1
(1 row)

# The same by keys.

> one: UPDATE doctor SET on_call = true
UPDATE 3

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'b'
BEGIN
 on_call
---------
 t
(1 row)

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'a'
BEGIN
 on_call
---------
 t
(1 row)

> one: UPDATE doctor SET on_call = false WHERE name = 'a'
UPDATE 1

> two: UPDATE doctor SET on_call = false WHERE name = 'b'
UPDATE 1

> two: COMMIT
COMMIT

> one: COMMIT
ERROR 40001: could not serialize access due to read/write dependencies among transactions
DETAIL: Reason code: Canceled on identification as a pivot, during commit attempt.
HINT: The transaction might succeed if retried.

# A row that comes into what was counted.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE name > 'x'
BEGIN
 count
-------
     0
(1 row)

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE name > 'x'
BEGIN
 count
-------
     0
(1 row)

> one: INSERT INTO doctor VALUES ('y', true)
INSERT 0 1

> two: INSERT INTO doctor VALUES ('z', true)
INSERT 0 1

> one: COMMIT
COMMIT

> two: COMMIT
ERROR 40001: could not serialize access due to read/write dependencies among transactions
DETAIL: Reason code: Canceled on identification as a pivot, during commit attempt.
HINT: The transaction might succeed if retried.

# Those that read other rows by their keys, and one that only reads, commit.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'a'
BEGIN
 on_call
---------
 t
(1 row)

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'b'
BEGIN
 on_call
---------
 f
(1 row)

> three: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor
BEGIN
 count
-------
     4
(1 row)

> one: UPDATE doctor SET on_call = true WHERE name = 'a'
UPDATE 1

> two: UPDATE doctor SET on_call = true WHERE name = 'b'
UPDATE 1

> one: COMMIT
COMMIT

> two: COMMIT
COMMIT

> three: SELECT count(*) FROM doctor
 count
-------
     4
(1 row)

> three: COMMIT
COMMIT

# A row that was changed since.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor
BEGIN
 count
-------
     4
(1 row)

> two: UPDATE doctor SET on_call = false WHERE name = 'a'
UPDATE 1

> one: UPDATE doctor SET on_call = true WHERE name = 'a'
ERROR 40001: could not serialize access due to concurrent update

> one: ROLLBACK; SHOW default_transaction_isolation
ROLLBACK
 default_transaction_isolation
-------------------------------
 read committed
(1 row)

> one: DROP TABLE doctor
DROP TABLE

# SERIALIZABLE: what a transaction has read is as it was when it commits.

> one: CREATE TABLE doctor (name text PRIMARY KEY, on_call bool); INSERT INTO doctor VALUES ('a', true), ('b', true), ('c', false)

# Write skew: each looks whether somebody else is on call, and goes.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE on_call

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE on_call

> one: UPDATE doctor SET on_call = false WHERE name = 'a'

> two: UPDATE doctor SET on_call = false WHERE name = 'b'

> one: COMMIT

> two: COMMIT

> one: SELECT count(*) FROM doctor WHERE on_call

# The same by keys.

> one: UPDATE doctor SET on_call = true

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'b'

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'a'

> one: UPDATE doctor SET on_call = false WHERE name = 'a'

> two: UPDATE doctor SET on_call = false WHERE name = 'b'

> two: COMMIT

> one: COMMIT

# A row that comes into what was counted.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE name > 'x'

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor WHERE name > 'x'

> one: INSERT INTO doctor VALUES ('y', true)

> two: INSERT INTO doctor VALUES ('z', true)

> one: COMMIT

> two: COMMIT

# Those that read other rows by their keys, and one that only reads, commit.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'a'

> two: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT on_call FROM doctor WHERE name = 'b'

> three: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor

> one: UPDATE doctor SET on_call = true WHERE name = 'a'

> two: UPDATE doctor SET on_call = true WHERE name = 'b'

> one: COMMIT

> two: COMMIT

> three: SELECT count(*) FROM doctor

> three: COMMIT

# A row that was changed since.

> one: BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM doctor

> two: UPDATE doctor SET on_call = false WHERE name = 'a'

> one: UPDATE doctor SET on_call = true WHERE name = 'a'

> one: ROLLBACK; SHOW default_transaction_isolation

> one: DROP TABLE doctor

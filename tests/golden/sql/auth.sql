# Secrets: stored by the vault, read by key.

> SET AUTH key = "google_maps_api_key" value = "AIzaSy..."
SET

> GET AUTH WHERE key = "google_maps_api_key"
         key         |   value
---------------------+-----------
 google_maps_api_key | AIzaSy...
(1 row)

> SELECT key, value FROM auth WHERE key = 'google_maps_api_key'
         key         |   value
---------------------+-----------
 google_maps_api_key | AIzaSy...
(1 row)

> INSERT INTO auth (key, value) VALUES ('db_password', 'p''w')
INSERT 0 1

> SELECT key, value FROM auth ORDER BY key
         key         |   value
---------------------+-----------
 db_password         | p'w
 google_maps_api_key | AIzaSy...
(2 rows)

> SET AUTH key = "db_password" value = "changed"
SET

> SELECT value FROM auth WHERE key = 'db_password'
  value
---------
 changed
(1 row)

> UPDATE auth SET value = 'again' WHERE key = 'db_password'
UPDATE 1

> SELECT value FROM auth WHERE key = 'db_password'
 value
-------
 again
(1 row)

> EXPLAIN GET AUTH WHERE key = "db_password"
       QUERY PLAN
-------------------------
 Vault Lookup on auth
   Filter: on each entry
(2 rows)

> EXPLAIN SET AUTH key = "db_password" value = "secret value"
   QUERY PLAN
----------------
 Upsert on auth
(1 row)

> GET AUTH WHERE key = "nothing"
 key | value
-----+-------
(0 rows)

> SET AUTH key = "x" value = "secret value" more
ERROR 42601: expected the end of the statement after a string, found a word
HINT: SET AUTH key = "…" value = "…"

> SET AUTH value = "secret value"
ERROR 42601: expected KEY after AUTH, found VALUE
HINT: SET AUTH key = "…" value = "…"

> INSERT INTO auth (key) VALUES ('no value')
ERROR 23502: null value in column "value" of relation "auth" violates not-null constraint

> BEGIN
BEGIN

> SET AUTH key = "temporary" value = "gone soon"
SET

> GET AUTH WHERE key = "temporary"
    key    |   value
-----------+-----------
 temporary | gone soon
(1 row)

> ROLLBACK
ROLLBACK

> GET AUTH WHERE key = "temporary"
 key | value
-----+-------
(0 rows)

> DELETE AUTH WHERE key = "db_password"
DELETE 1

> DELETE FROM auth WHERE key = 'google_maps_api_key'
DELETE 1

> SELECT count(*) FROM auth
 count
-------
     0
(1 row)

> SET auth = x
ERROR 42704: unrecognized configuration parameter "auth"

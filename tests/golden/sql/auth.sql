# Secrets: stored by the vault, read by key.

> SET AUTH key = "google_maps_api_key" value = "AIzaSy..."

> GET AUTH WHERE key = "google_maps_api_key"

> SELECT key, value FROM auth WHERE key = 'google_maps_api_key'

> INSERT INTO auth (key, value) VALUES ('db_password', 'p''w')

> SELECT key, value FROM auth ORDER BY key

> SET AUTH key = "db_password" value = "changed"

> SELECT value FROM auth WHERE key = 'db_password'

> UPDATE auth SET value = 'again' WHERE key = 'db_password'

> SELECT value FROM auth WHERE key = 'db_password'

> EXPLAIN GET AUTH WHERE key = "db_password"

> EXPLAIN SET AUTH key = "db_password" value = "secret value"

> GET AUTH WHERE key = "nothing"

> SET AUTH key = "x" value = "secret value" more

> SET AUTH value = "secret value"

> INSERT INTO auth (key) VALUES ('no value')

> BEGIN

> SET AUTH key = "temporary" value = "gone soon"

> GET AUTH WHERE key = "temporary"

> ROLLBACK

> GET AUTH WHERE key = "temporary"

> DELETE AUTH WHERE key = "db_password"

> DELETE FROM auth WHERE key = 'google_maps_api_key'

> SELECT count(*) FROM auth

> SET auth = x

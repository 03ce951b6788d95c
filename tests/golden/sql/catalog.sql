# What clients ask the catalogs.

> CREATE TABLE shelf (id int PRIMARY KEY, title varchar(40) NOT NULL, price numeric(6,2) DEFAULT 1.5, v vector(3))

> CREATE INDEX shelf_title ON shelf (title)

> SELECT relname, relkind FROM pg_class WHERE relname LIKE 'shelf%' ORDER BY relname

> SELECT attname, format_type(atttypid, atttypmod), attnotnull, attnum FROM pg_attribute WHERE attrelid = 'shelf'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum

> SELECT conname, contype FROM pg_constraint WHERE conrelid = 'shelf'::regclass AND contype = 'p'

> SELECT indexrelid::regclass, indisprimary, indisunique FROM pg_index WHERE indrelid = 'shelf'::regclass ORDER BY 1

> SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = 'shelf'

> SELECT indexdef FROM pg_indexes WHERE tablename = 'shelf' ORDER BY indexname

> SELECT column_name, data_type, is_nullable, ordinal_position FROM information_schema.columns WHERE table_name = 'shelf' ORDER BY ordinal_position

> SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_name = 'shelf'

> SELECT typname, typlen, typtype FROM pg_type WHERE typname IN ('int4', 'text', 'jsonb', 'vector') ORDER BY typname

> SELECT extname FROM pg_extension WHERE extname = 'vector'

> SELECT current_user, current_database(), current_schema()

> SELECT nspname FROM pg_namespace WHERE nspname IN ('public', 'pg_catalog', 'information_schema') ORDER BY nspname

> SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname = 'nebulus'

> SELECT datname FROM pg_database WHERE datname = current_database()

> SELECT 'shelf'::regclass, 'int4'::regtype

> SELECT 'nowhere'::regclass

> SELECT to_regclass('nowhere') IS NULL

> SELECT has_table_privilege('shelf', 'SELECT')

> SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'shelf'::regclass AND indisprimary

> SELECT obj_description('shelf'::regclass)

> SHOW server_encoding

> SHOW standard_conforming_strings

> SELECT current_setting('TimeZone')

> CREATE EXTENSION IF NOT EXISTS vector

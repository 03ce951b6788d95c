# A setting that is accepted is obeyed; one that can only change the speed is marked.

# Values that would not be obeyed are refused; nonsense is nonsense.

> SET datestyle = 'SQL, DMY'

> SET datestyle = 'ISO, DMY'

> SET datestyle = 'nonsense'

> SET datestyle = 'ISO'

> SHOW datestyle

> SELECT '03/04/2020'::date

> SET intervalstyle = 'iso_8601'

> SET intervalstyle = 'nonsense'

> SET intervalstyle = 'postgres'

> SET bytea_output = 'escape'

> SET bytea_output = 'hex'

> SET extra_float_digits = 0

> SET extra_float_digits = 4

> SET extra_float_digits = 3

> SET timezone = 'America/New_York'

> SET timezone = 'nonsense'

> SET TIME ZONE 'UTC'

> SET search_path = tenant

> SET search_path = public, pg_catalog

> SET client_encoding = 'LATIN1'

> SET standard_conforming_strings = off

> SET transaction_timeout = 0

> SET transaction_timeout = '5s'

> SET default_tablespace = ''

> SET default_tablespace = fast

> SET row_security = off

> SET nonsense = 1

> SET hnsw.nonsense = 1

# Numbers have units.

> SET statement_timeout = 3000

> SHOW statement_timeout

> SET statement_timeout = 77

> SHOW statement_timeout

> SELECT current_setting('statement_timeout') AS shown, (SELECT setting || ' ' || unit FROM pg_settings WHERE name = 'statement_timeout') AS kept

> SET statement_timeout = '3 weeks'

> RESET statement_timeout

> SHOW statement_timeout

> SHOW work_mem

# What can only change the speed of a plan is taken and shown.

> SET enable_seqscan = off

> SHOW enable_seqscan

> SET enable_seqscan = maybe

> SET random_page_cost = 1.1

> SHOW random_page_cost

> SET random_page_cost = -1

> SET hnsw.iterative_scan = strict_order

> SET hnsw.iterative_scan = nonsense

> SET hnsw.max_scan_tuples = 0

> SET jit_above_cost = -1

> SET max_parallel_workers_per_gather = 0

> SET synchronize_seqscans = off

> BEGIN

> SET LOCAL enable_sort = off

> SHOW enable_sort

> COMMIT

> SHOW enable_sort

> SELECT set_config('work_mem', '8MB', false), current_setting('work_mem')

> SELECT name, setting, category, short_desc, vartype FROM pg_settings WHERE name IN ('enable_sort', 'random_page_cost', 'statement_timeout', 'bytea_output', 'max_index_keys') ORDER BY name

# What tells of the server can be read.

> SHOW max_index_keys

> SHOW max_prepared_transactions

> SHOW transaction_deferrable

> SHOW escape_string_warning

> SET max_index_keys = 64

# client_min_messages.

> COMMIT

> SET client_min_messages = error

> COMMIT

> RESET client_min_messages

> COMMIT

# A cursor WITH HOLD lives as long as what made it.

> BEGIN

> DECLARE held CURSOR WITH HOLD FOR SELECT 1

> ROLLBACK

> FETCH NEXT FROM held

> BEGIN

> DECLARE held CURSOR WITH HOLD FOR SELECT 2

> COMMIT

> BEGIN

> SAVEPOINT s

> DECLARE inner_one CURSOR WITH HOLD FOR SELECT 3

> ROLLBACK TO s

> DECLARE inner_one CURSOR WITH HOLD FOR SELECT 4

> SELECT 1 / 0

> COMMIT

> FETCH NEXT FROM inner_one

> FETCH NEXT FROM held

> DECLARE held CURSOR WITH HOLD FOR SELECT 5

> DECLARE alone CURSOR WITH HOLD FOR SELECT 6

> BEGIN

> ROLLBACK

> FETCH NEXT FROM alone

> DECLARE gone CURSOR WITH HOLD FOR SELECT 7; SELECT 1 / 0

> FETCH NEXT FROM gone


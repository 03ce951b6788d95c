# A setting that is accepted is obeyed; one that can only change the speed is marked.

# What values look like is obeyed; nonsense is nonsense.

> SET datestyle = 'SQL, DMY'
SET

> SELECT '03/04/2020'::date, timestamp '2020-04-03 12:00'
    date    |      timestamp
------------+---------------------
 03/04/2020 | 03/04/2020 12:00:00
(1 row)

> SET datestyle = 'german, sql'
ERROR 22023: invalid value for parameter "DateStyle": "german, sql"
DETAIL: Conflicting "DateStyle" specifications.

> SET datestyle = 'nonsense'
ERROR 22023: invalid value for parameter "DateStyle": "nonsense"
DETAIL: Unrecognized key word: "nonsense".

> SHOW datestyle
 DateStyle
-----------
 SQL, DMY
(1 row)

> RESET datestyle
RESET

> SELECT '03/04/2020'::date
    date
------------
 2020-03-04
(1 row)

> SET intervalstyle = 'iso_8601'
SET

> SELECT interval '1 day 2 hours', ARRAY[interval '1 mon']
 interval | array
----------+-------
 P1DT2H   | {P1M}
(1 row)

> SET intervalstyle = 'nonsense'
ERROR 22023: invalid value for parameter "IntervalStyle": "nonsense"
HINT: Available values: postgres, postgres_verbose, sql_standard, iso_8601.

> RESET intervalstyle
RESET

> SET bytea_output = 'escape'
SET

> SELECT '\x00ff5c41'::bytea
    bytea
-------------
 \000\377\\A
(1 row)

> RESET bytea_output
RESET

> SET extra_float_digits = 0
SET

> SELECT 0.1::float8 + 0.2::float8, (1.0 / 3)::float4::text
 ?column? |   text
----------+----------
      0.3 | 0.333333
(1 row)

> SET extra_float_digits = 4
ERROR 22023: 4 is outside the valid range for parameter "extra_float_digits" (-15 .. 3)

> RESET extra_float_digits
RESET

> SET timezone = 'America/New_York'
SET

> SELECT '2024-07-01 12:00'::timestamptz, timestamp '2024-07-01 12:00'::timestamptz = '2024-07-01 16:00+00', '2024-03-10 02:30'::timestamptz
      timestamptz       | ?column? |      timestamptz
------------------------+----------+------------------------
 2024-07-01 12:00:00-04 | t        | 2024-03-10 03:30:00-04
(1 row)

> SET timezone = 'nonsense'
ERROR 22023: invalid value for parameter "TimeZone": "nonsense"

> SET TIME ZONE -3.5
SET

> SHOW timezone
    TimeZone
----------------
 <-03:30>+03:30
(1 row)

> SET TIME ZONE 'UTC'
SET

> SET search_path = tenant
SET

> SET search_path = public, pg_catalog
SET

> SET client_encoding = 'LATIN1'
ERROR 0A000: parameter "client_encoding" cannot be "LATIN1" here
HINT: This server speaks UTF8 only.

> SET standard_conforming_strings = off
ERROR 0A000: parameter "standard_conforming_strings" cannot be "off" here
HINT: Backslashes in ordinary strings are plain characters here; use E strings.

> SET transaction_timeout = 0
SET

> SET transaction_timeout = '5s'
ERROR 0A000: parameter "transaction_timeout" cannot be "5s" here
HINT: Use statement_timeout and idle_in_transaction_session_timeout.

> SET default_tablespace = ''
SET

> SET default_tablespace = fast
ERROR 0A000: parameter "default_tablespace" cannot be "fast" here
HINT: There is one tablespace, pg_default.

> SET row_security = off
SET

> SET nonsense = 1
ERROR 42704: unrecognized configuration parameter "nonsense"

> SET hnsw.nonsense = 1
ERROR 42602: invalid configuration parameter name "hnsw.nonsense"
DETAIL: "hnsw" is a reserved prefix.

# Numbers have units.

> SET statement_timeout = 300000
SET

> SHOW statement_timeout
 statement_timeout
-------------------
 5min
(1 row)

> SET statement_timeout = 100001
SET

> SHOW statement_timeout
 statement_timeout
-------------------
 100001ms
(1 row)

> SELECT current_setting('statement_timeout') AS shown, (SELECT setting || ' ' || unit FROM pg_settings WHERE name = 'statement_timeout') AS kept
  shown   |   kept
----------+-----------
 100001ms | 100001 ms
(1 row)

> SET statement_timeout = '3 weeks'
ERROR 22023: invalid value for parameter "statement_timeout": "3 weeks"
HINT: Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".

> RESET statement_timeout
RESET

> SHOW statement_timeout
 statement_timeout
-------------------
 0
(1 row)

> SHOW work_mem
 work_mem
----------
 4MB
(1 row)

# What can only change the speed of a plan is taken and shown.

> SET enable_seqscan = off
SET

> SHOW enable_seqscan
 enable_seqscan
----------------
 off
(1 row)

> SET enable_seqscan = maybe
ERROR 22023: parameter "enable_seqscan" requires a Boolean value

> SET random_page_cost = 1.1
SET

> SHOW random_page_cost
 random_page_cost
------------------
 1.1
(1 row)

> SET random_page_cost = -1
ERROR 22023: -1 is outside the valid range for parameter "random_page_cost" (0 .. 1.79769e+308)

> SET hnsw.iterative_scan = strict_order
SET

> SET hnsw.iterative_scan = nonsense
ERROR 22023: invalid value for parameter "hnsw.iterative_scan": "nonsense"
HINT: Available values: off, strict_order, relaxed_order.

> SET hnsw.max_scan_tuples = 0
ERROR 22023: 0 is outside the valid range for parameter "hnsw.max_scan_tuples" (1 .. 2147483647)

> SET jit_above_cost = -1
SET

> SET max_parallel_workers_per_gather = 0
SET

> SET synchronize_seqscans = off
SET

> BEGIN
BEGIN

> SET LOCAL enable_sort = off
SET

> SHOW enable_sort
 enable_sort
-------------
 off
(1 row)

> COMMIT
COMMIT

> SHOW enable_sort
 enable_sort
-------------
 on
(1 row)

> SELECT set_config('work_mem', '8MB', false), current_setting('work_mem')
 set_config | current_setting
------------+-----------------
 8MB        | 8MB
(1 row)

> SELECT name, setting, category, short_desc, vartype FROM pg_settings WHERE name IN ('enable_sort', 'random_page_cost', 'statement_timeout', 'bytea_output', 'max_index_keys') ORDER BY name
       name        | setting |          category          |                          short_desc                          | vartype
-------------------+---------+----------------------------+--------------------------------------------------------------+---------
 bytea_output      | hex     | Client Connection Defaults |                                                              | enum
 enable_sort       | on      | Without Effect             | Accepted without effect: in PostgreSQL it changes no result. | bool
 max_index_keys    | 32      | Preset Options             | Tells of the server and cannot be changed.                   | integer
 random_page_cost  | 1.1     | Without Effect             | Accepted without effect: in PostgreSQL it changes no result. | real
 statement_timeout | 0       | Client Connection Defaults |                                                              | integer
(5 rows)

# What tells of the server can be read.

> SHOW max_index_keys
 max_index_keys
----------------
 32
(1 row)

> SHOW max_prepared_transactions
 max_prepared_transactions
---------------------------
 0
(1 row)

> SHOW transaction_deferrable
 transaction_deferrable
------------------------
 off
(1 row)

> SHOW escape_string_warning
 escape_string_warning
-----------------------
 on
(1 row)

> SET max_index_keys = 64
ERROR 55P02: parameter "max_index_keys" cannot be changed

# client_min_messages.

> COMMIT
WARNING: there is no transaction in progress
COMMIT

> SET client_min_messages = error
SET

> COMMIT
COMMIT

> RESET client_min_messages
RESET

> COMMIT
WARNING: there is no transaction in progress
COMMIT

# A cursor WITH HOLD lives as long as what made it.

> BEGIN
BEGIN

> DECLARE held CURSOR WITH HOLD FOR SELECT 1
DECLARE CURSOR

> ROLLBACK
ROLLBACK

> FETCH NEXT FROM held
ERROR 34000: cursor "held" does not exist

> BEGIN
BEGIN

> DECLARE held CURSOR WITH HOLD FOR SELECT 2
DECLARE CURSOR

> COMMIT
COMMIT

> BEGIN
BEGIN

> SAVEPOINT s
SAVEPOINT

> DECLARE inner_one CURSOR WITH HOLD FOR SELECT 3
DECLARE CURSOR

> ROLLBACK TO s
ROLLBACK

> DECLARE inner_one CURSOR WITH HOLD FOR SELECT 4
DECLARE CURSOR

> SELECT 1 / 0
ERROR 22012: division by zero

> COMMIT
ROLLBACK

> FETCH NEXT FROM inner_one
ERROR 34000: cursor "inner_one" does not exist

> FETCH NEXT FROM held
 ?column?
----------
        2
(1 row)
FETCH 1

> DECLARE held CURSOR WITH HOLD FOR SELECT 5
ERROR 42P03: cursor "held" already exists

> DECLARE alone CURSOR WITH HOLD FOR SELECT 6
DECLARE CURSOR

> BEGIN
BEGIN

> ROLLBACK
ROLLBACK

> FETCH NEXT FROM alone
 ?column?
----------
        6
(1 row)
FETCH 1

> DECLARE gone CURSOR WITH HOLD FOR SELECT 7; SELECT 1 / 0
DECLARE CURSOR
ERROR 22012: division by zero

> FETCH NEXT FROM gone
ERROR 34000: cursor "gone" does not exist

# SET LOCAL outside of a block has no effect that lasts, but the setting has to be one that can be set.

> SET LOCAL nope = 1
WARNING: SET LOCAL can only be used in transaction blocks
ERROR 42704: unrecognized configuration parameter "nope"

> SET LOCAL work_mem = 'much'
WARNING: SET LOCAL can only be used in transaction blocks
ERROR 22023: invalid value for parameter "work_mem": "much"

> SET LOCAL work_mem = '1MB'
WARNING: SET LOCAL can only be used in transaction blocks
SET

> SHOW work_mem
 work_mem
----------
 8MB
(1 row)

> SET LOCAL nope TO DEFAULT
WARNING: SET LOCAL can only be used in transaction blocks
ERROR 42704: unrecognized configuration parameter "nope"

> SELECT set_config('nope', '1', true)
ERROR 42704: unrecognized configuration parameter "nope"

> SELECT set_config('work_mem', '1MB', true), current_setting('work_mem')
 set_config | current_setting
------------+-----------------
 1MB        | 1MB
(1 row)

> SHOW work_mem
 work_mem
----------
 8MB
(1 row)

> SET work_mem = '2MB'
SET

> BEGIN; SET LOCAL work_mem TO DEFAULT; SHOW work_mem; COMMIT
BEGIN
SET
 work_mem
----------
 4MB
(1 row)
COMMIT

> SHOW work_mem
 work_mem
----------
 2MB
(1 row)

> RESET work_mem
RESET

# Statements of one text are one transaction: SET LOCAL lasts to its end, and what it has set is taken back with it.

> SET LOCAL work_mem = '1MB'; SHOW work_mem; SELECT 1 AS one; SET LOCAL work_mem = '3MB'; SELECT current_setting('work_mem')
SET
 work_mem
----------
 1MB
(1 row)
 one
-----
   1
(1 row)
SET
 current_setting
-----------------
 3MB
(1 row)

> SHOW work_mem
 work_mem
----------
 4MB
(1 row)

> SELECT set_config('work_mem', '1MB', true); SHOW work_mem
 set_config
------------
 1MB
(1 row)
 work_mem
----------
 1MB
(1 row)

> SET work_mem = '2MB'; SELECT 1/0
SET
ERROR 22012: division by zero

> SHOW work_mem
 work_mem
----------
 4MB
(1 row)

> SET LOCAL work_mem = '1MB'; BEGIN; SHOW work_mem; COMMIT; SHOW work_mem
SET
BEGIN
 work_mem
----------
 1MB
(1 row)
COMMIT
 work_mem
----------
 4MB
(1 row)

> SET work_mem = '1MB'; ROLLBACK; SHOW work_mem
WARNING: there is no transaction in progress
SET
ROLLBACK
 work_mem
----------
 4MB
(1 row)

> SET LOCAL work_mem = '1MB'; COMMIT; SHOW work_mem
WARNING: there is no transaction in progress
SET
COMMIT
 work_mem
----------
 4MB
(1 row)

# The session's prepared statements.

> PREPARE one AS SELECT 1 AS one
PREPARE

> PREPARE two (int, varchar(3)) AS SELECT $1 + 1 AS more, $2 AS same
PREPARE

> EXECUTE two (1, 'a')
 more | same
------+------
    2 | a
(1 row)

> SELECT name, statement, parameter_types, result_types, from_sql, generic_plans FROM pg_prepared_statements ORDER BY name
 name |                             statement                              |        parameter_types        |         result_types          | from_sql | generic_plans
------+--------------------------------------------------------------------+-------------------------------+-------------------------------+----------+---------------
 one  | PREPARE one AS SELECT 1 AS one                                     | {}                            | {integer}                     | t        |             0
 two  | PREPARE two (int, varchar(3)) AS SELECT $1 + 1 AS more, $2 AS same | {integer,"character varying"} | {integer,"character varying"} | t        |             1
(2 rows)

> DEALLOCATE one
DEALLOCATE

> SELECT name FROM pg_prepared_statements
 name
------
 two
(1 row)

> DEALLOCATE ALL
DEALLOCATE ALL

> SELECT count(*) FROM pg_prepared_statements
 count
-------
     0
(1 row)

# AT LOCAL is the zone of the session; behind no expression both words are names.

> SET timezone = 'Asia/Tokyo'
SET

> SELECT '2024-01-01 00:00+00'::timestamptz AT LOCAL, ('2024-01-01 00:00'::timestamp AT LOCAL) AT TIME ZONE 'UTC' AS utc
      timezone       |         utc
---------------------+---------------------
 2024-01-01 09:00:00 | 2023-12-31 15:00:00
(1 row)

> SELECT at local FROM (SELECT 1 AS at) t
 local
-------
     1
(1 row)

> SELECT 'today'::date = current_date AS today, 'now'::timestamptz = now() AS now, time '23:30' + interval '1 hour' AS later, time '01:00' - time '02:30' AS between
 today | now |  later   |  between
-------+-----+----------+-----------
 t     | t   | 00:30:00 | -01:30:00
(1 row)

> RESET timezone
RESET

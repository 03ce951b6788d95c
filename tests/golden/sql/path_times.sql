# Dates and times of JSON paths by templates. PostgreSQL's answers.

> select jsonb_path_query('"12:34"', '$.datetime("aaa")')
ERROR 22007: invalid datetime format separator: "a"

> select jsonb_path_query('"aaaa"', '$.datetime("HH24")')
ERROR 22007: invalid value "aa" for "HH24"
DETAIL: Value must be an integer.

> select jsonb '"10-03-2017"' @? '$.datetime("dd-mm-yyyy")'
 ?column?
----------
 t
(1 row)

> select jsonb_path_query('"10-03-2017 12:34"', '$.datetime("dd-mm-yyyy")')
ERROR 22007: trailing characters remain in input string after datetime format

> select jsonb_path_query('"10-03-2017 12:34 +05:20"', '$.datetime("dd-mm-yyyy HH24:MI TZH:TZM").type()'), jsonb_path_query('"10-03-2017T12:34:56"', '$.datetime("dd-mm-yyyy\"T\"HH24:MI:SS")')
      jsonb_path_query      |   jsonb_path_query
----------------------------+-----------------------
 "timestamp with time zone" | "2017-03-10T12:34:56"
(1 row)

> select jsonb_path_query('"10-03-2017t12:34:56"', '$.datetime("dd-mm-yyyy\"T\"HH24:MI:SS")')
ERROR 22007: unmatched format character "T"

> select jsonb_path_query('"10-03-2017 12:34"', '$.datetime("dd-mm-yyyy HH24:MI TZH")')
ERROR 22007: input string is too short for datetime format

> select jsonb_path_query('"12:34:56.789"', '$.datetime("HH24:MI:SS.FF1")'), jsonb_path_query('"2017"', '$.datetime("yyyy")'), jsonb_path_query('"2017 +01"', '$.datetime("yyyy TZH")', '{}', true)
 jsonb_path_query | jsonb_path_query | jsonb_path_query
------------------+------------------+------------------
 "12:34:56.8"     | "2017-01-01"     | NULL
(1 row)

> select jsonb_path_query('"2017 +01"', '$.datetime("yyyy TZH")')
ERROR 22007: datetime format is zoned but not timed

> select jsonb_path_query('"+01"', '$.datetime("TZH")')
ERROR 22007: datetime format is not dated and not timed

> select jsonb_path_query('"x"', '$.datetime("")')
ERROR 22007: datetime format is not dated and not timed

> select jsonb_path_query_tz('"2017-03-10 12:34"', '$.datetime("yyyy-mm-dd HH24:MI").timestamp_tz()')
ERROR 22031: jsonpath item method .timestamp_tz() can only be applied to a string

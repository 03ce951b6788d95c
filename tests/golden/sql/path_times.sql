# Dates and times of JSON paths by templates. PostgreSQL's answers.

> select jsonb_path_query('"12:34"', '$.datetime("aaa")')

> select jsonb_path_query('"aaaa"', '$.datetime("HH24")')

> select jsonb '"10-03-2017"' @? '$.datetime("dd-mm-yyyy")'

> select jsonb_path_query('"10-03-2017 12:34"', '$.datetime("dd-mm-yyyy")')

> select jsonb_path_query('"10-03-2017 12:34 +05:20"', '$.datetime("dd-mm-yyyy HH24:MI TZH:TZM").type()'), jsonb_path_query('"10-03-2017T12:34:56"', '$.datetime("dd-mm-yyyy\"T\"HH24:MI:SS")')

> select jsonb_path_query('"10-03-2017t12:34:56"', '$.datetime("dd-mm-yyyy\"T\"HH24:MI:SS")')

> select jsonb_path_query('"10-03-2017 12:34"', '$.datetime("dd-mm-yyyy HH24:MI TZH")')

> select jsonb_path_query('"12:34:56.789"', '$.datetime("HH24:MI:SS.FF1")'), jsonb_path_query('"2017"', '$.datetime("yyyy")'), jsonb_path_query('"2017 +01"', '$.datetime("yyyy TZH")', '{}', true)

> select jsonb_path_query('"2017 +01"', '$.datetime("yyyy TZH")')

> select jsonb_path_query('"+01"', '$.datetime("TZH")')

> select jsonb_path_query('"x"', '$.datetime("")')

> select jsonb_path_query_tz('"2017-03-10 12:34"', '$.datetime("yyyy-mm-dd HH24:MI").timestamp_tz()')

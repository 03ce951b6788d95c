# Which operator, function and cast is meant, and what is said where there is none: PostgreSQL's answers.
> SELECT 1 + true
> SELECT -true
> SELECT (1) || 2
> SELECT '1' + '2'
> SELECT current_date + '1'
> SELECT DATE '2024-01-31' + 1, DATE '2024-01-31' - '2024-01-01', TIMESTAMP '2024-01-31' + '1 day'
> SELECT abs('x', 'y')
> SELECT lower(1)
> SELECT round(1.5::float8, 1)
> SELECT nofunction(1, 'x', true)
> SELECT 1 IN (2, true)
> SELECT 1 BETWEEN 'a'::text AND 2
> SELECT 1 LIKE 'x'
> SELECT 'x' ~ 1
> SELECT '{"a": 1}'::text -> 'a'
> SELECT '{"a": 1}'::json @> '{}'
> SELECT '[1]'::vector <-> 1
> SELECT ARRAY[1] || '2'
> SELECT ARRAY[1] || '{2}', 1 || ARRAY[2], 'a' || 1, '\x01'::bytea || '\x02'::bytea
> SELECT CASE WHEN true THEN 1 ELSE 'a'::text END
> SELECT coalesce(1, 'a'::text)
> SELECT greatest(1, true)
> SELECT ARRAY[1, true]
> SELECT nullif(1, 'a'::text)
> SELECT CASE WHEN true THEN '1' ELSE 2 END + 1, coalesce(NULL, '3', 4) + 1, pg_typeof(greatest(1, 2.5))
> SELECT int8('5') + 1, float8(2), text(7) || '!', date('2024-01-31')
> SELECT abs('-2'), length('abc'), substr('hello', '2', '3'), repeat('ab', '2')
> SELECT make_interval(days => 2, hours => '3')
> SELECT make_interval(dayz => 2)
> SELECT oprname, oid, oprleft::regtype, oprright::regtype, oprresult::regtype, oprcom, oprnegate, oprcanhash FROM pg_operator WHERE oprname IN ('=', '<->', '->>') AND oprleft IN ('int4'::regtype, 'vector'::regtype, 'jsonb'::regtype) AND oid < 13000 ORDER BY oid
> SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod, castfunc FROM pg_cast WHERE castsource = 'int4'::regtype AND casttarget IN (16, 20, 21, 1700, 701, 26) ORDER BY casttarget
> SELECT proname, oid, pg_get_function_arguments(oid), pg_get_function_result(oid), pronargdefaults FROM pg_proc WHERE proname IN ('make_interval', 'jsonb_set', 'json_each', 'substr', 'concat_ws') ORDER BY oid
> SELECT aggfnoid, aggkind, aggnumdirectargs FROM pg_aggregate JOIN pg_proc p ON p.oid IN (3974, 2101) AND p.proname = aggfnoid::text GROUP BY 1, 2, 3 ORDER BY 1
> SELECT typname, typcategory, typispreferred FROM pg_type WHERE oid IN (16, 25, 701, 1560, 1562, 1186, 16385) ORDER BY oid
> SELECT count(*) FROM pg_proc WHERE proname ~ '^(bits|bytes|sparsevec_l2_norm|halfvec_subvector)'

# Volatile functions and sets in a select list are computed behind the sort. PostgreSQL's answers.

> create temp table lt (a int, b int)

> insert into lt select i, 11 - i from generate_series(1,10) i

> create temp sequence ls

> select a, nextval('ls') from lt order by b limit 3

> select currval('ls')

> select a, nextval('ls') from lt order by b desc

> select currval('ls')

> select a, nextval('ls') n from lt order by n desc limit 2

> select currval('ls')

> select nextval('ls') from lt order by b limit 1

> select a + nextval('ls'), b from lt order by 2 limit 2

> select a, generate_series(1,3) from lt order by b limit 4

> select generate_series(1,3) g, a from lt order by b, g desc limit 4

> select a, generate_series(1,3) g from lt order by g, a limit 4

> select generate_series(1, a) from lt order by b offset 2 limit 5

> select a, unnest(array[b, a]) u, generate_series(1,3) from lt order by a desc limit 5

> select x.* from (select a, nextval('ls') s from lt order by b limit 2) x order by a desc

> create temp table li (a int, n int)

> insert into li select a, nextval('ls') from lt order by b limit 3

> select a, n - (select min(n) from li) from li order by n

> select a, (select nextval('ls')) - currval('ls') from lt order by b limit 2

> select distinct nextval('ls') > 0 from lt order by 1

> select a, count(*), nextval('ls') > 0 from lt group by a order by a limit 2

> select row_number() over (order by b), nextval('ls') > 0 from lt order by a limit 2

> select a, random() < 2 as r from lt order by b limit 2

> select a, random() < 2 as a2 from lt order by a + b, a limit 2

> select l.a, m.a, nextval('ls') > 0 from lt l join lt m on l.a = m.b order by l.b, m.b limit 3

> with w as (select a, nextval('ls') v from lt order by b limit 2) select a, v > 0 from w

> prepare ps as select a, nextval('ls') > $1 from lt order by b limit $2

> execute ps(0, 2)

> select a, nextval('ls') > 0, a as x from lt order by x desc limit 2

> select a as b, nextval('ls') > 0 from lt order by b limit 2

> select lt.b as a, nextval('ls') > lt.a from lt order by lt.a limit 2

> select gen_random_uuid() is not null, a from lt order by -a limit 2

> select json_array_elements('[1,2]'::json), a from lt order by b limit 3

> select a, generate_series(1,2) from lt where a < 3 order by a desc

# What is sorted by need not be shown where sets are.

> create temp table so (id int, tags text[], made date)

> insert into so values (1, '{a,b}', '2020-01-02'), (2, '{c}', '2020-01-01'), (3, '{}', '2019-01-01'), (4, null, '2018-01-01')

> select id, unnest(tags) t from so order by made

> select id, unnest(tags) from so order by made desc, id limit 2

> select unnest(tags) from so order by made, 1

> select id as made, unnest(tags) from so order by so.made

> select unnest(tags) as x, id from so order by x desc, made

> select s.id, s.id, unnest(tags) from so s order by made

> select id, unnest(tags) from so order by made + 1, id

> select id, jsonb_array_elements('[1,2]'::jsonb) from so order by made limit 3

> select array(select unnest(tags) from so order by made)

> select string_agg(t, ',') from (select unnest(tags) t from so order by made) x

> insert into lt select id, generate_series(1, 2) from so order by made

> select distinct unnest(tags) from so order by made

> drop table lt, li, so

# percentile_cont and percentile_disc of one fraction, of columns and of arrays. PostgreSQL's answers.

> create temp table lt (a int, b int)

> insert into lt select i, 11 - i from generate_series(1,10) i

> select percentile_cont(0.5) within group (order by a), percentile_cont(array[0,0.25,0.5,0.75,1]) within group (order by a), percentile_disc(array[0.1,null,0.9]) within group (order by a) from lt

> select percentile_disc(array[[null,1,0.5],[0.75,0.25,null]]) within group (order by a), percentile_cont(array[[0.1,0.2]]) within group (order by b) from lt

> select p, percentile_cont(p) within group (order by x::float8) from generate_series(1,5) x, (values (0::float8),(0.1),(0.25),(0.9),(1)) v(p) group by p order by p

> select percentile_cont(0.5) within group (order by i) from (values (interval '1 day'),(interval '3 days'),(null)) v(i)

> select percentile_cont(0.3) within group (order by a) filter (where a > 3), percentile_cont(0.5) within group (order by a desc) from lt

> select percentile_cont(0.5) within group (order by a) from lt where false

> select percentile_cont(1.5) within group (order by a) from lt

> select percentile_cont(null) within group (order by a) from lt

> select percentile_cont(0.5, 0.5) from lt

> select percentile_cont(0.5) within group (order by a::numeric), pg_typeof(percentile_cont(0.5) within group (order by a::numeric)), percentile_cont('0.5') within group (order by a) from lt

> select b % 3, percentile_cont(0.5) within group (order by a) from lt group by b % 3 order by 1

> drop table lt

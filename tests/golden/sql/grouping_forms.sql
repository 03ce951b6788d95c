# GROUP BY with sets in one another, in lists, by position, distinct, and of nothing. PostgreSQL's answers.

> create temp table gs (a int, b int, c int, d int)

> insert into gs values (1,1,1,1),(1,1,1,2),(1,1,2,2),(1,2,2,2),(2,2,2,2)

> create temp table gk (a int primary key, b int, c int, d int)

> insert into gk values (1,1,1,1),(2,2,2,2)

> select sum(c) from gs group by grouping sets((), grouping sets((), grouping sets(()))) order by 1 desc

> select sum(c) from gs group by grouping sets((), grouping sets((), grouping sets(((a, b))))) order by 1 desc

> select sum(c) from gs group by grouping sets(grouping sets(rollup(c), grouping sets(cube(c)))) order by 1 desc

> select sum(c) from gs group by grouping sets(a, grouping sets(a, cube(b))) order by 1 desc

> select sum(c) from gs group by grouping sets(grouping sets((a, (b)))) order by 1 desc

> select sum(c) from gs group by grouping sets(grouping sets(a, grouping sets(a, grouping sets(a), ((a)), a, grouping sets(a), (a)), a)) order by 1 desc

> select sum(c) from gs group by grouping sets((a,(a,b)), grouping sets((a,(a,b)),a)) order by 1 desc

> select a, d, grouping(a,b,c) from gk group by grouping sets ((a,b), (a,c)) order by 1,2,3

> select * from (select 1 as x, a, sum(c) from gs group by grouping sets(1, 2)) ss where x = 1 and a = 123

> select min(a) from gs group by ()

> select 1 from gs group by ()

> select count(*) from gs group by () having false

> select 1 where false group by ()

> select a, b, grouping(a,b), sum(c), count(*), max(c) from gs group by rollup ((a,b,c),(c,d)) order by 1,2,3,4,5,6

> select a, b, sum(c), count(*) from gs group by grouping sets (rollup(a,b),a) order by 1,2,3,4

> select a, b, c from (values (1, 2, 3), (4, null, 6), (7, 8, 9)) as t (a, b, c) group by all rollup(a, b), rollup(a, c) order by a, b, c

> select a, b, c from (values (1, 2, 3), (4, null, 6), (7, 8, 9)) as t (a, b, c) group by distinct rollup(a, b), rollup(a, c) order by a, b, c

> select a, count(*) from gs group by distinct a order by 1

> select a, b from gs group by (a, b) order by 1,2

> select a, b, count(*) from gs group by a, (b) order by 1,2

> select row(a,b), count(*) from gs group by row(a,b) order by 1

> select a, b, sum(c) from gs group by cube(a,b) order by a,b,3

> select a, b, sum(c), sum(sum(c)) over (order by a,b) from gs group by rollup(a,b) order by a,b,3

> select a+1, b, count(*) from gs group by rollup(a+1, b) order by 1,2,3

> select a, grouping(a), count(*) from gs group by grouping sets (a, ()) having grouping(a) = 1

> select a, count(*) from gs group by a, rollup(b) order by 1,2

> select v.c, (select count(*) from gs group by () having v.c) from (values (false),(true)) v(c) order by v.c

> select(select (select grouping(a,b) from (values (1)) v2(c)) from (values (1,2)) v1(a,b) group by (a,b)) from (values(6,7)) v3(e,f) GROUP BY ROLLUP(e,f)

> select a, sum(b) from gs group by cube(a,b,c,d,a,b,c,d,a,b,c,d,a)

> select a as group_by_x, b as "distinct" from gs group by 1, 2 order by 1,2

> select count(distinct a), a from gs group by rollup(a) order by a

> select array_agg(a order by b) filter (where a > 1) from gs group by rollup(c) order by 1

> select to_jsonb(a), count(*) from gs group by rollup(to_jsonb(a)) order by 1,2

> prepare p as select a, sum(c) from gs where a > $1 group by rollup(a) order by 1

> execute p(0)

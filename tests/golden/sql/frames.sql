# Windows by name, and frames whose bounds are cast. PostgreSQL's answers.

> create temp table ws (id int, d date, dep text, pay int)

> insert into ws values (1,'2020-01-01','a',10),(2,'2020-06-01','a',20),(3,'2021-03-01','b',30),(4,'2022-01-01','b',40)

> select id, rank() over w from ws window w as (partition by dep order by pay) order by rank() over w, id

> select id, sum(pay) over (order by d range between '1 year'::interval preceding and '1 year'::interval following) from ws order by id

> select id, sum(pay) over (order by d range between interval '1 year' preceding and '10 days' following) from ws order by id

> select id, sum(pay) over (order by pay range between 10::int8 preceding and 1::int2 following) from ws order by id

> select id, sum(pay) over (order by pay range between (10) preceding and 5 + 5 following) from ws order by id

> select id, sum(pay) over w, count(*) over (w rows unbounded preceding) from ws window w as (order by id)

> select id, sum(pay) over w from ws window w as (order by id rows 1 preceding) order by sum(pay) over w desc, id

> drop table ws

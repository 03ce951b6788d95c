# Windows by name, and frames whose bounds are cast. PostgreSQL's answers.

> create temp table ws (id int, d date, dep text, pay int)
CREATE TABLE

> insert into ws values (1,'2020-01-01','a',10),(2,'2020-06-01','a',20),(3,'2021-03-01','b',30),(4,'2022-01-01','b',40)
INSERT 0 4

> select id, rank() over w from ws window w as (partition by dep order by pay) order by rank() over w, id
 id | rank
----+------
  1 |    1
  3 |    1
  2 |    2
  4 |    2
(4 rows)

> select id, sum(pay) over (order by d range between '1 year'::interval preceding and '1 year'::interval following) from ws order by id
 id | sum
----+-----
  1 |  30
  2 |  60
  3 |  90
  4 |  70
(4 rows)

> select id, sum(pay) over (order by d range between interval '1 year' preceding and '10 days' following) from ws order by id
 id | sum
----+-----
  1 |  10
  2 |  30
  3 |  50
  4 |  70
(4 rows)

> select id, sum(pay) over (order by pay range between 10::int8 preceding and 1::int2 following) from ws order by id
 id | sum
----+-----
  1 |  10
  2 |  30
  3 |  50
  4 |  70
(4 rows)

> select id, sum(pay) over (order by pay range between (10) preceding and 5 + 5 following) from ws order by id
 id | sum
----+-----
  1 |  30
  2 |  60
  3 |  90
  4 |  70
(4 rows)

> select id, sum(pay) over w, count(*) over (w rows unbounded preceding) from ws window w as (order by id)
 id | sum | count
----+-----+-------
  1 |  10 |     1
  2 |  30 |     2
  3 |  60 |     3
  4 | 100 |     4
(4 rows)

> select id, sum(pay) over w from ws window w as (order by id rows 1 preceding) order by sum(pay) over w desc, id
 id | sum
----+-----
  4 |  70
  3 |  50
  2 |  30
  1 |  10
(4 rows)

> drop table ws
DROP TABLE

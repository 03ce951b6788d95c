# Columns that a primary key among the keys of GROUP BY decides.

> create table a(id int primary key, name text, age int)
CREATE TABLE

> create table b(id int primary key, a int references a, price numeric)
CREATE TABLE

> insert into a values (1,'x',3),(2,'y',4)
INSERT 0 2

> insert into b values (1,1,2.5),(2,1,3)
INSERT 0 2

> select name, count(*) from a group by id order by 1
 name | count
------+-------
 x    |     1
 y    |     1
(2 rows)

> select a.name, count(b.id), sum(b.price) from a left join b on a.id=b.a group by a.id order by a.name
 name | count | sum
------+-------+------
 x    |     2 |  5.5
 y    |     0 | NULL
(2 rows)

> select a.id, a.name from a left join b on a.id=b.a group by a.id having count(b.id) > 1 order by a.age
 id | name
----+------
  1 | x
(1 row)

> select a.*, count(b.id) from a left join b on a.id=b.a group by a.id, b.id order by 1
 id | name | age | count
----+------+-----+-------
  1 | x    |   3 |     1
  1 | x    |   3 |     1
  2 | y    |   4 |     0
(3 rows)

> select b.price from a left join b on a.id=b.a group by a.id
ERROR 42803: column "b.price" must appear in the GROUP BY clause or be used in an aggregate function

> select a.name || 'x', count(*) from a join b on a.id=b.a group by a.id
 ?column? | count
----------+-------
 xx       |     2
(1 row)

> select (select a.name) from a group by a.id order by 1
 name
------
 x
 y
(2 rows)

> drop table b
DROP TABLE

> drop table a
DROP TABLE

# Views: made, replaced, read, written through, and what they keep from being dropped.

> create table t (id int primary key, name text, n int, ts timestamp)
CREATE TABLE

> insert into t values (1,'a',10),(2,'b',20),(3,'c',30)
INSERT 0 3

> create view v as select * from t where n > 10
CREATE VIEW

> select * from v order by id
 id | name | n  |  ts
----+------+----+------
  2 | b    | 20 | NULL
  3 | c    | 30 | NULL
(2 rows)

> select name from v where id = 2
 name
------
 b
(1 row)

> select v.name, t.n from v join t using (id) order by 1
 name | n
------+----
 b    | 20
 c    | 30
(2 rows)

> create view v as select 1
ERROR 42P07: relation "v" already exists

> create or replace view v as select id, name, n from t where n > 10
ERROR 42P16: cannot drop columns from view

> create or replace view v as select id, name, n, ts, n * 2 as twice from t where n > 10
CREATE VIEW

> select * from v order by id
 id | name | n  |  ts  | twice
----+------+----+------+-------
  2 | b    | 20 | NULL |    40
  3 | c    | 30 | NULL |    60
(2 rows)

> select pg_get_viewdef('v'::regclass)
                        pg_get_viewdef
--------------------------------------------------------------
  select id, name, n, ts, n * 2 as twice from t where n > 10;
(1 row)

> create view w (a, b) as select id, count(*) from v group by id
CREATE VIEW

> select * from w order by a
 a | b
---+---
 2 | 1
 3 | 1
(2 rows)

> drop table t
ERROR 2BP01: cannot drop table t because other objects depend on it
DETAIL: view v depends on table t
view w depends on view v
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> drop view v
ERROR 2BP01: cannot drop view v because other objects depend on it
DETAIL: view w depends on view v
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> alter table t drop column n
ERROR 2BP01: cannot drop column n of table t because other objects depend on it
DETAIL: view v depends on column n of table t
view w depends on view v
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> alter table t alter column n type bigint
ERROR 0A000: cannot alter type of a column used by a view or rule
DETAIL: rule _RETURN on view v depends on column "n"
HINT: Drop the view, change the column and create the view again.

> alter table t add column extra int
ALTER TABLE

> alter table t drop column extra
ALTER TABLE

> insert into w values (1, 2)
ERROR 55000: cannot insert into view "w"
DETAIL: Views containing GROUP BY are not automatically updatable.
HINT: Write to the tables that it reads.

> update w set a = 1
ERROR 55000: cannot update view "w"
DETAIL: Views containing GROUP BY are not automatically updatable.
HINT: Write to the tables that it reads.

> delete from w
ERROR 55000: cannot delete from view "w"
DETAIL: Views containing GROUP BY are not automatically updatable.
HINT: Write to the tables that it reads.

# differs: PostgreSQL computes `twice`.
> insert into v (id, name, n) values (4, 'd', 40) returning *
ERROR 0A000: RETURNING of columns that view "v" computes is not offered
HINT: Name its other columns, and select these afterwards.

> insert into v (id, name, n) values (4, 'd', 40) returning id, name
 id | name
----+------
  4 | d
(1 row)
INSERT 0 1

> insert into v values (5, 'e', 5)
INSERT 0 1

> insert into v (twice) values (3)
ERROR 0A000: cannot insert into column "twice" of view "v"
DETAIL: View columns that are not columns of their base relation are not updatable.

> update v set name = 'bb' where id = 2
UPDATE 1

> update v set name = upper(name) where id >= 2 returning id, name
 id | name
----+------
  2 | BB
  3 | C
  4 | D
(3 rows)
UPDATE 3

> update v set twice = 1
ERROR 0A000: cannot update column "twice" of view "v"
DETAIL: View columns that are not columns of their base relation are not updatable.

> update v set name = 'none' where id = 1
UPDATE 0

> delete from v where id = 4 returning id
 id
----
  4
(1 row)
DELETE 1

> select * from t order by id
 id | name | n  |  ts
----+------+----+------
  1 | a    | 10 | NULL
  2 | BB   | 20 | NULL
  3 | C    | 30 | NULL
  5 | e    |  5 | NULL
(4 rows)

> create view c as select id, name as label, n as amount from t where n < 100 with check option
CREATE VIEW

> insert into c values (7, 'seven', 700)
ERROR 44000: new row violates check option for view "c"
DETAIL: Failing row contains (7, seven, 700, null).

> insert into c values (7, 'seven', 70) returning *
 id | label | amount
----+-------+--------
  7 | seven |     70
(1 row)
INSERT 0 1

> update c set amount = 100 where label = 'seven'
ERROR 44000: new row violates check option for view "c"
DETAIL: Failing row contains (7, seven, 100, null).

> update c set amount = 99 where label = 'seven' returning label, amount
 label | amount
-------+--------
 seven |     99
(1 row)
UPDATE 1

> insert into c (id, label) values (7, 'again') on conflict (id) do update set label = excluded.label || '!' returning c.*
 id | label  | amount
----+--------+--------
  7 | again! |     99
(1 row)
INSERT 0 1

> create view c2 as select id, label from c where label <> 'x'
CREATE VIEW

> update c2 set label = 'y' where id = 7
UPDATE 1

> select * from c2 where id = 7
 id | label
----+-------
  7 | y
(1 row)

> delete from c2 where id = 7
DELETE 1

> select * from c2 order by id
 id | label
----+-------
  1 | a
  2 | BB
  3 | C
  5 | e
(4 rows)

# differs: PostgreSQL has the views above follow.
> alter view c rename column label to l
ERROR 0A000: cannot rename view "c" because view "c2" reads it
HINT: Drop the view, rename and create the view again under the new name.

> alter view c2 rename to c3
ALTER VIEW

> alter view c3 rename column label to l
ALTER VIEW

> select * from c3 order by id limit 1
 id | l
----+---
  1 | a
(1 row)

> alter view t rename to x
ERROR 42809: "t" is not a view
LINE 1: alter view t rename to x
                   ^

> alter view nosuch rename to x
ERROR 42P01: relation "nosuch" does not exist
LINE 1: alter view nosuch rename to x
                   ^

> alter view if exists nosuch rename to x
NOTICE: relation "nosuch" does not exist, skipping
ALTER VIEW

> alter table c3 add column z int
ERROR 42809: this change cannot be performed on relation "c3"
DETAIL: This operation is not supported for views.
HINT: RENAME TO, RENAME COLUMN and SET (check_option = ...) are; CREATE OR REPLACE VIEW changes the query.

> truncate c3
ERROR 42809: "c3" is not a table
LINE 1: truncate c3
                 ^
HINT: It is a view: SELECT reads it.

> create index on c3 (id)
ERROR 42809: cannot create index on relation "c3"
DETAIL: This operation is not supported for views.

> create or replace view c as select id from t
ERROR 42P16: cannot drop columns from view

> create or replace view c as select id, name as l, n as amount from t where id in (select id from c3)
ERROR 42P16: cannot change name of view column "label" to "l"
HINT: Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.

> create view s as with q as (select 1 as x union all select 2) select x, (select max(n) from t) as m from q order by x
CREATE VIEW

> select * from s
 x | m
---+----
 1 | 30
 2 | 30
(2 rows)

> with q as (select 5 as x) select * from q, s order by s.x
 x | x | m
---+---+----
 5 | 1 | 30
 5 | 2 | 30
(2 rows)

# differs: PostgreSQL joins by the columns that were shared then.
> create view nat as select * from t natural join v
ERROR 0A000: NATURAL JOIN is not offered in a view
HINT: Write JOIN ... USING (columns).

> create view u as select id from t union select 9
CREATE VIEW

> select * from u order by 1
 id
----
  1
  2
  3
  5
  9
(5 rows)

> insert into u values (1)
ERROR 55000: cannot insert into view "u"
DETAIL: Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.
HINT: Write to the tables that it reads.

> create view lim as select id from t limit 2
CREATE VIEW

> delete from lim
ERROR 55000: cannot delete from view "lim"
DETAIL: Views containing LIMIT or OFFSET are not automatically updatable.
HINT: Write to the tables that it reads.

> create view dis as select distinct name from t
CREATE VIEW

> update dis set name = 'q'
ERROR 55000: cannot update view "dis"
DETAIL: Views containing DISTINCT are not automatically updatable.
HINT: Write to the tables that it reads.

> create view je as select a.id from t a join t b on a.id = b.id
CREATE VIEW

> insert into je values (1)
ERROR 55000: cannot insert into view "je"
DETAIL: Views that do not select from a single table or view are not automatically updatable.
HINT: Write to the tables that it reads.

> prepare p as select * from v where id = $1
PREPARE

> execute p(2)
 id | name | n  |  ts  | twice
----+------+----+------+-------
  2 | BB   | 20 | NULL |    40
(1 row)

> create or replace view v as select id, name, n, ts, n * 3 as twice from t where n > 10
CREATE VIEW

> execute p(2)
 id | name | n  |  ts  | twice
----+------+----+------+-------
  2 | BB   | 20 | NULL |    60
(1 row)

> create view param as select $1::int
ERROR 42P02: there is no parameter $1

> create view dup as select 1 as a, 2 as a
ERROR 42701: column "a" specified more than once

> create view many (a,b,c) as select 1
ERROR 42601: CREATE VIEW specifies more column names than columns

> create table v2 (id int)
CREATE TABLE

> create or replace view v2 as select 1
ERROR 42809: "v2" is not a view

> drop view t
ERROR 42809: "t" is not a view
LINE 1: drop view t
                  ^
HINT: Use DROP TABLE to remove a table.

> drop table v
ERROR 42809: "v" is not a table
LINE 1: drop table v
                   ^
HINT: Use DROP VIEW to remove a view.

> drop view nosuch
ERROR 42P01: view "nosuch" does not exist
LINE 1: drop view nosuch
                  ^

> drop view if exists nosuch
NOTICE: view "nosuch" does not exist, skipping
DROP VIEW

> drop table t cascade
NOTICE: drop cascades to 9 other objects
DROP TABLE

> drop table v2
DROP TABLE

> create table catalogued (id int primary key, n int)
CREATE TABLE

> create view catalogue as select id, n from catalogued where n > 0 with local check option
CREATE VIEW

> create view counted as select count(*) as all from catalogue
CREATE VIEW

> select table_name, check_option, is_updatable, is_insertable_into from information_schema.views where table_name in ('catalogue', 'counted') order by 1
 table_name | check_option | is_updatable | is_insertable_into
------------+--------------+--------------+--------------------
 catalogue  | LOCAL        | YES          | YES
 counted    | NONE         | NO           | NO
(2 rows)

> select table_name, table_type, is_insertable_into from information_schema.tables where table_name in ('catalogue', 'counted') order by 1
 table_name | table_type | is_insertable_into
------------+------------+--------------------
 catalogue  | VIEW       | YES
 counted    | VIEW       | NO
(2 rows)

> select viewname, definition from pg_views where viewname in ('catalogue', 'counted') order by 1
 viewname  |                 definition
-----------+--------------------------------------------
 catalogue |  select id, n from catalogued where n > 0;
 counted   |  select count(*) as all from catalogue;
(2 rows)

> select relname, relkind, relhasrules from pg_class where relname in ('catalogue', 'counted') order by 1
  relname  | relkind | relhasrules
-----------+---------+-------------
 catalogue | v       | t
 counted   | v       | t
(2 rows)

> select pg_get_viewdef('counted'), pg_get_viewdef('catalogued'::regclass)
             pg_get_viewdef              | pg_get_viewdef
-----------------------------------------+----------------
  select count(*) as all from catalogue; | NULL
(1 row)

# Rows are found by the key where the view shows it, and by index.
> explain select * from catalogue where id = 1
                 QUERY PLAN
--------------------------------------------
 Primary Key Lookup on catalogued (keys: 1)
   Filter: on each entry
(2 rows)

> explain select n from catalogue order by n limit 1
             QUERY PLAN
-------------------------------------
 Limit
   ->  Sort
         ->  Seq Scan on catalogued
               Filter: on each entry
(4 rows)

> select catalogue.id, public.catalogue.n from catalogue
 id | n
----+---
(0 rows)

> select x.id from catalogue as x where x.n > 1
 id
----
(0 rows)

> select hidden from catalogue
ERROR 42703: column "hidden" does not exist
LINE 1: select hidden from catalogue
               ^

> select t.id from catalogued as t left join catalogue as c on c.id = t.id where c.id is null
 id
----
(0 rows)

> drop table catalogued cascade
NOTICE: drop cascades to 2 other objects
DROP TABLE

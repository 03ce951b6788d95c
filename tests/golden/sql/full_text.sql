# Full text: documents as columns, inverted indexes over them, and the queries that frameworks send.

> create table d(id int primary key, content text, payload jsonb, tsv tsvector generated always as (to_tsvector('english', content)) stored)
CREATE TABLE

> insert into d(id, content, payload) select i, 'the cat number ' || i || ' runs with dogs' || (i % 50) || case when i % 7 = 0 then ' quickly foxes' else '' end, jsonb_build_object('text_lemmatized', 'word' || (i % 20) || ' cat') from generate_series(1, 2000) i
INSERT 0 2000

> create index on d using gin (tsv)
CREATE INDEX

> create index on d using gin (to_tsvector('english', content))
CREATE INDEX

> create index d_lemmas on d using gin (to_tsvector('simple', payload->>'text_lemmatized') tsvector_ops)
CREATE INDEX

> select indexdef from pg_indexes where tablename = 'd' order by 1
                                              indexdef
----------------------------------------------------------------------------------------------------
 CREATE INDEX d_lemmas ON public.d USING gin (to_tsvector('simple', payload ->> 'text_lemmatized'))
 CREATE INDEX d_to_tsvector_idx ON public.d USING gin (to_tsvector('english', content))
 CREATE INDEX d_tsv_idx ON public.d USING gin (tsv)
 CREATE UNIQUE INDEX d_pkey ON public.d USING btree (id)
(4 rows)

> select tsv from d where id = 7
                             tsv
--------------------------------------------------------------
 '7':4 'cat':2 'dogs7':7 'fox':9 'number':3 'quick':8 'run':5
(1 row)

> select count(*) from d where tsv @@ to_tsquery('english', 'foxes')
 count
-------
   285
(1 row)

> select count(*) from d where tsv @@ to_tsquery('english', 'foxes & dogs7')
 count
-------
     6
(1 row)

> select count(*) from d where tsv @@ to_tsquery('english', 'fo:*')
 count
-------
   285
(1 row)

> select count(*) from d where tsv @@ to_tsquery('english', 'dogs4:* & !fox')
 count
-------
   376
(1 row)

> select count(*) from d where tsv @@ to_tsquery('english', '!fox')
 count
-------
  1715
(1 row)

> select count(*) from d where tsv @@ 'quick | dogs3'
 count
-------
   319
(1 row)

> select count(*) from d where tsv @@ 'fox:A'
 count
-------
     0
(1 row)

> select count(*) from d where tsv @@ ''::tsquery
 count
-------
     0
(1 row)

> select count(*) from d where to_tsvector('english', content) @@ plainto_tsquery('english', 'quickly running')
 count
-------
   285
(1 row)

> select count(*) from d where to_tsvector('english', content) @@ phraseto_tsquery('english', 'quickly foxes')
 count
-------
   285
(1 row)

> select id, ts_rank_cd(to_tsvector('simple', payload->>'text_lemmatized'), plainto_tsquery('simple', 'word7 cat')) as score, payload from d where to_tsvector('simple', payload->>'text_lemmatized') @@ plainto_tsquery('simple', 'word7 cat') order by score desc, id limit 3
 id | score |             payload
----+-------+----------------------------------
  7 |   0.1 | {"text_lemmatized": "word7 cat"}
 27 |   0.1 | {"text_lemmatized": "word7 cat"}
 47 |   0.1 | {"text_lemmatized": "word7 cat"}
(3 rows)

> select d.id, ts_rank_cd(to_tsvector('english', content), query) as score from d, plainto_tsquery('english', 'foxes quickly') query where to_tsvector('english', content) @@ query order by score desc, id limit 3
 id | score
----+-------
  7 |   0.1
 14 |   0.1
 21 |   0.1
(3 rows)

> select id, ts_rank(tsv, to_tsquery('english', 'fox & cat')) as r from d where tsv @@ to_tsquery('english', 'fox & cat') order by r desc, id limit 3
 id |     r
----+------------
  7 | 0.07614762
 14 | 0.07614762
 21 | 0.07614762
(3 rows)

> begin
BEGIN

> update d set content = 'nothing here' where id = 7
UPDATE 1

> delete from d where id = 14
DELETE 1

> select count(*) from d where tsv @@ 'fox'
 count
-------
   283
(1 row)

> select id from d where tsv @@ 'noth'
 id
----
  7
(1 row)

> rollback
ROLLBACK

> select count(*) from d where tsv @@ 'fox'
 count
-------
   285
(1 row)

> update d set content = 'nothing here' where id = 7
UPDATE 1

> select count(*) from d where tsv @@ 'fox'
 count
-------
   284
(1 row)

> select id from d where tsv @@ 'noth & !fox'
 id
----
  7
(1 row)

> select strip(tsv), count(*) from d where id in (7, 8) group by 1 order by 1
              strip               | count
----------------------------------+-------
 'noth'                           |     1
 '8' 'cat' 'dogs8' 'number' 'run' |     1
(2 rows)

> select tsv from d order by tsv limit 2
                    tsv
--------------------------------------------
 'noth':1
 '1':4 'cat':2 'dogs1':7 'number':3 'run':5
(2 rows)

> set default_text_search_config = 'simple'
SET

> select to_tsvector('the cats'), to_tsquery('cats'), 'the cats' @@ 'cat'
   to_tsvector    | to_tsquery | ?column?
------------------+------------+----------
 'cats':2 'the':1 | 'cats'     | f
(1 row)

> reset default_text_search_config
RESET

> select to_tsvector('the cats'), to_tsquery('cats'), 'the cats' @@ 'cat'
 to_tsvector | to_tsquery | ?column?
-------------+------------+----------
 'cat':2     | 'cat'      | t
(1 row)

> create table q(a tsquery, b tsvector[])
CREATE TABLE

> insert into q values ('fat & (rat | cat)', array['a:1'::tsvector, 'b'])
INSERT 0 1

> select a, b, b[1], a && 'x' from q
             a             |      b      |   b   |            ?column?
---------------------------+-------------+-------+---------------------------------
 'fat' & ( 'rat' | 'cat' ) | {'a':1,'b'} | 'a':1 | 'fat' & ( 'rat' | 'cat' ) & 'x'
(1 row)

> select typname, typarray, typcategory from pg_type where typname in ('tsvector', 'tsquery', 'regconfig') order by 1
  typname  | typarray | typcategory
-----------+----------+-------------
 regconfig |     3735 | N
 tsquery   |     3645 | U
 tsvector  |     3643 | U
(3 rows)

> drop table d, q
DROP TABLE

> SELECT ts_delete('a:1 b:2'::tsvector, '{a,NULL,""}'::text[]) AS d, setweight('a:1 b:2'::tsvector, 'A', '{a,NULL}') AS w
   d   |      w
-------+--------------
 'b':2 | 'a':1A 'b':2
(1 row)

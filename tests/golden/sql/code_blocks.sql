# DO: several statements in one.

> do $$ begin if not exists (select 1 from pg_extension where extname='vector') then create extension vector; end if; end $$

> create table d(id int primary key, t text)

> do $$ begin insert into d values (1,'a'); insert into d values (2,'b'); perform count(*) from d; end $$

> select * from d order by 1

> do $$ begin insert into d values (3,'a'); insert into d values (1,'dup'); end $$

> select count(*) from d

> do $$ begin insert into d values (3,'c'); begin insert into d values (4,'x'); insert into d values (1,'dup'); exception when unique_violation then raise notice 'dup % of %', 1, null; end; insert into d values (5,'e'); end $$

> select * from d order by 1

> do $$ begin create table d(id int); exception when duplicate_table then null; end $$

> do $$ begin create table e(id int); create index on e(id); insert into e select generate_series(1,3); if (select count(*) from e) > 5 then raise exception 'many'; elsif exists (select 1 from e where id=3) then raise warning 'has 3'; else raise info 'no'; end if; end; $$

> do $$ begin select 1; end $$

> do $$ begin insert into e values (1) returning id; end $$

> do $$ begin raise exception 'oh % and %%', 'my' using hint='do it', detail='d '||1, errcode='unique_violation'; end $$

> do $$ begin raise unique_violation; end $$

> do $$ begin raise exception 'x %', 1, 2; end $$

> do $$ begin raise 'x %'; end $$

> do $$ begin perform 1/0; exception when division_by_zero then raise notice 'div'; raise; end $$

> do $$ begin perform 1/0; exception when data_exception or unique_violation then raise notice 'data'; end $$

> do $$ begin perform 1/0; exception when others then raise notice 'all'; end $$

> do $$ begin execute 'create table f' || '1 (a int)'; execute 'insert into f1 values (1); insert into f1 values (2)'; end $$

> select * from f1

> do $$ begin execute null; end $$

> do language plpgsql 'begin null

> end'

> do 'begin raise notice ''it''''s''

> end' language plpgsql

> do language sql 'select 1'

> do language plperl 'x'

> do $$ begin if null then raise notice 'null'; else raise notice 'else'; end if; end $$

> do $$ begin if 1 then null; end if; end $$

> do $$ begin commit; end $$

> do $$ begin savepoint a; end $$

> do $$ begin nonsense 1; end $$

> do $$ begin insert into nosuch values (1); end $$

> do $$ begin set work_mem='7MB'; end $$

> show work_mem

> do $$ begin set local work_mem='8MB'; end $$

> show work_mem

> begin

> do $$ begin insert into d values (10,'t'); end $$

> rollback

> select count(*) from d

> begin

> do $$ begin insert into d values (1,'t'); end $$

> select 1

> rollback

> do $$ begin return; raise notice 'not reached'; end $$

> do $$ begin raise debug 'x'; raise log 'y'; raise info 'z'; end $$

> set client_min_messages='debug1'

> do $$ begin raise debug 'x'; raise log 'y'; raise info 'z'; end $$

> set client_min_messages='error'

> do $$ begin raise warning 'x'; raise log 'y'; raise info 'z'; end $$

> reset client_min_messages

> do $$ begin begin begin null; end; end; end $$

> do $$ <<lab>> begin null; end $$

> do $$ begin if case when true then true end then raise notice 'case'; end if; end $$

> do $$ begin end $$

> do $$ begin $$

> do

> do $$ begin copy d to stdout; end $$

> do $$ begin update d set t='z' where id=1; delete from d where id=2; end $$

> select * from d order by id

> do $$ begin raise sqlstate '22012'; exception when sqlstate '22012' then raise notice 'state'; end $$

> do $$ begin raise exception using message='m', errcode='P0001'; end $$

> do $$ begin if exists (select 1) then; end if; end $$

> do $$ begin x := 1; end $$

> do $$ begin null; exception when nosuch then null; end $$

> drop table d, e, f1

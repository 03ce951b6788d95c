# PostgreSQL's bit strings, with pgvector's distances between them.

> select hamming_distance(B'111',B'110'), B'111' <~> B'110', jaccard_distance(B'1100',B'1010'), B'1100' <%> B'1010', jaccard_distance(B'00',B'00')

> select B'111' <~> B'11'

> select '101'::bit(3), '101'::bit(4), '101'::bit(2), '101'::varbit(2), '101'::varbit, B'101', X'1F', B'', 5::bit(4), (-5)::bit(8), B'101'::int, B'101'::bigint, 'x1f'::bit(8), 'b10'::varbit

> select '102'::bit(3)

> select 'x1g'::bit(3)

> create table bt (a bit(3), b varbit(3), c bit)

> insert into bt values ('1010', null, null)

> insert into bt values (null, '1010', null)

> insert into bt values (null, null, '10')

> insert into bt values ('101', '10', '1')

> insert into bt values (B'11', null, null)

> select * from bt

> select B'1100' & B'1010', B'1100' | B'1010', B'1100' # B'1010', ~ B'1100', B'1100' << 1, B'1100' >> 1, B'11' || B'00', B'1' || B'001'

> select B'11' & B'1'

> select length(B'1010'), bit_length(B'1010'), octet_length(B'101010101'), bit_count(B'1011'), get_bit(B'1011', 1), set_bit(B'1011', 1, 1), position(B'01' in B'1101'), substring(B'110010' from 2 for 3), overlay(B'0000' placing B'11' from 2 for 2)

> select get_bit(B'1011', 9)

> select B'1' < B'10', B'10' < B'11', B'101' = B'101'::varbit, max(x), min(x) from (values (B'10'),(B'011')) t(x) group by ()

> select bit_and(x), bit_or(x), bit_xor(x) from (values (B'10'),(B'11')) t(x)

> select pg_typeof(B'101'), pg_typeof(B'1'||B'0'), pg_typeof(X'1f'), pg_typeof('1'::bit), pg_typeof(B'1' & B'1')

> select array[B'1',B'0'], '{101,1}'::varbit[]

> select '1'::bit varying(0)

> select '1'::bit(0)

> select '1'::bit(83886081)

> select B'102'

> select X'1G'

> select 1::bit, 300::bit(4)

> select B'101'::text, '11'::text::bit(2)

> select B'101' <~> '111'

> create table bt2 (id int primary key, b bit(8), f varbit)

> insert into bt2 values (1, '10101010', '1'), (2, '11110000', ''), (3, null, '0101')

> select id, b <~> '10101111', b <%> '10101111' from bt2 order by b <~> '10101111', id

> select * from bt2 where b = B'11110000'

> select b, count(*) from bt2 group by b order by b

> update bt2 set b = ~b where id = 1 returning b

> select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'bt2'::regclass and attnum > 0 order by attnum

> alter table bt2 alter column f type bit(2) using f::bit(2)

> select f from bt2 order by id

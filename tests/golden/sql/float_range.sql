# Results of floats that are out of range. PostgreSQL's answers.

> create temp table fl (f float8, g float4, i int)

> insert into fl values (1e308, 3e38, 1), (-34.84, 1, 2), (0, 0, 3), (1e-300, 1e-37, 4)

> select f * 10 from fl where i > 1

> select f * 10 from fl

> select f * '1e200' from fl

> select f + f from fl where i = 1

> select f - (-f) from fl where i = 1

> select f + 1e308 from fl where i = 1

> select f + 1, 1 - f, f - 1.5 from fl

> select f * f from fl where i = 4

> select g * g from fl where i = 1

> select g * g from fl where i = 4

> select g * 2, g + g from fl where i > 1

> select g * i, f * i, i * 2.5::float8 from fl where i > 1

> select 'inf'::float8 * 2, 'nan'::float8 * 0, 'inf'::float8 - 'inf'::float8, 'inf'::float8 * 0, 0 * 5.0::float8

> select 1e308::float8 * 10

> select sum(f * 2) from fl where i > 1

> select sum(f) from fl

> select i from fl where f * 10 > 5 and i > 1 order by i

> update fl set f = f * 10 where i = 2

> update fl set f = f * 10

> select f / 0 from fl

> select f / i from fl where i > 1

> select 1 / f from fl where i = 4

> select f * -1 as x from fl order by x

> select round((f * 100)::numeric, 2) from fl where i = 2

> select i, f * 2 as d from fl group by i, f order by d

> select avg(f * 1.5) from fl where i between 2 and 3

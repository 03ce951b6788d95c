# Cursors that go both ways, and what FETCH and MOVE say of those that do not. PostgreSQL's answers.

> create temp table cu as select i as n from generate_series(1,5) i

> begin

> declare s scroll cursor for select n from cu order by n

> fetch 2 from s

> fetch prior from s

> fetch prior from s

> fetch next from s

> fetch last from s

> fetch next from s

> fetch prior from s

> fetch first from s

> fetch backward 1 from s

> fetch absolute 3 from s

> fetch relative -1 from s

> fetch relative 2 from s

> fetch relative 0 from s

> fetch absolute -2 from s

> fetch absolute -9 from s

> fetch forward all from s

> fetch backward 2 from s

> fetch backward all from s

> fetch backward all from s

> fetch all from s

> fetch absolute 0 from s

> fetch -1 from s

> fetch 2 from s

> fetch -1 from s

> fetch forward 0 from s

> fetch backward 0 from s

> move backward all in s

> move 3 in s

> move relative -1 in s

> move last in s

> fetch forward -2 from s

> fetch backward -1 from s

> fetch absolute 99 from s

> fetch prior from s

> move absolute 99 in s

> move all in s

> close s

> declare f no scroll cursor for select n from cu order by n

> fetch absolute 2 from f

> fetch relative 2 from f

> fetch first from f

> rollback

> begin

> declare f no scroll cursor for select n from cu order by n

> fetch 1 from f

> fetch prior from f

> rollback

> begin

> declare h scroll cursor with hold for select n from cu order by n

> fetch 2 from h

> select name, is_holdable, is_scrollable from pg_cursors

> commit

> fetch prior from h

> fetch last from h

> fetch backward all from h

> close h

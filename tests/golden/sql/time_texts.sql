# Texts of dates, times and intervals in all forms that PostgreSQL reads. PostgreSQL's answers.

> select interval '1 month - 1 second', interval '@ 1 hour @ 42 minutes @ 20 seconds', interval '2 3 hours', interval 'P0002-10T1S', interval 'PT10:30', interval '1 2' day to hour

> select interval 'P2147483648'

> select interval 'P1-2147483647-2147483647'

> select interval '4 millenniums 5 centuries 4 decades 1 year 4 months 4 days 17 minutes 31 seconds'

> select interval '-'

> select interval '1 2 days'

> select interval '1 2 3 hours'

> select interval '- 1 day'

> select interval '+ 5 hours - 3 days'

> select interval '1 day, 2 hours'

> select interval '1:2:3:4'

> select interval 'PT'

> select interval 'P'

> select interval 'P1Y2'

> select interval 'PT1:2:3:4'

> select interval 'P1YT'

> select interval 'P1W', interval 'P1.5Y', interval 'PT1.5H', interval 'P-1Y-2M'

> set intervalstyle = sql_standard

> select interval '-23 hours 45 min 12.34 sec', interval '-1 day 23 hours 45 min 12.34 sec', interval '-1 year 2 months 1 day 23 hours 45 min 12.34 sec', interval '-1 year 2 months 1 day 23 hours 45 min +12.34 sec'

> select interval '-1-2', interval '-1 1:2:3', interval '1 -1:2:3', interval '-5 days ago'

> reset intervalstyle

> select date '1999 01 08', date '01 08 1999', date '99 08 01'

> select date '2024 1', date '1 2 3 4'

> select timestamptz '20011227 040506-08', timestamptz '20011227 040506.789-08', timestamptz '20011227T040506-08', timestamptz 'J2452271-08', timestamptz 'J2452271.5+08', timestamptz 'J2452271T040506-08'

> select time '040506.789-08', time 'T040506.789-08', time '0405', time '040506'

> select timestamp '2001-12-27 040506', timestamp '2001 12 27 04:05:06'

> set datestyle = 'ISO, DMY'

> select date '08 01 1999', date '1999 01 08'

> set datestyle = 'ISO, YMD'

> select date '08 01 12'

> reset datestyle

> reset time zone

# Roles: made, changed, renamed and dropped, memberships, and SET ROLE.

> CREATE ROLE nr_ann LOGIN PASSWORD 'one' CONNECTION LIMIT 3 VALID UNTIL '2100-01-01 00:00:00+00'

> CREATE USER nr_bob NOINHERIT

> CREATE GROUP nr_staff

> CREATE ROLE nr_ann

> CREATE ROLE pg_x

> CREATE ROLE "public"

> CREATE ROLE none

> CREATE ROLE current_user

> CREATE ROLE nr_x LOGIN NOLOGIN

> CREATE ROLE nr_x CONNECTION LIMIT -2

> CREATE ROLE nr_x PASSWORD hush

> CREATE ROLE nr_x VALID UNTIL 'nonsense'

> CREATE ROLE nr_x PASSWORD ''

> SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit, rolpassword, rolvaliduntil AT TIME ZONE 'UTC' AS until FROM pg_roles WHERE rolname LIKE 'nr\_%' ORDER BY 1

> SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$4096:%' AS is_scram FROM pg_authid WHERE rolname LIKE 'nr\_%' ORDER BY 1

> SELECT usename FROM pg_user WHERE usename LIKE 'nr\_%' ORDER BY 1

> SELECT groname FROM pg_group WHERE groname LIKE 'nr\_%' ORDER BY 1

> ALTER ROLE nr_x CREATEROLE CREATEDB

> ALTER ROLE nr_x RENAME TO nr_admin

> ALTER ROLE nr_nobody RENAME TO nr_y

> ALTER ROLE nr_ann RENAME TO nr_bob

> ALTER ROLE nr_ann SET statement_timeout = '5s'

> ALTER ROLE nr_ann SET search_path TO nr_s, public

> ALTER ROLE nr_ann SET nonsense TO 1

> SELECT setconfig FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = setrole WHERE rolname = 'nr_ann'

> ALTER ROLE nr_ann RESET statement_timeout

> SELECT rolconfig FROM pg_roles WHERE rolname = 'nr_ann'

# Memberships.

> GRANT nr_staff TO nr_ann, nr_bob

> GRANT nr_staff TO nr_ann

> GRANT nr_ann TO nr_staff

> GRANT nr_ann TO nr_ann

> GRANT nr_staff TO nr_nobody

> GRANT nr_staff TO nr_admin WITH ADMIN OPTION, INHERIT FALSE

> SELECT r.rolname AS role, m.rolname AS member, admin_option, inherit_option, set_option FROM pg_auth_members a JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE r.rolname LIKE 'nr\_%' ORDER BY 1, 2

> SELECT pg_has_role('nr_ann', 'nr_staff', 'usage') AS ann, pg_has_role('nr_bob', 'nr_staff', 'usage') AS bob, pg_has_role('nr_bob', 'nr_staff', 'member') AS member, pg_has_role('nr_admin', 'nr_staff', 'usage with admin option') AS admin

> REVOKE ADMIN OPTION FOR nr_staff FROM nr_admin

> REVOKE nr_staff FROM nr_nobody

> REVOKE nr_admin FROM nr_ann

# Who is who.

> SET ROLE nr_ann

> SELECT current_user, current_role, current_setting('role') AS role

> CREATE ROLE nr_z

> ALTER ROLE nr_bob CREATEDB

> ALTER ROLE nr_bob PASSWORD 'two'

> ALTER ROLE nr_ann PASSWORD 'three'

> ALTER ROLE nr_ann SUPERUSER

> DROP ROLE nr_bob

> GRANT nr_staff TO nr_admin

> SET ROLE nr_staff

> RESET ROLE

> SET ROLE nr_nobody

> SET ROLE NONE

> SET SESSION AUTHORIZATION nr_bob

> SELECT current_user, session_user

> SET ROLE nr_ann

> SET ROLE nr_staff

> SELECT current_user, session_user

> SELECT count(*) FROM pg_authid

> SELECT count(*) FROM pg_shadow

> SELECT role_name FROM information_schema.enabled_roles ORDER BY 1

> RESET SESSION AUTHORIZATION

> SET ROLE nr_admin

> CREATE ROLE nr_made

> CREATE ROLE nr_super SUPERUSER

> CREATE ROLE nr_repl REPLICATION

> SELECT r.rolname AS role, m.rolname AS member, admin_option, inherit_option, set_option FROM pg_auth_members a JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE r.rolname = 'nr_made'

> GRANT nr_made TO nr_bob

> DROP ROLE nr_bob

> DROP ROLE nr_made

> RESET ROLE

> BEGIN

> SET LOCAL ROLE nr_ann

> SELECT current_user

> COMMIT

> SHOW role

> BEGIN

> CREATE ROLE nr_gone

> SET ROLE nr_gone

> ROLLBACK

> SHOW role

> DROP ROLE nr_gone

> DROP ROLE IF EXISTS nr_gone

> DROP ROLE nr_ann, nr_bob, nr_staff, nr_admin

> SELECT count(*) FROM pg_roles WHERE rolname LIKE 'nr\_%'

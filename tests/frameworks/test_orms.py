"""Django's migrations and models, and Alembic's, which compare what there is with what there should be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import JSONB


def test_django_migrates_works_and_goes_back(place, tmp_path):
    site = tmp_path / "site"
    shutil.copytree(Path(__file__).parent / "django_site", site)
    where = {"NAME": place.database, "USER": place.user, "PASSWORD": place.password, "HOST": place.host, "PORT": place.port}
    environment = os.environ | {f"SITE_{part}": str(value) for part, value in where.items()}
    environment |= {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(site)}

    def run(*arguments):
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=environment, cwd=site, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{arguments}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def manage(*arguments):
        return run("-m", "django", *arguments)

    manage("makemigrations", "library")
    manage("migrate")
    models = site / "library" / "models.py"
    text = models.read_text()
    changed = text.replace("age = models.PositiveIntegerField(null=True)", "mail = models.EmailField(default='')")
    changed = changed.replace('max_length=50, unique=True, db_comment="the name"', "max_length=80, unique=True")
    assert changed != text
    models.write_text(changed)
    manage("makemigrations", "library")
    manage("migrate")
    run("work.py")
    assert "class LibraryBook(" in manage("inspectdb")
    for app in ["library", "auth", "sessions", "contenttypes"]:
        manage("migrate", app, "zero")


def test_alembic_finds_nothing_to_change_and_changes_what_it_is_told(place, name):
    engine, metadata = sa.create_engine(place.sqlalchemy_url("psycopg")), sa.MetaData()
    first = sa.Table(
        f"{name}_one",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20), nullable=False, server_default="x"),
        sa.Column("j", JSONB),
        sa.Column("t", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.Column("a", sa.ARRAY(sa.Integer)),
        sa.CheckConstraint("id > 0", name=f"{name}_check"),
        comment="a comment",
    )
    sa.Table(
        f"{name}_two",
        metadata,
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("f", sa.ForeignKey(first.c.id, ondelete="CASCADE")),
        sa.Column("d", sa.Integer, sa.Computed("id * 2", persisted=True)),
    )
    sa.Index(f"{name}_index", first.c.name, postgresql_where=first.c.id > 3)
    metadata.create_all(engine)
    with engine.connect() as connection:
        # Other tests have tables in the same database.
        own = {"include_object": lambda item, known, kind, *_: kind != "table" or known.startswith(name)}
        context = MigrationContext.configure(connection, opts=own)
        assert compare_metadata(context, metadata) == []
        change = Operations(context)
        change.add_column(first.name, sa.Column("z", sa.Integer, nullable=False, server_default="3"))
        change.alter_column(first.name, "name", type_=sa.Text(), nullable=True, server_default=None)
        change.alter_column(first.name, "z", new_column_name="zz")
        change.drop_constraint(f"{name}_check", first.name)
        change.create_unique_constraint(f"{name}_unique", first.name, ["name"])
        change.drop_column(first.name, "j")
        change.drop_index(f"{name}_index")
        change.rename_table(first.name, f"{name}_three")
        connection.commit()
    found = sa.MetaData()
    found.reflect(engine, only=lambda known, _: known.startswith(name))
    assert sorted(found.tables) == [f"{name}_three", f"{name}_two"]
    assert sorted(column.name for column in found.tables[f"{name}_three"].columns) == ["a", "id", "name", "t", "zz"]
    found.drop_all(engine)

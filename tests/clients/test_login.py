"""Who may come in: SCRAM-SHA-256 with each driver, and what a wrong password gets."""

import shutil
import subprocess

import asyncpg
import psycopg
import pytest

from conftest import PASSWORD, start_server


def test_scram_psycopg(password_server):
    with psycopg.connect(password_server.url, password=PASSWORD, connect_timeout=10) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert connection.pgconn.used_password


def test_scram_asyncpg(password_server, run):
    async def scenario():
        connection = await asyncpg.connect(password_server.url, password=PASSWORD, timeout=10)
        try:
            return await connection.fetchval("SELECT 1")
        finally:
            await connection.close()

    assert run(scenario()) == 1


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD + " "])
def test_wrong_password(password_server, password):
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(password_server.url, password=password, connect_timeout=10)
    assert PASSWORD not in str(caught.value)


def test_wrong_password_sqlstate(password_server, run):
    async def scenario():
        await asyncpg.connect(password_server.url, password="wrong", timeout=10)

    with pytest.raises(asyncpg.InvalidPasswordError):
        run(scenario())


def test_unknown_user(password_server):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(password_server.url.replace("nebulus@", "nobody@"), password=PASSWORD, connect_timeout=10)


def test_password_survives_restart(tmp_path):
    data_dir = tmp_path / "data"
    first = start_server(data_dir, password=PASSWORD)
    try:
        with psycopg.connect(first.url, password=PASSWORD, connect_timeout=10) as connection:
            connection.execute("CREATE TABLE kept (id int8 PRIMARY KEY, name text)")
            connection.execute("INSERT INTO kept VALUES (1, 'one')")
    finally:
        assert first.stop() == 0
    second = start_server(data_dir)
    try:
        with psycopg.connect(second.url, password=PASSWORD, connect_timeout=10) as connection:
            assert connection.execute("SELECT name FROM kept WHERE id = 1").fetchone() == ("one",)
    finally:
        assert second.stop() == 0


@pytest.fixture
def tls_server(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha384", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    flags = ["--tls", "require", "--tls-cert", str(certificate), "--tls-key", str(key)]
    running = start_server(tmp_path / "data", *flags, password=PASSWORD)
    yield running
    assert running.stop() == 0


def test_channel_binding(tls_server):
    with psycopg.connect(
        tls_server.url, password=PASSWORD, connect_timeout=10, sslmode="require", channel_binding="require"
    ) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_plaintext_is_refused(tls_server):
    with pytest.raises(psycopg.OperationalError, match="TLS"):
        psycopg.connect(tls_server.url, password=PASSWORD, connect_timeout=10, sslmode="disable")

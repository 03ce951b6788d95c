"""Backups in a bucket: whole, incremental, interrupted, damaged, and what the messages say. The feature `s3`."""

import json
import shutil
import subprocess
import os
import time

import pytest
from conftest import KEYS, Bucket, clean, program

BLOB_BYTES = 300_000


def backup(server, bucket: Bucket, *more: str, prefix: str = "nightly") -> subprocess.CompletedProcess:
    return program("backup", f"s3://{bucket.name}/{prefix}", "--url", server.url, *more, **bucket.environment)


def well(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(done: subprocess.CompletedProcess) -> str:
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.fixture
def filled(serve, bucket):
    """A server with memories, blobs and a secret, that may use the bucket."""
    server = serve("data", **bucket.environment)
    with server.connect() as connection:
        for number in range(6):
            blob = bytes((number + at * 31 + at // 256) % 256 for at in range(BLOB_BYTES)).hex()
            connection.execute(f"SET MEMORY id = 'm{number}' metadata = {{n: {number}}} vector = [1, {number}] blob = '{blob}'")
        connection.execute("SET AUTH key = 'k' value = 'a secret that leaves for nowhere'")
    return server


def restored(tmp_path, bucket: Bucket, *more: str, name: str = "restored", prefix: str = "nightly"):
    return program("restore", f"s3://{bucket.name}/{prefix}", "--data-dir", tmp_path / name, *more, **bucket.environment)


def test_a_backup_comes_back_as_it_was(filled, bucket, serve, tmp_path):
    first = well(backup(filled, bucket))
    assert first.startswith("backup 000001-"), first
    with filled.connect() as connection:
        connection.execute("SET MEMORY id = 'later' metadata = {n: 7}")
    second = well(backup(filled, bucket))
    new = int(second.split("; ")[1].split()[0])
    all_files = int(second.split(": ")[1].split()[0])
    assert second.startswith("backup 000002-") and 0 < new < all_files, "what both share is there once"
    url = f"s3://{bucket.name}/nightly"
    assert "(2 rows)" in well(program("backup", url, "--list", **bucket.environment))
    assert "0 problems" in well(program("backup", url, "--verify", **bucket.environment))
    assert "lock" not in " ".join(bucket.keys()), "nobody has to wait for who has ended"
    assert all(b"a secret that leaves" not in bucket.read(key) for key in bucket.keys())
    well(restored(tmp_path, bucket))
    (tmp_path / "restored/keys").mkdir()
    for key in (filled.data / "keys").glob("vault.*"):
        shutil.copy(key, tmp_path / "restored/keys")
    server = serve("restored")
    with server.connect() as connection:
        assert connection.execute("SELECT count(*) FROM memory").fetchone() == (7,)
        sizes = connection.execute("SELECT sum(blob_size)::int8 FROM memory").fetchone()
        assert sizes == (6 * 2 * BLOB_BYTES,)
        assert connection.execute("SELECT value FROM auth").fetchone() == ("a secret that leaves for nowhere",)
    server.stop()
    shutil.rmtree(tmp_path / "restored")
    known = len(bucket.keys("nightly/objects/"))
    pruned = well(backup(filled, bucket, "--keep", "1"))
    assert pruned.count("removed backup") == 2 and len(bucket.keys("nightly/manifests/")) == 1
    assert len(bucket.keys("nightly/objects/")) < known
    assert "0 problems" in well(program("backup", url, "--verify", **bucket.environment))
    assert well(restored(tmp_path, bucket)).startswith("restored backup 000003-")


def test_what_is_damaged_or_missing_is_named_and_nothing_is_restored(filled, bucket, tmp_path):
    well(backup(filled, bucket))
    [manifest] = bucket.keys("nightly/manifests/")
    files = json.loads(bucket.read(manifest))["backup"]["files"]
    file = max(files, key=lambda each: each["bytes"])
    key = f"nightly/objects/{file['blake3'][:2]}/{file['blake3']}"
    whole = bucket.read(key)
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:-1], whole + b"x"):
        bucket.write(key, damaged)
        said = program("backup", f"s3://{bucket.name}/nightly", "--verify", **bucket.environment)
        assert said.returncode == 1 and file["path"] in said.stdout and "1 problems" in said.stdout, said.stdout
        assert file["path"] in refused(restored(tmp_path, bucket)) and not (tmp_path / "restored").exists()
    bucket.remove(key)
    said = refused(restored(tmp_path, bucket))
    assert file["path"] in said and "is missing" in said and "Nothing was restored" in said, said
    # The next backup puts what has gone, but does not look into what is there.
    well(backup(filled, bucket))
    well(restored(tmp_path, bucket))
    bucket.write(manifest, bucket.read(manifest).replace(b'"bytes":', b'"bytes":1', 1))
    said = refused(restored(tmp_path, bucket, "--at", manifest.split("/")[-1].removesuffix(".json"), name="other"))
    assert "manifest" in said and "is damaged" in said, said


def test_killed_in_the_middle_a_backup_is_none_and_the_next_goes_on(filled, bucket, tmp_path):
    filled.stop()
    url = f"s3://{bucket.name}/nightly"
    offline = ("backup", url, "--offline", "--data-dir", filled.data)
    command = [os.environ["NEBULUSDB_BIN"], *map(str, offline)]
    process = subprocess.Popen(command, env=clean(**bucket.environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while process.poll() is None and len(bucket.keys("nightly/objects/")) < 3:
        assert time.monotonic() < until, "it never began"
    process.kill()
    process.communicate()
    sent = len(bucket.keys("nightly/objects/"))
    assert bucket.keys("nightly/manifests/") == [] or process.returncode == 0
    # The lock that it has left is its own node's.
    said = well(program(*offline, **bucket.environment))
    new, files = int(said.split("; ")[1].split()[0]), int(said.split(": ")[1].split()[0])
    assert new <= files - sent + 1, said
    assert "0 problems" in well(program("backup", url, "--verify", **bucket.environment))
    process = subprocess.Popen(
        [os.environ["NEBULUSDB_BIN"], "restore", url, "--data-dir", str(tmp_path / "restored")],
        env=clean(**bucket.environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not (tmp_path / "restored.restoring/rocksdb").exists():
        assert time.monotonic() < until, "it never began"
    process.kill()
    process.wait()
    if not (tmp_path / "restored").exists():
        well(restored(tmp_path, bucket))
    assert not (tmp_path / "restored.restoring").exists()


def test_two_nodes_do_not_write_to_one_prefix_at_a_time(filled, bucket):
    well(backup(filled, bucket))
    claim = {"holder": "12D3KooWSomebodyElse", "until": "2999-01-01T00:00:00Z"}
    bucket.write("nightly/lock", json.dumps(claim).encode())
    said = refused(backup(filled, bucket))
    assert "another backup to s3://" in said and "12D3KooWSomebodyElse" in said, said
    assert json.loads(bucket.read("nightly/lock")) == claim, "it is left to whom it belongs"
    bucket.write("nightly/lock", json.dumps(claim | {"until": "2020-01-01T00:00:00Z"}).encode())
    well(backup(filled, bucket))


def test_what_is_wrong_is_said(filled, bucket, serve, tmp_path):
    other = f"s3://{bucket.name}-not/x"
    said = refused(program("backup", other, "--url", filled.url))
    assert "NoSuchBucket" in said and "has to be there" in said, said
    said = refused(program("restore", f"s3://{bucket.name}/x", "--data-dir", tmp_path / "r"))
    assert "no credentials" in said and "AWS_ACCESS_KEY_ID" in said, said
    said = refused(program("restore", f"s3://{bucket.name}/x", "--data-dir", tmp_path / "r", **bucket.environment))
    assert "there are no backups in s3://" in said, said
    nobody = KEYS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    said = refused(program("restore", f"s3://{bucket.name}/x", "--data-dir", tmp_path / "r", **nobody))
    assert "refused" in said and "AWS_ENDPOINT_URL" in said and "Signature" not in said, said
    bucket.write("taken/letter", b"dear")
    said = refused(backup(filled, bucket, prefix="taken"))
    assert "is not empty" in said, said
    assert "names no bucket" in refused(program("backup", "s3://x", "--url", filled.url))

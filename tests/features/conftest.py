"""A server of the build with features, and a bucket on this machine. `NEBULUSDB_BIN` names the binary."""

import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer

STOP_SECONDS = 60
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}


def clean(**more: str) -> dict[str, str]:
    """The environment without what would lead elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEBULUSDB_", "AWS_", "PG"))}
    return kept | more


def program(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Runs the program to its end."""
    command = [os.environ["NEBULUSDB_BIN"], *map(str, arguments)]
    return subprocess.run(command, env=clean(**environment), capture_output=True, text=True, timeout=120, check=False)


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen
    url: str
    data: Path
    log: Path

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True)

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(STOP_SECONDS) == 0


@pytest.fixture
def serve(tmp_path):
    """Starts servers, which end with the test."""
    running = []

    def start(name: str, *flags: str, **environment: str) -> Server:
        data, log = tmp_path / name, tmp_path / f"{name}.log"
        flags = ("--data-dir", str(data), "--listen", "127.0.0.1:0", "--admin", "off", "--trust-local", *flags)
        with log.open("w") as lines:
            process = subprocess.Popen(
                [os.environ["NEBULUSDB_BIN"], "serve", *flags],
                env=clean(**environment), stdout=subprocess.PIPE, stderr=lines, text=True,
            )  # fmt: skip
        running.append(process)
        ready = process.stdout.readline()
        assert ready.startswith("ready "), log.read_text()
        return Server(process, ready.split()[1], data, log)

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def endpoint():
    """A server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass
class Bucket:
    """A bucket, as somebody else sees it."""

    client: object
    name: str
    environment: dict[str, str]

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def write(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)


@pytest.fixture
def bucket(endpoint) -> Bucket:
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )  # fmt: skip
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    return Bucket(client, name, KEYS | {"AWS_ENDPOINT_URL": endpoint})

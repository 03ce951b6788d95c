"""`docker/`, as far as it can be tried without a container engine.

Each RUN step is run on a bare Debian, which has what the image `debian:…-slim` has and some more; the server is started there with
the image's user, variables and command, and asked by its health check. The build's own step is replayed as a check of the
sources that the Dockerfile copies, since compiling takes an hour. No engine builds the image here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from compose_spec import PyOptions

from bare import READY_SECONDS, Machine
from dockerfile import Stage, read

ROOT = Path(__file__).resolve().parents[2]
BUILD, IMAGE = read(ROOT / "docker" / "Dockerfile")


def replay(machine: Machine, stage: Stage, step: str) -> None:
    machine.run(*stage.last_list("SHELL"), step)


def test_hadolint_finds_nothing_wrong() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "docker" / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_is_as_its_schema_says() -> None:
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    read = PyOptions()
    read.apply_merge = True
    read.from_yaml((ROOT / "docker" / "compose.yaml").read_text()).validate()
    with pytest.raises(ValueError, match="healtcheck"):
        read.from_yaml("services: {node: {image: nebulusdb, healtcheck: {}}}")
    volumes = {mount.partition(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])}
    for mount in volumes:
        if mount.startswith("."):
            assert (ROOT / "docker" / mount).exists(), f"{mount} is mounted and not there"
        else:
            assert mount in compose["volumes"], f"the volume {mount} is not declared"


def test_prometheus_asks_the_nodes_of_the_compose_file() -> None:
    asked = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())
    targets = [target for job in asked["scrape_configs"] for config in job["static_configs"] for target in config["targets"]]
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    nodes = [name for name, service in services.items() if "build" in service]
    assert targets == [f"{node}:8433" for node in nodes]


def test_the_build_stage_gets_its_compiler(machine: Machine) -> None:
    first, _ = BUILD.all("RUN")
    replay(machine, BUILD, first)
    assert machine.run("clang", "--version").stdout
    assert list(machine.path("/usr/lib").glob("llvm-*/lib/libclang*.so*"))


def test_the_build_stage_has_all_its_sources(tmp_path: Path) -> None:
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed: the sources that the Dockerfile copies were NOT checked")
    for arguments in BUILD.all("COPY"):
        *sources, to = arguments.split()
        for source in sources:
            target = tmp_path / to / (source if len(sources) > 1 else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target)
            else:
                shutil.copy(ROOT / source, target)
    _, step = BUILD.all("RUN")
    build, strip = step.split(" && ")
    assert build == "cargo build --release --locked --features otel,s3 --bin nebulusdb" and strip == "strip -o /nebulusdb target/release/nebulusdb"
    subprocess.run(build.replace("cargo build", "cargo check").split(), cwd=tmp_path, check=True)


def test_the_image_serves_is_healthy_and_ends(machine: Machine, dist: Path) -> None:
    (step,) = IMAGE.all("RUN")
    replay(machine, IMAGE, step)
    (copied,) = IMAGE.all("COPY")
    assert copied == "--from=build /nebulusdb /usr/local/bin/nebulusdb"
    shutil.copy(dist / "nebulusdb", machine.path("/usr/local/bin/nebulusdb"))
    (user,) = IMAGE.all("USER")
    assert user.split(":")[0] != "0" and IMAGE.all("STOPSIGNAL") == ["SIGTERM"]
    env = {**IMAGE.environment(), "NEBULUSDB_PASSWORD": "choose-one"}
    server = machine.start(*IMAGE.last_list("ENTRYPOINT"), *IMAGE.last_list("CMD"), user=user, env=env)
    try:
        health = IMAGE.health_command()
        end = time.monotonic() + READY_SECONDS
        while machine.run(*health, user=user, env=env, beside=server, check=False).returncode != 0:
            assert time.monotonic() < end, "the image's health check does not succeed"
            time.sleep(0.1)
        url = "postgresql://nebulus:choose-one@127.0.0.1:5433/nebulus"
        said = machine.run("nebulusdb", "query", "--url", url, "--plain", "SELECT 6 * 7", user=user, beside=server)
        assert said.stdout.strip() == "42"
    finally:
        server.stop()


def engine_that_runs() -> str | None:
    """A program whose engine answers: a client alone, as many machines have it, builds nothing."""
    for name in ("docker", "podman"):
        program = shutil.which(name)
        if program is not None and subprocess.run([program, "info"], capture_output=True, timeout=60).returncode == 0:
            return program
    return None


def test_an_engine_builds_the_image() -> None:
    engine = engine_that_runs()
    if engine is None:
        pytest.skip("no container engine runs here: the image was NOT built")
    subprocess.run([engine, "build", "-f", "docker/Dockerfile", "-t", "nebulusdb", "."], cwd=ROOT, check=True)

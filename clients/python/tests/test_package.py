"""The package: generated files are current, versions agree, both wheels hold the same client, types are checked."""

from __future__ import annotations

import email
import email.message
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nebulusdb
import pytest

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = ROOT.parent.parent
LINES_MAX = 500


def run(*command: str, **options: object) -> str:
    done = subprocess.run([sys.executable, "-B", *command], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    said: str = done.stdout
    return said


def test_the_blocking_client_is_current() -> None:
    run(str(ROOT / "tools" / "unasync.py"), "--check")


def test_versions_agree() -> None:
    cargo = re.search(r'^version = "(.*)"', (REPOSITORY / "Cargo.toml").read_text(), re.MULTILINE)
    project = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert cargo is not None and project is not None
    assert cargo[1] == project[1] == nebulusdb.__version__


def test_files_have_headers_and_a_bound() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text()
        assert re.match(r'(# Generated .*\n)?"""', text), path
        assert text.count("\n") <= LINES_MAX, path


def test_what_is_offered_is_documented() -> None:
    for name in nebulusdb.__all__:
        each = getattr(nebulusdb, name)
        if isinstance(each, type):
            for member, value in vars(each).items():
                if not member.startswith("_") and callable(value):
                    assert value.__doc__, f"{name}.{member}"


def test_nothing_heavy_is_imported() -> None:
    said = run("-c", "import nebulusdb, sys; print(*sys.modules)", env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    assert not {"numpy", "pandas", "polars", "pyarrow", "langchain_core"} & {name.partition(".")[0] for name in said.split()}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_types() -> None:
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    for what in ([], ["--strict", "tests", "examples"]):
        assert "no issues found" in run("-m", "mypy", *what, cwd=ROOT, env=environment)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_both_wheels(tmp_path: Path) -> None:
    """The one of the client alone, and the one with the server, here with a program that only says its name."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho ready-made\n")
    pure = tmp_path / "pure"
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(pure), cwd=ROOT)
    run(str(REPOSITORY / "packaging" / "wheel.py"), str(program), nebulusdb.__version__, "linux_x86_64", str(tmp_path))
    (alone,) = pure.glob("*.whl")
    (both,) = tmp_path.glob("*.whl")
    assert alone.name.endswith("-py3-none-any.whl") and both.name.endswith("-py3-none-linux_x86_64.whl")
    assert contents(alone) == contents(both)
    assert fields(alone) == fields(both)
    target = tmp_path / "target"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target), rename(both))
    found = run("-c", "from nebulusdb.server import find_binary; print(find_binary())", env={"PYTHONPATH": str(target)})
    assert Path(found.strip()) == target / "bin" / "nebulusdb" and os.access(found.strip(), os.X_OK)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.startswith("nebulusdb/")}


def fields(wheel: Path) -> dict[str, list[str]]:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"nebulusdb-{nebulusdb.__version__}.dist-info/METADATA").decode()
    message: email.message.Message = email.message_from_string(text)
    body = str(message.get_payload()).strip()
    found = {
        key: sorted(requirement(value) for value in message.get_all(key) or []) for key in message if key != "Metadata-Version"
    }
    return {**found, "body": [body]}


def requirement(text: str) -> str:
    return re.sub(r"[\s\"']", "", text)


def rename(wheel: Path) -> str:
    """The wheel as one that this machine takes, whatever its kind."""
    import sysconfig

    tag = re.sub(r"[.-]", "_", sysconfig.get_platform())
    renamed = wheel.with_name(wheel.name.replace("linux_x86_64", tag))
    wheel.rename(renamed)
    return str(renamed)

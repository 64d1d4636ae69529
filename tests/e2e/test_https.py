"""Configurations and reports over HTTPS: the machines of a whole deployment know the daemon by its key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.client import Client
from tests import commands
from tests.certificates import certificate_files, secured
from tests.e2e.deployments import nxd, run_to, spec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def restarted(one: Any, folder: Path) -> tuple[Path, Path]:
    """The daemon with a certificate for its configuration port, which it reads when it starts."""
    one.stage.stop_daemon()
    files = secured(one.stage.config, folder)
    one.stage.start_daemon()
    return files


def test_a_cluster_is_deployed_and_its_installers_tell_nobody_else(
    rig: Callable[..., Any], tmp_path: Path
) -> None:
    one = rig()
    restarted(one, tmp_path / "tls")
    with Client(one.stage.socket) as client:
        client.apply(spec())
        run_to(one.stage, "active")
    log = (one.stage.directory / "serve.log").read_text()
    assert log.count("action=document_fetched") == 3 and "handshake_failed" not in log


def test_a_preflight_tells_when_the_file_is_not_what_the_daemon_shows(
    rig: Callable[..., Any], tmp_path: Path
) -> None:
    one = rig()
    restarted(one, tmp_path / "tls")
    (tmp_path / "demo.yaml").write_text(spec())
    found = nxd(one, "preflight", str(tmp_path / "demo.yaml"))
    assert "answers as it should" in found.stdout and found.returncode == 0, found.stdout + found.stderr
    certificate_files(tmp_path / "tls")
    found = nxd(one, "preflight", str(tmp_path / "demo.yaml"))
    assert "shows another certificate than" in found.stdout.replace("\n", " "), found.stdout
    assert found.returncode == 1


def test_a_certificate_without_its_key_or_its_url_is_refused_with_what_is_missing(
    rig: Callable[..., Any], tmp_path: Path
) -> None:
    one = rig()
    _, key = restarted(one, tmp_path / "tls")
    whole = yaml.safe_load(one.stage.config.read_text())
    one.stage.stop_daemon()
    plain = whole["config"]["url"].replace("https:", "http:")
    for changes, said in (
        ({"key": ""}, "config.certificate is set, and config.key is not"),
        ({"certificate": ""}, "config.key is set, and config.certificate is not"),
        (
            {"certificate": "", "key": ""},
            "and no certificate is given: set config.certificate and config.key",
        ),
        ({"url": plain}, "config.certificate is set, and config.url is http:"),
        ({"certificate": str(key)}, "no certificate and its key in PEM"),
    ):
        other = tmp_path / "other.yaml"
        other.write_text(yaml.safe_dump({**whole, "config": {**whole["config"], **changes}}))
        refused = commands.run(("--config", str(other), "serve"))
        assert refused.returncode == 2 and said in refused.stderr, refused.stderr
        assert "Traceback" not in refused.stderr

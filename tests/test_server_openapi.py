"""Whatever is sent to the server, it does not break."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from tertulia.server.openapi import document

from .serving import serving

pytest.importorskip("schemathesis")


def test_requests_of_every_kind_cause_no_fault_of_the_server(caplog, tmp_path):
    caplog.set_level(logging.INFO, "tertulia.server")
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--max-examples", "20", "--seed", "7"]
    command += ["--checks", "content_type_conformance,status_code_conformance", "--no-color"]
    with serving() as server:
        done = subprocess.run([*command, f"{server.url}/openapi.json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    statuses = [record.args[3] for record in caplog.records if record.levelno == logging.INFO]
    assert len(statuses) > 300
    assert statuses.count(200) > 30
    assert 500 not in statuses


def test_the_document_is_json_and_names_every_model():
    described = json.loads(json.dumps(document(("tertulia", "mine"))))
    assert described["components"]["schemas"]["ChatRequest"]["properties"]["model"]["enum"] == ["tertulia", "mine"]

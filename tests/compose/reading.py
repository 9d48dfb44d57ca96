"""docker-compose.yml as Compose reads it, through a parser of Compose files that needs no engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from pipelines.settings import REPOSITORY

Document = dict[str, Any]
PODMAN = "#!/bin/sh\necho podman version 5.0.0\n"  # podman-compose asks for its version, and for `config` nothing else


def parsed(folder: Path, *profiles: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`podman-compose config` for some profiles, with nothing in the environment but what is given."""
    podman = folder / "bin" / "podman"
    podman.parent.mkdir(exist_ok=True)
    podman.write_text(PODMAN)
    podman.chmod(0o755)
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    program = Path(sys.executable).with_name("podman-compose")
    (folder / "empty.env").touch()
    return subprocess.run(
        [program, "--env-file", folder / "empty.env", "-f", REPOSITORY / "docker-compose.yml", *chosen, "config"],
        env={"PATH": f"{podman.parent}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def configuration(folder: Path, *profiles: str, **environment: str) -> Document:
    """The file with its variables filled in, and the services of the profiles."""
    done = parsed(folder, *profiles, **{"FRUITION_SECRETS": "./secrets", **environment})
    assert done.returncode == 0, done.stderr
    document: Document = yaml.safe_load(done.stdout)
    return document

"""What docker-compose.yml and the Dockerfiles promise, held service for service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.settings import REPOSITORY
from scripts.make_secrets import make_secrets, name_folder
from tests.compose.reading import Document, configuration, parsed

DEFAULT = {"postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer", "messages", "listener"}
BI = {"serving", "superset-init", "superset"}
CELERY = {"broker", "worker"}
ONE_SHOT = {"init", "superset-init"}  # they end; whether well, `service_completed_successfully` asks
OF_METADATA = {"airflow_database_url", "airflow_fernet_key", "airflow_database_password", "postgres_password"}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """Every profile's services; a test only reads."""
    return configuration(tmp_path_factory.mktemp("compose"), "bi", "celery")


@pytest.mark.parametrize(
    ("profiles", "services"),
    [
        ((), DEFAULT),
        (("bi",), DEFAULT | BI),
        (("celery",), DEFAULT | CELERY),
        (("bi", "celery"), DEFAULT | BI | CELERY),
    ],
)
def test_each_profile_is_read_with_its_services(tmp_path: Path, profiles: tuple[str, ...], services: set[str]) -> None:
    assert set(configuration(tmp_path, *profiles)["services"]) == services


def test_without_secrets_nothing_is_even_read(tmp_path: Path) -> None:
    refused = parsed(tmp_path)
    assert refused.returncode != 0
    assert "run make secrets first" in refused.stderr


def test_another_parser_reads_it_the_same(tmp_path: Path, everything: Document) -> None:
    program = shutil.which("docker-compose")
    if program is None:  # one is enough; where a second one is at hand, it is asked too
        return
    command = [
        program,
        "-f",
        str(REPOSITORY / "docker-compose.yml"),
        "--profile",
        "bi",
        "--profile",
        "celery",
        "config",
    ]
    done = subprocess.run(
        command,
        env={"PATH": "/usr/bin:/bin", "FRUITION_SECRETS": "./secrets"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(everything["services"])


def test_every_service_is_hardened(everything: Document) -> None:
    for name, service in everything["services"].items():
        user, _, group = service["user"].partition(":")
        assert int(user) > 0 and int(group) > 0, name
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True and service["init"] is True, name
        assert "privileged" not in service and "network_mode" not in service and "pid" not in service, name
        assert service["mem_limit"] and service["cpus"] and service["pids_limit"], name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert "docker.sock" not in json.dumps(service), name


def test_every_service_says_when_it_is_well_and_starts_again(everything: Document) -> None:
    for name, service in everything["services"].items():
        assert ("healthcheck" in service) == (name not in ONE_SHOT), name
        assert service["restart"] == ("on-failure:3" if name in ONE_SHOT else "unless-stopped"), name
        for needed, how in service.get("depends_on", {}).items():
            done = how["condition"] == "service_completed_successfully"
            assert done == (needed in ONE_SHOT) and (done or how["condition"] == "service_healthy"), name


def test_ports_are_bound_to_loopback(everything: Document) -> None:
    ports = [port for service in everything["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)


def test_images_are_pinned_to_a_full_version(everything: Document) -> None:
    for name, service in everything["services"].items():
        assert re.search(r":\d+\.\d+(\.\d+)?(-\w+)?$", service["image"]), name
    for file in ("Dockerfile", "docker/superset/Dockerfile"):
        text = (REPOSITORY / file).read_text()
        bases = re.findall(r"^(?:ARG PYTHON=|FROM )([^$\s]+:\S+)", text, re.MULTILINE)
        assert bases and all(re.search(r":\d+\.\d+\.\d+", base) for base in bases)


def test_what_is_written_goes_to_volumes_that_are_named_and_nothing_else_of_the_host(everything: Document) -> None:
    for name, service in everything["services"].items():
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":") if isinstance(volume, str) else told(volume)
            assert source in everything["volumes"] or mode == ["ro"], (name, target)
    assert "published:/published:ro" in map(spelt, everything["services"]["superset"]["volumes"])


def told(volume: dict[str, Any]) -> list[str]:
    return [volume["source"], volume["target"], *(["ro"] if volume.get("read_only") else [])]


def spelt(volume: Any) -> str:
    return volume if isinstance(volume, str) else ":".join(told(volume))


def test_no_secret_stands_in_the_environment_or_a_command(everything: Document) -> None:
    for name, service in everything["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY|CONN|BROKER|BACKEND|REDIS_URL", variable) and value:
                assert "/run/secrets/" in value or value == "/home/fruition/passwords.json", (name, variable)
        assert not re.search(r"://[^/\s]*:[^/\s]*@", json.dumps(service)), name


def test_each_secret_is_held_by_those_alone_who_need_it(everything: Document) -> None:
    holders = {name: set() for name in everything["secrets"]}  # type: dict[str, set[str]]
    for name, service in everything["services"].items():
        mentioned = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
        for secret in service.get("secrets", []):
            holders[secret].add(name)
        assert mentioned <= set(service.get("secrets", [])), name
    assert all(holders.values())
    components = {"init", "api-server", "scheduler", "dag-processor", "triggerer"}
    assert holders["airflow_database_url"] == holders["airflow_fernet_key"] == components
    assert holders["airflow_jwt_secret"] == {"api-server", "scheduler"}
    for outside in ("worker", "listener", "superset", "messages", "broker", "serving"):
        assert not OF_METADATA & set(everything["services"][outside]["secrets"]), outside
    assert holders["serving_postgres_password"] == {"serving"}


def test_the_listener_and_the_messages_are_not_in_the_metadata_s_network(everything: Document) -> None:
    services = everything["services"]
    assert set(services["listener"]["networks"]) == set(services["messages"]["networks"]) == {"messages"}
    assert "core" not in services["superset"]["networks"]
    assert set(services["broker"]["networks"]) == {"celery"}


def test_secrets_are_made_once_for_their_owner_and_never_printed(tmp_path: Path, everything: Document) -> None:
    command = [sys.executable, "-m", "scripts.make_secrets", "--into", str(tmp_path)]
    first = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    folder = tmp_path / "secrets"
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(made) == set(everything["secrets"])
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes.pop("notify_urls") == 0o644  # whoever runs this fills it in
    assert set(modes.values()) == {0o444}
    second = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    values = [value for name, value in made.items() if value]
    assert len(values) == len(set(values)) == len(made) - 1
    assert not any(value in first.stdout + first.stderr + second.stdout + second.stderr for value in values)
    assert all(len(made[name]) >= 32 for name in made if name.endswith(("_password", "_key", "_secret")))
    assert (tmp_path / ".env").read_text() == "FRUITION_SECRETS=./secrets\n"


def test_a_strict_umask_keeps_no_secret_from_the_containers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.make_secrets", "--into", str(tmp_path)]
    subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, umask=0o077)
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in (tmp_path / "secrets").iterdir())
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_only_the_redis_that_takes_deliveries_takes_large_messages(everything: Document) -> None:
    messages, broker = (everything["services"][name]["command"] for name in ("messages", "broker"))
    assert messages[:3] == broker
    assert messages[3:] == ["redis-server", "--proto-max-bulk-len", "80mb"]
    assert broker[2].endswith('noeviction "$$@"') or broker[2].endswith('noeviction "$@"')


def test_a_secret_of_one_s_own_stays_and_the_rest_is_made_to_fit(tmp_path: Path) -> None:
    (tmp_path / "messages_password").write_text("mine")
    make_secrets(tmp_path)
    assert (tmp_path / "messages_url").read_text() == "redis://:mine@messages:6379/0"
    (tmp_path / ".env").write_text("FRUITION_PORT=9090")
    name_folder(tmp_path / ".env")
    assert (tmp_path / ".env").read_text() == "FRUITION_PORT=9090\nFRUITION_SECRETS=./secrets\n"


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o755)
    command = [sys.executable, "-m", "scripts.make_secrets", "--into", str(tmp_path)]
    refused = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "chmod 700" in refused.stderr
    assert not list((tmp_path / "secrets").iterdir())


def test_neither_data_nor_secrets_get_into_the_image_or_the_repository() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert ignored[1] == "*" and not allowed & {"secrets", ".env", "data", ".git"}
    assert {"secrets/", ".env", "data/"} <= set((REPOSITORY / ".gitignore").read_text().splitlines())


def test_the_image_runs_without_root_and_has_everything_that_runs() -> None:
    text = (REPOSITORY / "Dockerfile").read_text()
    final = text.rpartition("FROM ")[2]
    assert re.findall(r"^USER (.+)$", final, re.MULTILINE) == ["50000:50000"]
    assert "pip install" not in final and "apt-get" not in text
    assert "--no-deps --require-hashes" in text
    assert "PYTHONDONTWRITEBYTECODE=1" in final
    allowed = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert "python -m scripts.compile_plan" in text and "RUN" not in final.partition("COPY")[2]
    assert all((REPOSITORY / name).exists() for name in allowed)
    assert {"dags", "expectations", "feeds", "pipelines", "scripts", "warehouse", "docker/healthy.py"} <= allowed

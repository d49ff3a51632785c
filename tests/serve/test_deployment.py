"""The recipes of serve/README.md, run as they stand there: behind nginx, within what systemd allows, without Docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from n4akit import load
from n4akit.serve.setting import settings_of
from n4akit.serve.settings import Settings, from_environment
from n4akit.serve.tokens import add
from numpy.typing import NDArray

from .recipes import DOCKERFILE, KSERVE, NGINX, UNIT, commands, free_port, instructions, needed, unit, words
from .server import N4A, Reply, ask, clean, predict_path, question

Matrix = NDArray[np.float64]

ROOT = Path(__file__).parents[2]
KNOWN = {one.variable for one in settings_of(Settings)}
KILLED = 5
"""Seconds beyond those of draining after which a parent kills its workers."""


def eventually(what: Any, seconds: float = 60.0) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def answers(port: int, path: str) -> int:
    """The status with which the path is answered; 0 when nobody listens."""
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            return ask(connection, "GET", path).status
    except OSError:
        return 0


def time_to_stop(environment: Mapping[str, str]) -> float:
    settings = from_environment(environment)
    return settings.drain_delay + settings.drain_timeout + KILLED


# A container

ENV = dict(pair.split("=", 1) for name, said in instructions() if name == "ENV" for pair in words(said))
SAID = dict(instructions())
"""What is said last of each kind, which is what the image does."""


def test_the_image_has_no_privilege_and_no_secret() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", SAID["USER"]), (
        "Kubernetes takes numbers alone for somebody else than root"
    )
    assert {*ENV} <= KNOWN and from_environment(ENV).tokens
    assert SAID["STOPSIGNAL"] == "SIGTERM" and SAID["EXPOSE"] == ENV["N4A_PORT"]
    assert not re.search(r"https?://|--index|--trusted", DOCKERFILE), "where packages come from is the builder's"
    (run,) = [line for line in commands("A container") if "--read-only" in line]
    assert int(words(run)[words(run).index("--stop-timeout") + 1]) >= time_to_stop(ENV)
    mounted = [one.split(":")[1:] for one in words(run) if one.startswith("/srv/")]
    assert mounted == [[ENV["N4A_PATHS"], "ro"], [str(Path(ENV["N4A_TOKENS"]).parent), "ro"]]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile makes, as far as it goes without Docker: its RUNs are run, with a pip that takes nothing from
    a network and leaves the libraries that are here where they are.
    """
    image = tmp_path_factory.mktemp("image")
    aside = shutil.ignore_patterns(".git", ".*_cache", "__pycache__", "build", "dist", "*.egg-info", "benchmarks")
    shutil.copytree(ROOT, image / "src", symlinks=True, ignore=aside)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(image / "venv")], check=True)
    python = image / "venv" / "bin" / "python"
    (image / "bin").mkdir()
    pip = image / "bin" / "pip"
    pip.write_text(
        f"""#!/bin/sh
case $1 in wheel) exec {sys.executable} -m pip "$@" --no-index --no-deps --no-build-isolation ;; esac
exec {sys.executable} -m pip --python {python} "$@" --no-deps
""",
        "utf-8",
    )
    pip.chmod(0o755)
    assert "COPY . /src" in DOCKERFILE
    path = os.pathsep.join([str(image / "bin"), str(image / "venv" / "bin"), os.environ["PATH"]])
    for name, line in instructions():
        if name == "RUN":
            command = (
                re.sub(r"--mount=\S+", "", line).replace("/wheels", f"{image}/wheels").replace("/src", f"{image}/src")
            )
            done = subprocess.run(["sh", "-c", command], env=bare(PATH=path), cwd="/", capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
    (site,) = (image / "venv" / "lib").glob("*/site-packages")
    (site / "libraries.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")), "utf-8")
    return image


def bare(**more: str) -> dict[str, str]:
    """An environment in which this checkout is not found."""
    return {name: value for name, value in clean(more).items() if name != "PYTHONPATH"}


def contained(image: Path, models: Path, tokens: Path, said: Mapping[str, str]) -> dict[str, str]:
    """An environment that says the same here: the folders that are mounted there, and a free port of this machine."""
    assert said["N4A_HOST"] == "0.0.0.0"
    here = {"N4A_HOST": "127.0.0.1", "N4A_PORT": str(free_port()), "N4A_PATHS": str(models), "N4A_TOKENS": str(tokens)}
    return bare(**{**said, **here}, PATH=os.pathsep.join([str(image / "venv" / "bin"), os.environ["PATH"]]))


def test_the_image_answers_and_its_health_is_told(image: Path, models: Path, tmp_path: Path, spectra: Matrix) -> None:
    environment = contained(image, models, tmp_path / "tokens.json", ENV)
    health = json.loads(SAID["HEALTHCHECK"].partition(" CMD ")[2])
    entry = json.loads(SAID["ENTRYPOINT"])

    def healthy() -> int:
        return subprocess.run(health, env=environment, cwd="/", capture_output=True).returncode

    (line,) = [line for line in commands("A container") if "token add" in line]
    add_token = words(line.partition(" n4akit ")[2])
    add_token[-1] = str(tmp_path / "tokens.json")
    token = subprocess.run(
        [*entry, *add_token], env=environment, cwd="/", stdout=subprocess.PIPE, text=True, check=True
    )
    assert healthy() == 1, "nobody listens"
    command = [*entry, *json.loads(SAID["CMD"])]
    with subprocess.Popen(command, env=environment, cwd="/", stdout=subprocess.PIPE, text=True) as process:
        try:
            assert eventually(lambda: answers(int(environment["N4A_PORT"]), "/ready") == 200)
            assert healthy() == 0
            with closing(HTTPConnection("127.0.0.1", int(environment["N4A_PORT"]), timeout=20)) as connection:
                shown = {"Authorization": f"Bearer {token.stdout.strip()}"}
                reply = ask(connection, "POST", predict_path("fat"), question(spectra), **shown)
            assert reply.json["values"] == load(models / "fat.n4a").predict(spectra).tolist()
            process.send_signal(getattr(signal, SAID["STOPSIGNAL"]))
            log, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert [json.loads(line)["client"] for line in log.splitlines()][-1] == "press 3"


# systemd


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The unit in a file, with a program that is there."""
    path = tmp_path / "n4a@.service"
    path.write_text(UNIT.replace("/opt/n4a/bin/n4a", sys.executable), "utf-8")
    return path


def test_systemd_finds_nothing_wrong_with_the_unit(written: Path) -> None:
    analyze = needed("systemd-analyze", "systemd")
    done = subprocess.run([analyze, "verify", str(written)], capture_output=True, text=True)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "n4a@" in line]  # not of the machine's own
    assert (done.returncode, said) == (0, [])


def test_systemd_holds_the_unit_for_safe(written: Path) -> None:
    """Of 10, a service without any of this has 9.6."""
    analyze = needed("systemd-analyze", "systemd")
    check = [analyze, "security", "--offline=true", "--threshold=10", "--no-pager", str(written)]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_unit_gives_the_server_time_to_stop_and_its_parent_the_signal() -> None:
    said = unit(1)
    assert float(said["TimeoutStopSec"][0]) >= time_to_stop(environment_of(said))
    assert said["KillMode"] == ["mixed"] and said["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def environment_of(said: dict[str, list[str]]) -> dict[str, str]:
    found = dict(pair.split("=", 1) for line in said["Environment"] for pair in words(line))
    assert {*found} <= KNOWN
    return found


@dataclass(frozen=True)
class Site:
    """A folder in the place of the machine's root: /run, /etc and /var/lib are there."""

    folder: Path
    token: str

    def here(self, text: str) -> str:
        """What a recipe says, with its folders here, and the specifiers of systemd resolved."""
        text = text.replace("%t", "/run").replace("%d", "/etc/n4a/credentials")
        return re.sub(r"(?<![\w/.])/(run|etc|var/lib)/", rf"{self.folder}/\1/", text)

    def socket(self, number: int) -> Path:
        return Path(self.here(environment_of(unit(number))["N4A_UNIX"]))


@pytest.fixture(scope="module")
def site(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("site"), "")
    for line in commands("systemd"):
        if line.startswith("install -d"):
            subprocess.run(words(site.here(line)), check=True)
    for model in models.iterdir():
        shutil.copy(model, site.folder / "var/lib/n4a/models")
    (line,) = [line for line in commands("systemd") if "token add" in line]
    _, *arguments = words(site.here(line))
    token = subprocess.run(
        [*N4A, *arguments], env=clean(), stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    (credential,) = unit(1)["LoadCredential"]
    name, _, source = site.here(credential).partition(":")
    (site.folder / "etc/n4a/credentials").mkdir()
    shutil.copy(source, site.folder / "etc/n4a/credentials" / name)
    return Site(site.folder, token)


@pytest.fixture
def idle(site: Site, tmp_path: Path) -> Site:
    """The same where nothing runs yet."""
    for name in ("etc/n4a", "var/lib/n4a"):
        shutil.copytree(site.folder / name, tmp_path / name)
    return Site(tmp_path, site.token)


class Instance:
    """An instance of the unit, begun and stopped as systemd does; `by` a program that runs it."""

    def __init__(self, site: Site, number: int, *, by: tuple[str, ...] = (), **settings: str) -> None:
        self._unit = unit(number)
        self._environment = clean({name: site.here(one) for name, one in environment_of(self._unit).items()} | settings)
        self._runtime = site.folder / "run" / self._unit["RuntimeDirectory"][0]
        self._journal = site.folder / f"{number}.log"
        program, *arguments = words(self._unit["ExecStart"][0])
        assert program == "/opt/n4a/bin/n4a"
        self._command = [*by, *N4A, *arguments]

    def start(self) -> None:
        self._runtime.mkdir(parents=True, mode=int(self._unit["RuntimeDirectoryMode"][0], 8))
        with self._journal.open("ab") as journal:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=journal)
        assert started(self._unit, self.process.pid, self._environment) == 0

    def stop(self) -> None:
        self.process.terminate()
        try:
            assert self.process.wait(60) == 0
        finally:
            self.process.kill()
            shutil.rmtree(self._runtime)

    def __enter__(self) -> Instance:
        try:
            self.start()
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def started(said: dict[str, list[str]], process: int, environment: dict[str, str]) -> int:
    """What the unit says after the start of a process: 0 when it listens."""
    command = words(said["ExecStartPost"][0])
    return subprocess.run(command, env=environment | {"MAINPID": str(process)}, timeout=60).returncode


def test_an_instance_that_ends_before_it_listens_has_failed(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert started(unit(1), gone.pid, clean({"N4A_UNIX": str(tmp_path / "http.sock")})) == 1


CONFINE = """
import ctypes, json, os, sys
allowed, command = json.loads(sys.argv[1]), sys.argv[2:]
libc, seccomp = ctypes.CDLL(None), ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
libc.prctl(65, 1, 0, 0, 0)  # no memory is both written and executed; before Linux 6.3 this says nothing
rules = ctypes.c_void_p(seccomp.seccomp_init(0x00050000 | 1))  # all else is EPERM
for name in allowed:
    seccomp.seccomp_rule_add(rules, 0x7FFF0000, seccomp.seccomp_syscall_resolve_name(name.encode()), 0)
assert seccomp.seccomp_load(rules) == 0
os.execv(command[0], command)
"""
"""Runs a program to which each system call that is not allowed fails as it does under the unit."""


def system_calls(analyze: str, *names: str) -> set[str]:
    """The system calls of sets that systemd has a name for."""
    found: set[str] = set()
    for name in names:
        told = subprocess.run([analyze, "syscall-filter", name], capture_output=True, text=True, check=True).stdout
        members = [line.strip() for line in told.splitlines()[1:] if not line.strip().startswith("#")]
        found |= {one for one in members if one and one[0] != "@"}
        found |= system_calls(analyze, *(one for one in members if one.startswith("@")))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux confines like this")
def test_what_the_unit_forbids_is_not_needed(idle: Site, spectra: Matrix) -> None:
    """The system calls, and memory that is written and executed. Under workers too, and in threads."""
    analyze = needed("systemd-analyze", "systemd")
    allow, forbid = unit(1)["SystemCallFilter"]
    allowed = system_calls(analyze, "@default", *allow.split()) - system_calls(
        analyze, *forbid.removeprefix("~").split()
    )
    assert len(allowed) > 200 and not {"mount", "setuid", "sched_setaffinity"} & allowed
    assert unit(1)["SystemCallErrorNumber"] == ["EPERM"] and unit(1)["MemoryDenyWriteExecute"] == ["yes"]
    confined = (sys.executable, "-c", CONFINE, json.dumps(sorted(allowed)))
    many = np.tile(spectra, (1000, 1))
    with Instance(idle, 1, by=confined, N4A_WORKERS="2") as instance:
        assert "Seccomp:\t2" in Path(f"/proc/{instance.process.pid}/status").read_text()
        with closing(UnixConnection(idle.socket(1))) as connection:
            reply = ask(connection, "POST", predict_path("fat"), question(many), **shown(idle))
    assert reply.json["values"] == load(idle.folder / "var/lib/n4a/models/fat.n4a").predict(many).tolist()


class UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


def shown(site: Site) -> dict[str, str]:
    return {"Authorization": f"Bearer {site.token}"}


# nginx

FRAME = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; {user}
error_log {folder}/error.log warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/1; uwsgi_temp_path {folder}/2; scgi_temp_path {folder}/3;
    include {folder}/n4a.conf;
}}
"""
"""What nginx's own configuration says around ours: here that it leaves the machine alone."""


class Proxied:
    """The server behind nginx, as its clients see it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, name: str, certificate: Path) -> None:
        self.process = process
        self._port = port
        self._name = name
        self._context = ssl.create_default_context(cafile=str(certificate))

    def connect(self) -> HTTPSConnection:
        client = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        connection = HTTPSConnection(self._name)
        connection.sock = self._context.wrap_socket(client, server_hostname=self._name)
        return connection

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        with closing(self.connect()) as connection:
            return ask(connection, method, path, body, **headers)

    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port)).close()
        except OSError:
            return False
        return True


@contextmanager
def proxied(site: Site) -> Iterator[Proxied]:
    """nginx with our configuration, on a free port and with a certificate of its own."""
    nginx = needed("nginx", "nginx-light")
    folder, port = site.folder / "etc" / "nginx", free_port()
    folder.mkdir(exist_ok=True)
    (name,) = re.findall(r"server_name (\S+);", NGINX)
    configuration, changed = re.subn(r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;", site.here(NGINX))
    assert changed == 1
    certificate, key = (
        Path(re.findall(rf"{what} (\S+);", configuration)[0]) for what in ("certificate", "certificate_key")
    )
    request = [needed("openssl", "openssl"), "req", "-x509", "-nodes", "-days", "2"]
    request += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    named = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*request, *files, *named], check=True, capture_output=True)
    (folder / "n4a.conf").write_text(configuration, "utf-8")
    # As root nginx becomes somebody else, who may not enter the folders of these tests.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder, user=user), "utf-8")
    command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert tried.returncode == 0, tried.stderr
    with subprocess.Popen(command) as process:
        try:
            proxy = Proxied(process, port, name, certificate)
            assert eventually(proxy.listens)
            yield proxy
            process.send_signal(signal.SIGQUIT)
            assert process.wait(60) == 0
        finally:
            if process.poll() is None:
                process.terminate()  # its workers with it


@pytest.fixture(scope="module")
def instances(site: Site) -> Iterator[tuple[Instance, Instance]]:
    needed("nginx", "nginx-light")
    with Instance(site, 1) as first, Instance(site, 2) as second:
        yield first, second


@pytest.fixture(scope="module")
def proxy(site: Site, instances: tuple[Instance, Instance]) -> Iterator[Proxied]:
    """Two instances behind nginx."""
    with proxied(site) as proxy:
        yield proxy


def test_nginx_knows_the_limits_of_the_server() -> None:
    settings = Settings()
    said = dict(re.findall(r"^    (\w+) ([^;]+);", NGINX, re.MULTILINE))
    assert said["client_max_body_size"] == f"{settings.max_body // 1024**2}m"
    for name in ("client_header_timeout", "client_body_timeout", "send_timeout"):
        assert float(said[name].rstrip("s")) == settings.read_timeout
    assert float(said["proxy_read_timeout"].rstrip("s")) > settings.timeout
    sockets = re.findall(r"server unix:(\S+)", NGINX)
    assert sockets == [environment_of(unit(number))["N4A_UNIX"].replace("%t", "/run") for number in (1, 2)]


def test_the_same_bits_come_through_nginx(proxy: Proxied, site: Site, models: Path, spectra: Matrix) -> None:
    """Of small requests, and of those that nginx puts into files on their way."""
    with closing(proxy.connect()) as connection:
        for rows in (spectra, np.tile(spectra, (2000, 1)), spectra):
            reply = ask(connection, "POST", predict_path("fat"), question(rows), **shown(site))
            assert reply.status == 200 and reply.headers["Strict-Transport-Security"]
            assert reply.json["values"] == load(models / "fat.n4a").predict(rows).tolist()
    assert (site.folder / "etc/nginx/error.log").read_text().count("buffered to a temporary file") >= 1


def test_the_id_of_a_request_goes_through_nginx(proxy: Proxied, site: Site) -> None:
    assert proxy.ask("GET", "/ready", X_Request_ID="lims-7").headers["X-Request-ID"] == "lims-7"
    assert re.fullmatch("[0-9a-f]{32}", proxy.ask("GET", "/ready").headers["X-Request-ID"])
    assert re.fullmatch("[0-9a-f]{32}", proxy.ask("GET", "/ready", X_Request_ID="not sane").headers["X-Request-ID"])
    journals = [site.folder / f"{number}.log" for number in (1, 2)]
    assert eventually(lambda: '"id":"lims-7"' in "".join(map(Path.read_text, journals)))


def test_refusals_of_the_server_go_through_nginx(proxy: Proxied, site: Site, spectra: Matrix) -> None:
    nobody = proxy.ask("POST", predict_path("fat"), question(spectra))
    assert nobody.status == 401 and nobody.headers["WWW-Authenticate"] and nobody.json["title"]
    wrong = proxy.ask("POST", predict_path("fat"), question([[1e200] * 12]), **shown(site))
    assert wrong.status == 422 and wrong.json["rows"][0]["row"] == 1


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(proxy: Proxied) -> None:
    with closing(proxy.connect()) as connection:
        connection.putrequest("POST", predict_path("fat"))
        connection.putheader("Content-Length", str(Settings().max_body + 1))
        connection.endheaders()
        reply = connection.getresponse()
        assert (reply.status, reply.headers.get_content_type()) == (413, "application/problem+json")
        told = json.loads(reply.read())
    assert (told["status"], told["error"]) == (413, told["title"])


def test_nothing_is_lost_when_all_are_started_again(
    proxy: Proxied, instances: tuple[Instance, Instance], site: Site, spectra: Matrix, models: Path
) -> None:
    """One instance after the other, and nginx, while clients ask."""
    expected = load(models / "fat.n4a").predict(spectra).tolist()
    found: list[bool] = []
    over = threading.Event()

    def client() -> None:
        while not over.wait(0.05):
            try:
                reply = proxy.ask("POST", predict_path("fat"), question(spectra), **shown(site))
                found.append(reply.status == 200 and reply.json["values"] == expected)
            except OSError:
                found.append(False)

    def go_on() -> bool:
        reached = len(found) + 10
        return eventually(lambda: len(found) > reached)

    clients = [threading.Thread(target=client) for _ in range(2)]
    for one in clients:
        one.start()
    try:
        assert go_on()
        for instance in instances:
            instance.stop()
            instance.start()
        assert go_on()
        proxy.process.send_signal(signal.SIGHUP)  # what `systemctl reload nginx` does
        assert go_on()
    finally:
        over.set()
        for one in clients:
            one.join()
    assert all(found)


def test_when_no_instance_answers_clients_are_asked_to_come_back(idle: Site) -> None:
    with proxied(idle) as proxy:
        reply = proxy.ask("GET", "/ready")
    assert (reply.status, reply.type, reply.headers["Retry-After"]) == (503, "application/problem+json", "1")
    assert (reply.json["status"], reply.json["error"]) == (503, reply.json["title"])


def test_what_the_server_refuses_for_now_comes_through(idle: Site, spectra: Matrix) -> None:
    with proxied(idle) as proxy, Instance(idle, 1, N4A_RATE="0.1", N4A_BURST="1"):
        asked = [proxy.ask("POST", predict_path("fat"), question(spectra), **shown(idle)) for _ in range(2)]
    assert [reply.status for reply in asked] == [200, 429] and int(asked[1].headers["Retry-After"]) > 1


# KServe


@pytest.fixture(scope="module")
def predictor() -> dict[str, Any]:
    service = yaml.safe_load(KSERVE)
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    return dict(service["spec"]["predictor"])


def test_kserve_is_told_what_the_server_does(predictor: dict[str, Any]) -> None:
    (container,) = predictor["containers"]
    said = {one["name"]: one["value"] for one in container["env"]}
    assert said.pop("PROTOCOL") == "v2" and said.pop("STORAGE_URI") and {*said} <= KNOWN
    assert said["N4A_PATHS"] == "/mnt/models", "where KServe puts what STORAGE_URI names"
    ports = {container["ports"][0]["containerPort"]}
    ports |= {container[kind]["httpGet"]["port"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert ports == {int(said["N4A_PORT"])}
    assert predictor["terminationGracePeriodSeconds"] >= time_to_stop(ENV | said)
    (mount,) = container["volumeMounts"]
    assert [one["name"] for one in predictor["volumes"]] == [mount["name"]]
    assert Path(said["N4A_TOKENS"]).parent == Path(mount["mountPath"])
    assert any(f"--from-file {Path(said['N4A_TOKENS']).name}" in line for line in commands("KServe"))


def test_a_client_of_kserve_is_answered(
    predictor: dict[str, Any], image: Path, models: Path, tmp_path: Path, spectra: Matrix
) -> None:
    triton = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
    (container,) = predictor["containers"]
    token = add(tmp_path / "tokens.json", "line 4", ["*"], ["predict", "read"])
    said = ENV | {one["name"]: one["value"] for one in container["env"]} | {"N4A_DRAIN_DELAY": "0"}
    environment = contained(image, models, tmp_path / "tokens.json", said)
    port = int(environment["N4A_PORT"])
    command = [*json.loads(SAID["ENTRYPOINT"]), *container["args"]]
    with subprocess.Popen(command, env=environment, cwd="/", stdout=subprocess.DEVNULL) as process:
        try:
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                path = container[kind]["httpGet"]["path"]
                assert eventually(lambda path=path: answers(port, path) == 200), kind
            client = triton.InferenceServerClient(f"127.0.0.1:{port}")
            rows = triton.InferInput("spectra", list(spectra.shape), "FP64")
            rows.set_data_from_numpy(spectra)
            found = client.infer("fat", [rows], headers={"Authorization": f"Bearer {token}"}).as_numpy("value")
            client.close()
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert found.tobytes() == load(models / "fat.n4a").predict(spectra).tobytes()

"""Where a server listens: an address or a unix socket, and who can reach it."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from functools import lru_cache
from pathlib import Path

from .errors import Misuse, ServeError
from .settings import Settings

__all__ = ["check_reach", "is_local", "listen", "listen_unix", "trusts_the_machine", "url"]


def check_reach(settings: Settings) -> None:
    """Raises Misuse when others could ask without a token and nobody said that they may."""
    if settings.unix or settings.tokens or settings.anonymous or _is_loopback(settings.host):
        return
    raise Misuse(
        f"host: {settings.host} can be reached by others, expected a file of tokens with it: `n4a token add` "
        "makes one, --tokens names it; --anonymous lets everybody ask"
    )


def trusts_the_machine(settings: Settings) -> bool:
    """Whether all may ask because only this machine can. Then its browsers must not ask for pages of other sites, which
    may let a name of theirs lead to the loopback (DNS rebinding); over TLS they see that the name is not the server's.
    """
    return not (settings.unix or settings.tokens or settings.anonymous or settings.tls_cert)


@lru_cache(256)
def is_local(host: bytes) -> bool:
    """Whether a Host header is an address or localhost, which no other site can call itself."""
    text = host.decode("latin-1").lower()
    name = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0].rstrip(".")
    return not name or name == "localhost" or name.endswith(".localhost") or _is_address(name)


def listen(host: str, port: int, scheme: str = "http") -> socket.socket:
    """A socket that listens there; ServeError, saying why, when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise ServeError(f"cannot listen on {url(host, port, scheme)}: {reason}") from error
    # Connections inherit this. asyncio would not set it for a socket made here, and each answer would wait 40 ms for an
    # acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def listen_unix(path: Path) -> socket.socket:
    """A unix socket, for its owner and group; one that a server left behind is replaced. ServeError when it fails."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_behind(path):
            path.unlink()
        mask = os.umask(0o117)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ServeError(f"cannot listen on unix:{path}: {error.strerror or error}") from error
    return listener


def url(host: str, port: int, scheme: str = "http") -> str:
    """Where a server listens, as a browser takes it."""
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def _is_left_behind(path: Path) -> bool:
    """Whether a socket is there that nobody listens on."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return False
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

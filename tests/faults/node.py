"""An API process of a run: on a port of its own that it keeps, with the keys that all nodes share."""

import contextlib
import secrets
import socket

import musubi

MASTER_KEY = "MUSUBI_MASTER_KEY"


# Below the ports that the system gives to clients: one of those, knocking while the process is away, could get its very port.
PORTS = range(12_000, 32_000)


def free_port():
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Node(musubi.Api):
    def __init__(self, database_url, master_key, *arguments, **environment):
        listen = f"127.0.0.1:{free_port()}"
        super().__init__(database_url, *arguments, listen=listen, **{MASTER_KEY: master_key} | environment)


def new_master_key():
    return secrets.token_hex(32)

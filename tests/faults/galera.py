"""A MariaDB Galera cluster on one machine: every node takes writes, and any one may be killed and join again."""

import pathlib
import time

import servers
from node import free_port

SYNC_SECONDS = 120  # A node that joins may be sent the whole database.


class Node(servers.MariaDb):
    """One node. `cluster` is asked for the addresses of the others at every start."""

    name = "galera"

    def __init__(self, cluster, number, **settings):
        super().__init__(**settings)
        self.cluster = cluster
        self.number = number

    def take_ports(self):
        super().take_ports()
        self.group, self.state, self.increment = (free_port() for _ in range(3))

    def command(self):
        group = f"127.0.0.1:{self.group}"
        provider = f"base_port={self.group};gmcast.listen_addr=tcp://{group};ist.recv_addr=127.0.0.1:{self.increment}"
        flags = ["--binlog-format=ROW", "--default-storage-engine=InnoDB", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON"]
        flags += [f"--wsrep-provider={_provider()}", f"--wsrep-provider-options={provider}"]
        flags += ["--wsrep-cluster-name=musubi", f"--wsrep-cluster-address=gcomm://{self.cluster.addresses(self)}"]
        flags += [f"--wsrep-node-name=node{self.number}", f"--wsrep-node-address={group}"]
        flags += ["--wsrep-sst-method=rsync", f"--wsrep-sst-receive-address=127.0.0.1:{self.state}"]
        return super().command() + flags

    def ready(self):
        return self.status("wsrep_local_state_comment") == "Synced" and self.status("wsrep_ready") == "ON"

    def status(self, name):
        """A status variable; None while the node does not answer."""
        try:
            line = self.sql(f"SHOW STATUS LIKE '{name}'")
        except RuntimeError:
            return None
        return line.rstrip("\n").partition("\t")[2] or None


class Galera:
    """`size` nodes, started one after the other. `with` stops them all."""

    name = "galera"

    def __init__(self, size=3, **settings):
        self.nodes = [Node(self, number, **settings) for number in range(1, size + 1)]

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            self.wait_complete()
            return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def addresses(self, joining):
        """Where `joining` finds the others that run; nothing: it begins a cluster of its own."""
        return ",".join(f"127.0.0.1:{node.group}" for node in self.nodes if node is not joining and node.running())

    def wait_complete(self):
        """Waits until every node sees all the others."""
        deadline = time.monotonic() + SYNC_SECONDS
        while not all(node.status("wsrep_cluster_size") == str(len(self.nodes)) and node.ready() for node in self.nodes):
            if time.monotonic() > deadline:
                raise RuntimeError("\n".join(node.tail() for node in self.nodes))
            time.sleep(0.1)

    def create(self, database):
        """A new database; its address on each node."""
        self.nodes[0].create(database)
        return [node.url(database) for node in self.nodes]

    def close(self):
        for node in self.nodes:
            node.close()


def _provider():
    """Debian puts the library where its architecture's libraries are."""
    for folder in ("/usr/lib", "/usr/lib64"):
        for path in sorted(pathlib.Path(folder).rglob("libgalera_smm.so")):
            return path
    raise RuntimeError("Galera is not installed (Debian: apt-get install galera-4 rsync)")

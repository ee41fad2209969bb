"""What a run stands on: its database, on a server of its own where faults need one, and how each node reaches it.

A fault says in `needs` what it wants of the ground: `server`, a database server that may be killed; `cluster`, a Galera
cluster with one node of the API on each of its nodes. Before the nodes start, each fault's `prepare(ground)` may change

    engine         where the auditor reads the final database
    urls           the database's address as each node is told it
    environment    variables for every node
    stack          an ExitStack, for what must be gone when the run is over
"""

import contextlib

import musubi

import galera
import servers

DATABASE = "shops"


class Ground:
    def __init__(self, engine, nodes, faults, seed, stack):
        self.seed = seed
        self.stack = stack
        self.environment = {}
        self.server = self.cluster = None
        wants = {want for fault in faults for want in ("server", "cluster") if fault.needs.get(want)}
        if "cluster" in wants:
            self.cluster = stack.enter_context(galera.Galera(nodes))
            self.urls = self.cluster.create(DATABASE)
        elif "server" in wants and engine != "sqlite":
            self.server = stack.enter_context(servers.Postgres() if engine == "postgres" else servers.MariaDb())
            self.urls = [self.server.create(DATABASE)] * nodes
        else:
            self.urls = [stack.enter_context(musubi.fresh_database(engine))] * nodes
        self.engine = musubi.Engine(engine, self.urls[0])
        for fault in faults:
            fault.prepare(self)

    def every_engine(self):
        """The database as each node of the cluster has it, all of them caught up; without a cluster, the one that there is."""
        if self.cluster is None:
            return [self.engine]
        self.cluster.wait_complete()
        return [musubi.Engine(self.engine.name, node.url(DATABASE)) for node in self.cluster.nodes]


@contextlib.contextmanager
def of(engine, nodes, faults, seed):
    with contextlib.ExitStack() as stack:
        yield Ground(engine, nodes, faults, seed, stack)

"""One node of a Galera cluster is killed, stays away for a while, and joins again; the API beside it stays up."""

import time

from injectors.fault import Fault


class Injector(Fault):
    name = "kill-node"
    needs = {"engines": ("mariadb",), "nodes": 3, "cluster": True}

    def prepare(self, ground):
        self.cluster = ground.cluster

    def step(self, rng):
        number = rng.randrange(len(self.cluster.nodes))
        node = self.cluster.nodes[number]
        node.kill()
        self.note(f"node {number} of the cluster was killed")
        time.sleep(rng.uniform(1, 10))
        begin = time.monotonic()
        node.restart()
        self.cluster.wait_complete()
        return f"node {number} of the cluster joined again within {time.monotonic() - begin:.1f} s"

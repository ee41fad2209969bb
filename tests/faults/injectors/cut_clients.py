"""The network between the clients and the nodes: as `cut`, on the other side."""

import time

import proxy
from injectors.cut import mischief
from injectors.fault import Fault


class Behind:
    """A node as clients reach it, through a proxy."""

    def __init__(self, node, seed):
        self.node = node
        self.between = proxy.Proxy(node.port, seed)
        self.host, self.port = "127.0.0.1", self.between.port

    def __getattr__(self, name):
        return getattr(self.node, name)


class Injector(Fault):
    name = "cut-clients"

    def start(self, world):
        super().start(world)
        self.hidden = [Behind(node, number) for number, node in enumerate(world.nodes)]
        world.nodes[:] = self.hidden

    def step(self, rng):
        number = rng.randrange(len(self.hidden))
        command, seconds = mischief(rng)
        self.hidden[number].between.say(command)
        time.sleep(seconds)
        self.hidden[number].between.say("pass")
        if command == "hole":
            # Clients are not so patient as to wait for an answer that was lost until their own limit.
            self.hidden[number].between.say("reset")
            self.hidden[number].between.say("pass")
        return f"clients of node {number}: {command}, {seconds:.1f} s"

    def stop(self):
        self.world.nodes[:] = [behind.node for behind in self.hidden]
        for behind in self.hidden:
            behind.between.close()

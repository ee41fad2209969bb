"""kill -9 of one API process, which is started again on its port at once."""


from injectors.fault import Fault


class Injector(Fault):
    name = "kill-api"

    def step(self, rng):
        number = rng.randrange(len(self.world.nodes))
        node = self.world.nodes[number]
        node.kill()
        self.world.journal.note(f"killed node {number}")
        node.start()
        return f"killed node {number}, ready again after {node.seconds_to_ready:.1f} s"

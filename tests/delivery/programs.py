"""The programs of a run: the API, and those processes that tell people."""

import musubi
import node

WEBHOOK_SECONDS = 3
SENDER = "Musubi <no-reply@example.jp>"


def settings(around):
    """Where everybody is who is told, as arguments and as variables."""
    ways = ["--line-url", f"http://127.0.0.1:{around.ports['line']}", "--mail-from", SENDER]
    ways += ["--webhook-networks", "127.0.0.0/8", "--webhook-seconds", str(WEBHOOK_SECONDS)]
    return ways, {node.MASTER_KEY: node.new_master_key(), "MUSUBI_SMTP_URL": f"smtp://127.0.0.1:{around.ports['email']}"}


def start(engine, around, stack, count, arguments=(), **variables):
    """The API, and so many workers; on SQLite the API with the worker in it. `arguments` are for whoever tells people."""
    ways, given = settings(around)
    variables = given | variables
    role = ["--public-url", "http://127.0.0.1", "--public-rate", "0"]
    # On a port that it keeps: it may be killed, and clients come back.
    where = f"127.0.0.1:{node.free_port()}"
    if engine.name == "sqlite":
        api = stack.enter_context(musubi.Api(engine.url, *ways, *role, *arguments, listen=where, **variables))
        return api, [api]
    api = stack.enter_context(musubi.Api(engine.url, *ways, *role, "--worker", "off", listen=where, **variables))
    return api, [stack.enter_context(musubi.Worker(engine.url, *ways, *arguments, **variables)) for _ in range(count)]

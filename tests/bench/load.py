"""Load on the program by wrk, as figures."""

import json
import pathlib
import statistics
import subprocess
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent / "wrk"


class Load:
    """What one run of wrk saw. Times are milliseconds."""

    def __init__(self, rate, p50, p99, requests, failures):
        self.rate, self.p50, self.p99, self.requests, self.failures = rate, p50, p99, requests, failures

    def __str__(self):
        failed = f", {self.failures} FAILED" if self.failures else ""
        return f"{self.rate:.0f}/s, p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms{failed}"


def command(api, script, settings, connections, seconds, threads=1):
    """wrk on the program with a Lua script of ours, which is given `settings` as a Lua table."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as file:
        file.write("return " + lua(settings))
    address = f"http://{api.host}:{api.port}"
    options = [f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    return ["wrk", *options, "-s", str(FOLDER / script), address, "--", file.name]


def run(api, script, settings, connections, seconds, threads=1):
    """One run; its figures."""
    done = subprocess.run(command(api, script, settings, connections, seconds, threads), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"wrk {script}: {done.stdout}{done.stderr}")
    return parsed(done.stdout)


def parsed(output):
    """The figures of what wrk printed with a script of ours."""
    said = json.loads(output.splitlines()[-1])
    return Load(said["requests"] / said["seconds"], said["p50"], said["p99"], said["requests"], said["failures"])


def gets(paths, token=None):
    """The settings of `get.lua`: these paths in turn."""
    return {"paths": paths, "token": token or ""}


def median(loads):
    """The medians of some runs; failures are summed."""

    def middle(pick):
        return statistics.median(map(pick, loads))

    return Load(
        middle(lambda load: load.rate),
        middle(lambda load: load.p50),
        middle(lambda load: load.p99),
        sum(load.requests for load in loads),
        sum(load.failures for load in loads),
    )


def lua(value):
    """A value as Lua writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # Long brackets take everything but their own end.
            return f"[==[{value}]==]"
        case dict():
            return "{" + ",".join(f"{name}={lua(item)}" for name, item in value.items()) + "}"
        case list() | tuple():
            return "{" + ",".join(map(lua, value)) + "}"
        case _:
            return str(value)

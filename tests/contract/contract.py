"""Holds a running server to its own OpenAPI document, with inputs that Schemathesis makes up.

Every operation is called with inputs that fit its schema and with inputs that do not, as somebody who may call it. What
must never come back: a 5xx, a status that the document does not name for the operation, an answer of another type or
shape than the document says.
"""

import argparse
import fcntl
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import venv

import musubi
import parties

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def arguments():
    parser = argparse.ArgumentParser(
        prog="tests/contract/run",
        description="Hold the release binary to its OpenAPI document, with made-up inputs (Schemathesis).",
        epilog="Example: tests/contract/run --engine postgres --examples 100 --seed 7",
    )
    parser.add_argument("--engine", choices=musubi.ENGINES, default="sqlite", help="database to run on (default: sqlite)")
    parser.add_argument("--examples", type=int, default=15, help="made-up inputs for each operation, at most (default: 15)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds make up equal inputs (default: 1)")
    return parser.parse_args()


def schemathesis():
    """The program, in a virtual environment of its own that is made anew when the requirements change."""
    target = pathlib.Path(musubi.ROOT, os.environ.get("CARGO_TARGET_DIR", "target"))
    folder = target / "contract-venv"
    done = folder / "requirements.txt"
    # Checks of several engines run beside each other: one installs, the others wait for it.
    with open(target / "contract-venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.is_file() or done.read_text() != REQUIREMENTS.read_text():
            print("installing Schemathesis", flush=True)
            venv.create(folder, clear=True, with_pip=True)
            install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*install, "--requirement", REQUIREMENTS], check=True, stdin=subprocess.DEVNULL)
            done.write_text(REQUIREMENTS.read_text())
    return folder / "bin" / "schemathesis"


def settings(party, folder):
    """The file that tells Schemathesis who calls, and which ids are real."""
    quoted = {name: json.dumps(value) for name, value in party.parameters.items()}
    lines = ["[parameters]", *(f'"path.{name}" = {value}' for name, value in quoted.items())]
    for name in parties.QUERY & quoted.keys():
        lines.append(f'"query.{name}" = {quoted[name]}')
    file = pathlib.Path(folder, f"{party.name}.toml")
    file.write_text("\n".join(lines) + "\n")
    return file


def hold(api, party, program, wanted, folder):
    """Whether every answer to this party is as the document says."""
    begin = time.monotonic()
    command = [program, "--config-file", settings(party, folder), "run", f"http://{api.host}:{api.port}/openapi.json"]
    # One worker: Python 3.11 miscounts the depth of its syntax trees when threads build them at once.
    command += ["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--mode", "all", "--workers", "1"]
    command += ["--max-examples", str(wanted.examples), "--seed", str(wanted.seed), "--no-shrink", "--continue-on-failure"]
    command += ["--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "30"]
    for operation in party.operations:
        command += ["--include-operation-id", operation]
    if party.token:
        command += ["--header", f"Authorization: Bearer {party.token}"]
    report = pathlib.Path(folder, f"{party.name}.txt")
    with open(report, "w") as out:
        ended = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    kept = ended.returncode == 0
    calls = next((line.strip() for line in reversed(report.read_text().splitlines()) if "generated" in line), "no calls")
    print(f"{party.name}: {'ok' if kept else 'BROKEN'}, {len(party.operations)} operations, {calls}, "
          f"{time.monotonic() - begin:.0f} s", flush=True)
    if not kept:
        print(report.read_text())
    return kept


def main():
    wanted = arguments()
    program = schemathesis()
    with musubi.fresh_database(wanted.engine) as url, tempfile.TemporaryDirectory(prefix="musubi-contract-") as folder:
        with musubi.Api(url, "--public-rate", "0") as api:
            with musubi.Client(api) as client:
                document = client.get("/openapi.json")[2]
            made = parties.all_of(api, document)
            kept = [hold(api, party, program, wanted, folder) for party in made]
            if not all(kept):
                print(api.log()[-4000:])
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Fault injectors: what disturbs a run.

An injector is a class with

    name            as `--fault` calls it
    needs           a mapping: `engines`, on which it can be used (absent: all); `nodes`, how many at least (absent: 1);
                    `server` or `cluster`, when it must have a database server or a Galera cluster to itself
    prepare(ground) before the nodes start; see ground.py
    start(world)    before the workload; `world` has `.engine` (`.name`, `.url`), `.nodes` (list of Node), `.rng`, `.journal`
    step(rng)       does its mischief once, and says in a few words what it did; called every few seconds
    stop()          undoes whatever still lasts

Each module in this folder whose class is named `Injector` is found by the runner. An injector reports to the journal with
`world.journal.note(text)`; a clock that it moves it reports with `clock_offset=SECONDS`.
"""

import importlib
import pkgutil


def every():
    """The injector classes by name."""
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return {module.Injector.name: module.Injector for module in modules if hasattr(module, "Injector")}

"""Starts what compose files and Kubernetes' manifests start of flightstream, with their options and variables, and fails if one
ends at once because they are not what it takes.

    python3 infra/check_commands.py FLIGHTSTREAM MANIFESTS… COMPOSE_FILES…

Topics are those of a folder, as there is no cluster; files of secrets are made up; nothing but loopback is listened to.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import yaml

# What a wrong option or setting ends with.
WRONG = 2
# More than it takes to read options and secrets.
PATIENCE = 15
# These are for a cluster alone.
OF_CLUSTER = ("topics", "status")


def of_compose(path: pathlib.Path):
    """Services of our image: name, arguments, environment."""
    for name, service in yaml.safe_load(path.read_text())["services"].items():
        if "command" in service and "flightstream" in service.get("image", "flightstream"):
            yield f"{path.name}: {name}", service["command"], service.get("environment", {})


def of_manifests(path: pathlib.Path):
    """Containers of our image: name, arguments, environment."""
    manifests = list(yaml.safe_load_all(path.read_text()))
    settings = {it["metadata"]["name"]: it["data"] for it in manifests if it["kind"] == "ConfigMap"}
    for manifest in manifests:
        pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", []):
            environment = {}
            for source in container.get("envFrom", []):
                environment |= settings[source["configMapRef"]["name"]]
            for variable in container.get("env", []):
                environment[variable["name"]] = variable.get("value", variable["name"].lower())
            yield f"{path.name}: {manifest['kind']} {container['name']}", container["args"], environment


def start(binary: str, arguments: list[str], environment: dict[str, str], folder: pathlib.Path) -> subprocess.Popen:
    folder.mkdir()
    values = {}
    for name, value in {**environment, "FLIGHTSTREAM_LISTEN": "127.0.0.1:0", "FLIGHTSTREAM_OPEN": "true"}.items():
        # ${NAME:-default}
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
        if name.endswith("_CA"):
            continue
        if name.endswith("_FILE"):
            secret = folder / name.lower()
            secret.write_text("0123abcd-4567-89ef-0123-456789abcdef\n")
            value = str(secret)
        values[name] = value
    if arguments[0] in OF_CLUSTER:
        values["FLIGHTSTREAM_KAFKA"] = "127.0.0.1:9"
    else:
        values.pop("FLIGHTSTREAM_KAFKA", None)
    replaced = {"FLIGHTSTREAM_METRICS": "127.0.0.1:0", "FLIGHTSTREAM_ELASTIC": "http://127.0.0.1:9"}
    values |= {name: value for name, value in replaced.items() if name in values}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FLIGHTSTREAM_")}
    arguments = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", argument) for argument in arguments]
    for option, value in {"--listen": "127.0.0.1:0", "--data": str(folder / "data")}.items():
        if option in arguments:
            arguments[arguments.index(option) + 1] = value
    if "FLIGHTSTREAM_KAFKA" not in values and "--data" not in arguments:
        arguments += ["--data", str(folder / "data")]
    # What a cluster's options would need.
    without = {"--instance", "--replication"}
    values = {name: value for name, value in values.items() if name not in ("FLIGHTSTREAM_INSTANCE", "FLIGHTSTREAM_REPLICATION")}
    arguments = [it for before, it in zip([""] + arguments, arguments) if it not in without and before not in without]
    return subprocess.Popen(
        [binary, *arguments], env=inherited | values, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def main(binary: str, files: list[str], scratch: pathlib.Path) -> int:
    commands = []
    for path in map(pathlib.Path, files):
        commands += of_compose(path) if path.name.startswith("compose") else of_manifests(path)
    running = [
        (name, start(binary, list(arguments), environment, scratch / str(number)))
        for number, (name, arguments, environment) in enumerate(commands)
    ]
    wrong = 0
    until = time.monotonic() + PATIENCE
    for name, process in running:
        try:
            code = process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            code = None
            process.kill()
        said = process.communicate()[1].splitlines()
        if code == WRONG:
            wrong += 1
            print(f"{name}: {said[-1] if said else ''}", file=sys.stderr)
    print(f"{len(running)} commands of {len(files)} files, {wrong} of them wrong")
    return 1 if wrong or not running else 0


with tempfile.TemporaryDirectory() as folder:
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:], pathlib.Path(folder)))

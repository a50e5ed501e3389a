"""A rehearsal: all stages on a real Kafka and a real Elasticsearch, watched by a real Prometheus and Alertmanager. What they
depend on is killed, one after the other; each time somebody is told, what is left goes on, and it is told when it is over.

    infra/test-services/kafka with 3 -- infra/test-services/elasticsearch with -- \\
        python3 infra/prometheus/rehearse.py FLIGHTSTREAM [without-quorum]

`without-quorum` kills a second broker, too, after which nothing can be written for a while.

`prometheus`, `prometheus-alertmanager` and `prometheus-elasticsearch-exporter` have to be on the path. Everything is on
loopback. The rules are the committed ones, with time running fifteen times as fast in them: a minute is four seconds.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

INFRA = pathlib.Path(__file__).resolve().parent.parent
FASTER = 15
PATIENCE = 240
PARTITIONS = "4"
AIRCRAFT = 300
# The disk is this machine's, and short or not before anything starts.
WRONG = 'ALERTS{alertstate="firing", alertname!="ElasticsearchDiskShort"}'
# How each process of a stage is called, and what it is.
STAGES = {
    "produce": ["produce", "simulate", "--aircraft", str(AIRCRAFT), "--report-interval", "1s"],
    "process-1": ["process", "--delivery", "exactly-once", "--instance", "one"],
    "process-2": ["process", "--delivery", "exactly-once", "--instance", "two"],
    "index": ["index", "--elastic-history", "30d"],
    "dashboard": ["dashboard"],
    "status": ["status", "--interval", "1s"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def until(what: str, holds) -> None:
    """Waits until something holds; what cannot be asked now is asked again."""
    print(f"  {what}", end="", flush=True)
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        try:
            if holds():
                print(f": after {time.monotonic() - began:.0f} s", flush=True)
                return
        except OSError:
            pass
        time.sleep(0.25)
    sys.exit(f": not within {PATIENCE} s")


def faster(rules: str) -> str:
    """Durations of rules, divided; whatever people read stays as it is."""
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    shorter = lambda found: f"{max(int(found[1]) * seconds[found[2]] // FASTER, 1)}s"
    lines = rules.splitlines()
    is_read = lambda line: re.match(r"\s+(summary|runbook|- alert):|\s*#", line)
    return "\n".join(line if is_read(line) else re.sub(r"\b(\d+)([smhd])\b", shorter, line) for line in lines)


class Told:
    """Stands where a pager would, at Alertmanager's web hook, and knows what it was told last of each alert."""

    def __init__(self):
        self.alerts: dict[str, dict] = {}
        self.came = threading.Condition()
        told = self

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.end_headers()
                with told.came:
                    told.alerts |= {alert["fingerprint"]: alert for alert in json.loads(body)["alerts"]}
                    told.came.notify_all()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def wait(self, name: str, status: str, /, **labels: str) -> None:
        wanted = {"alertname": name, **labels}.items()
        found = lambda: [a for a in self.alerts.values() if a["status"] == status and wanted <= a["labels"].items()]
        began = time.monotonic()
        with self.came:
            if not self.came.wait_for(found, PATIENCE):
                sys.exit(f"nobody was told in {PATIENCE} s: {name} {status} {labels}")
            summary = found()[0]["annotations"]["summary"]
        print(f"  told after {time.monotonic() - began:.0f} s, {status}: {summary}", flush=True)


class Stack:
    def __init__(self, binary: str, scratch: pathlib.Path):
        self.binary, self.scratch = binary, scratch
        self.processes: dict[str, subprocess.Popen] = {}
        self.metrics = {name: free_port() for name in STAGES}
        self.page = free_port()
        self.prometheus = free_port()
        self.elasticsearch = os.environ["FLIGHTSTREAM_TEST_ELASTICSEARCH"]
        self.environment = {
            **os.environ,
            "FLIGHTSTREAM_KAFKA": os.environ["FLIGHTSTREAM_TEST_KAFKA"],
            "FLIGHTSTREAM_PARTITIONS": PARTITIONS,
            "FLIGHTSTREAM_LISTEN": f"127.0.0.1:{self.page}",
        }

    def run(self, name: str, command: list[str], **environment: str) -> None:
        log = (self.scratch / f"{name}.log").open("a")
        environment = {**self.environment, **environment}
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def start(self, name: str) -> None:
        elastic = {"FLIGHTSTREAM_ELASTIC": self.elasticsearch} if name == "index" else {}
        options = ["--metrics", f"127.0.0.1:{self.metrics[name]}"]
        self.run(name, [self.binary, *STAGES[name], *options], **elastic)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self, name: str) -> None:
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE)
        if code != 0:
            sys.exit(f"{name} ended with {code}:\n" + "".join((self.scratch / f"{name}.log").open().readlines()[-5:]))

    def watch(self, told: Told) -> None:
        """Starts what watches the stages, and finds them as compose's network tells them: by names that can go away."""
        alertmanager, cluster, exporter = free_port(), free_port(), free_port()
        (self.scratch / "rules.yaml").write_text(faster((INFRA / "prometheus/rules/flightstream.yaml").read_text()))
        self.name_stages()
        scrape = lambda job, found: {"job_name": job, **found}
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(self.scratch / "rules.yaml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
            "scrape_configs": [
                scrape("flightstream", {"file_sd_configs": [{"files": [str(self.scratch / "stages.json")]}]}),
                scrape("elasticsearch", {"static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}),
            ],
        }
        route = {"receiver": "hook", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}
        hook = {"url": f"http://127.0.0.1:{told.port}", "send_resolved": True}
        alerting = {"route": route, "receivers": [{"name": "hook", "webhook_configs": [hook]}]}
        # JSON is YAML.
        (self.scratch / "prometheus.yaml").write_text(json.dumps(config))
        (self.scratch / "alertmanager.yaml").write_text(json.dumps(alerting))
        self.run("exporter", [
            "prometheus-elasticsearch-exporter",
            f"--es.uri={self.elasticsearch}",
            f"--web.listen-address=127.0.0.1:{exporter}",
        ])
        self.run("alertmanager", [
            "prometheus-alertmanager",
            f"--config.file={self.scratch}/alertmanager.yaml",
            f"--storage.path={self.scratch}/alertmanager",
            f"--web.listen-address=127.0.0.1:{alertmanager}",
            "--cluster.listen-address=",
        ])
        self.run("prometheus", [
            "prometheus",
            f"--config.file={self.scratch}/prometheus.yaml",
            f"--storage.tsdb.path={self.scratch}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.prometheus}",
        ])

    def name_stages(self, *gone: str) -> None:
        stages = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"stage": name.split("-")[0], "name": name}}
            for name, port in self.metrics.items()
            if name not in gone
        ]
        written = self.scratch / "stages.new"
        written.write_text(json.dumps(stages))
        written.rename(self.scratch / "stages.json")

    def query(self, text: str) -> list[dict]:
        query = urllib.parse.urlencode({"query": text})
        return ask(f"http://127.0.0.1:{self.prometheus}/api/v1/query?{query}")["data"]["result"]

    def is_ready(self, name: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics[name]}/readyz", timeout=10) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def documents(self) -> int:
        return ask(f"{self.elasticsearch}/esflight/_count")["count"]

    def newest(self) -> str:
        """The time of the newest report that the index has."""
        body = json.dumps({"size": 0, "aggs": {"newest": {"max": {"field": "updated"}}}}).encode()
        request = urllib.request.Request(
            f"{self.elasticsearch}/esflight/_search", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["aggregations"]["newest"]["value"]

    def goes_on(self, what: str) -> None:
        before = self.newest()
        until(what, lambda: self.newest() > before)

    def kafka(self, *arguments: str) -> None:
        subprocess.run([INFRA / "test-services/kafka", *arguments], check=True)

    def elastic(self, *arguments: str) -> None:
        subprocess.run([INFRA / "test-services/elasticsearch", *arguments], check=True)

    def names_are_exported(self) -> None:
        """What rules and dashboards ask other software for is what that has."""
        files = [*(INFRA / "prometheus/rules").glob("*.yaml"), *(INFRA / "grafana").glob("*.toml")]
        words = {word for file in files for word in re.findall(r"\b(?:kafka|elasticsearch)_\w+", file.read_text())}
        metrics = {word for word in words if word not in ("kafka_exporter", "elasticsearch_exporter")}
        for name in sorted(metrics):
            until(f"{name} is there", lambda: self.query(name))


def rehearse(stack: Stack, told: Told, without_quorum: bool) -> None:
    print("all stages start", flush=True)
    subprocess.run([stack.binary, "topics", "apply", "--replication", "3"], check=True, env=stack.environment)
    stack.watch(told)
    for name in STAGES:
        stack.start(name)
    until("each is ready", lambda: all(stack.is_ready(name) for name in STAGES))
    until("all aircraft are in Elasticsearch", lambda: stack.documents() == AIRCRAFT)
    page = f"http://127.0.0.1:{stack.page}/api/v1/status"
    until("all aircraft are on the page", lambda: ask(page)["total"] == AIRCRAFT)
    until("Prometheus sees each of them", lambda: len(stack.query('up{job="flightstream"} == 1')) == len(STAGES))
    until("nothing is wrong", lambda: not stack.query(WRONG))
    stack.names_are_exported()

    print("one of two processes of a stage is killed", flush=True)
    stack.kill("process-1")
    told.wait("StageDown", "firing", name="process-1")
    stack.goes_on("the other one goes on with all partitions")
    stack.start("process-1")
    told.wait("StageDown", "resolved", name="process-1")

    print("the last process of a stage is gone, with its name", flush=True)
    stack.kill("index")
    stack.name_stages("index")
    told.wait("StageGone", "firing", stage="index")
    stack.start("index")
    stack.name_stages()
    told.wait("StageGone", "resolved", stage="index")
    stack.goes_on("it goes on")

    print("one of three brokers is killed", flush=True)
    stack.kafka("kill", "2")
    told.wait("KafkaBrokerMissing", "firing")
    stack.goes_on("two are enough")
    told.wait("KafkaPartitionsUnderReplicated", "firing", topic="flight")

    if without_quorum:
        print("a second broker is killed", flush=True)
        stack.kafka("kill", "3")
        told.wait("KafkaPartitionWithoutLeader", "firing", topic="flight")
        print("it is back", flush=True)
        stack.kafka("start", "2", "3")
        told.wait("KafkaPartitionWithoutLeader", "resolved", topic="flight")
    print("all brokers are back", flush=True)
    stack.kafka("start", "2")
    told.wait("KafkaBrokerMissing", "resolved")
    stack.goes_on("everything goes on")

    print("Elasticsearch is killed", flush=True)
    stack.elastic("kill")
    told.wait("ElasticsearchUnreachable", "firing")
    told.wait("StageStuck", "firing", app="index-elastic")
    print("it is back", flush=True)
    stack.elastic("start")
    told.wait("ElasticsearchUnreachable", "resolved")
    stack.goes_on("the index goes on")

    print("everything is well again", flush=True)
    until("nothing is wrong", lambda: not stack.query(WRONG))
    until("all aircraft are in Elasticsearch", lambda: stack.documents() == AIRCRAFT)
    until("nothing was lost: no group is behind", lambda: stack.query("sum(flightstream_lag) < 2000"))
    for name in STAGES:
        stack.stop(name)
    print("all stages have ended well", flush=True)


def main(binary: str, scratch: pathlib.Path, without_quorum: bool) -> None:
    for program in ("prometheus", "prometheus-alertmanager", "prometheus-elasticsearch-exporter"):
        if not shutil.which(program):
            sys.exit(f"{program} has to be on the path")
    for variable in ("FLIGHTSTREAM_TEST_KAFKA", "FLIGHTSTREAM_TEST_ELASTICSEARCH"):
        if variable not in os.environ:
            sys.exit(f"{variable} is not set: infra/test-services starts what it names")
    stack = Stack(binary, scratch)
    try:
        rehearse(stack, Told(), without_quorum)
    except BaseException:
        for log in scratch.glob("*.log"):
            print(f"--- {log.name}\n", *log.open().readlines()[-20:], sep="", file=sys.stderr)
        raise
    finally:
        for process in stack.processes.values():
            process.kill()
            process.wait()


with tempfile.TemporaryDirectory() as folder:
    main(sys.argv[1], pathlib.Path(folder), "without-quorum" in sys.argv[2:])

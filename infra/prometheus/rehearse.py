"""A rehearsal: Prometheus scrapes a stage, the stage is killed, and Prometheus tells that it is down; and when it is back.

    python3 infra/prometheus/rehearse.py FLIGHTSTREAM

`prometheus` has to be on the path. It and the stage are real, on loopback, with the committed rules and no pause before an
alert fires; this program stands where Alertmanager would.
"""

import datetime
import http.server
import json
import pathlib
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request

RULES = pathlib.Path(__file__).resolve().parent / "rules" / "flightstream.yaml"
PATIENCE = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def receiver() -> tuple[int, queue.Queue]:
    """Takes alerts as Alertmanager does; they come out of the queue."""
    told: queue.Queue = queue.Queue()

    class Alerts(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            for alert in json.loads(body):
                told.put(alert)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Alerts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port, told


def status(alert: dict) -> str:
    ends = datetime.datetime.fromisoformat(alert["endsAt"].replace("Z", "+00:00"))
    return "firing" if ends > datetime.datetime.now(datetime.timezone.utc) else "resolved"


def wait_for(what: str, told: queue.Queue, wanted: tuple[str, str]) -> None:
    print(f"waiting: {what}", flush=True)
    while True:
        try:
            alert = told.get(timeout=PATIENCE)
        except queue.Empty:
            sys.exit(f"nobody was told in {PATIENCE} s: {what}")
        if (alert["labels"]["alertname"], status(alert)) == wanted:
            print(f"told: {alert['annotations']['summary']}", flush=True)
            return


def stage(binary: str, metrics: int, data: str) -> subprocess.Popen:
    options = ["--aircraft", "100", "--listen", "127.0.0.1:0", "--data", data]
    process = subprocess.Popen(
        [binary, "run", *options, "--metrics", f"127.0.0.1:{metrics}"], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if "metrics at" in line:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process
    sys.exit("the stage ended before it served metrics")


def main(binary: str, scratch: pathlib.Path) -> None:
    metrics, prometheus = free_port(), free_port()
    alertmanager, told = receiver()
    rules = scratch / "rules.yaml"
    rules.write_text(re.sub(r"for: \d+\w", "for: 0s", RULES.read_text()))
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [
            {"job_name": "flightstream", "static_configs": [{"targets": [f"127.0.0.1:{metrics}"]}]},
        ],
    }
    # JSON is YAML.
    (scratch / "prometheus.yaml").write_text(json.dumps(config))
    if not shutil.which("prometheus"):
        sys.exit("prometheus has to be on the path")
    data = str(scratch / "data")
    running = [stage(binary, metrics, data)]
    try:
        command = [
            "prometheus",
            f"--config.file={scratch}/prometheus.yaml",
            f"--storage.tsdb.path={scratch}/tsdb",
            f"--web.listen-address=127.0.0.1:{prometheus}",
        ]
        log = (scratch / "prometheus.log").open("w")
        running.append(subprocess.Popen(command, stdout=log, stderr=log))
        records = f"http://127.0.0.1:{prometheus}/api/v1/query?query=sum(flightstream_records_in_total)%3E0"
        for _ in range(PATIENCE * 4):
            try:
                with urllib.request.urlopen(records, timeout=5) as answer:
                    if json.load(answer)["data"]["result"]:
                        break
            except OSError:
                pass
            threading.Event().wait(0.25)
        else:
            sys.exit("Prometheus saw no records of the stage")
        print("Prometheus sees the stage", flush=True)
        running[0].kill()
        running[0].wait()
        wait_for("the stage is killed", told, ("StageDown", "firing"))
        running[0] = stage(binary, metrics, data)
        wait_for("the stage is back", told, ("StageDown", "resolved"))
    finally:
        for process in running:
            process.kill()
            process.wait()


with tempfile.TemporaryDirectory() as folder:
    main(sys.argv[1], pathlib.Path(folder))

# Hosts that upgrade by the plain recipe, with kazoo: a watch on the parent node, whose data is the version that should
# run, and kazoo's Lock around each restart. Each host has a client of its own and a node that says what it runs.
#
# kazoo_hosts.py CONNECT_STRING FIRST_HOST HOST_COUNT SESSION_TIMEOUT_S STOP_S SPAWN_S READY_S HEALTH_INTERVAL_S
#
# Answers each line of its input with a line that says how far they are.
import json
import os
import sys
import threading
import time

from kazoo.client import KazooClient

connect_string = sys.argv[1]
first, count = int(sys.argv[2]), int(sys.argv[3])
session_timeout, stop_s, spawn_s, ready_s, health_interval_s = map(float, sys.argv[4:])

PARENT = "/service"
LOCK = "/lock"


class Host:
    def __init__(self, name):
        self.name = name
        self.version = None
        self.stops_ms = []
        self.wanted = threading.Event()
        self.wanted_version = None
        self.client = KazooClient(hosts=connect_string, timeout=session_timeout)

    def run(self):
        self.client.start(timeout=60)
        self.lock = self.client.Lock(LOCK, self.name)
        self.node = "%s/%s" % (PARENT, self.name)
        self.look(None)
        self.wanted.wait()
        self.wanted.clear()
        # What is there at the beginning runs at once: nobody is served by this host yet.
        self.version = self.wanted_version
        self.client.create(self.node, self.version.encode(), ephemeral=True)
        while True:
            self.wanted.wait()
            self.wanted.clear()
            if self.wanted_version != self.version:
                with self.lock:
                    self.restart(self.wanted_version)
                    self.client.set(self.node, self.version.encode())

    def look(self, _event):
        data, _stat = self.client.get(PARENT, watch=self.look)
        self.wanted_version = data.decode()
        self.wanted.set()

    def restart(self, version):
        self.stops_ms.append(time.time() * 1000)
        self.version = None
        time.sleep(stop_s)
        time.sleep(spawn_s)
        ready = time.time() + ready_s
        while time.time() < ready:
            time.sleep(health_interval_s)
        self.version = version


def fail(failed):
    threading.__excepthook__(failed)
    os._exit(1)


# A host that is lost must not be waited for.
threading.excepthook = fail
# Small stacks: there are several threads for each host.
threading.stack_size(256 * 1024)
hosts = [Host("host-%d" % (first + index)) for index in range(count)]
for host in hosts:
    threading.Thread(target=host.run, daemon=True).start()

for _question in sys.stdin:
    serving, stops_ms = {}, []
    for host in hosts:
        version = host.version
        if version is not None:
            serving[version] = serving.get(version, 0) + 1
        taken = len(host.stops_ms)
        stops_ms += host.stops_ms[:taken]
        del host.stops_ms[:taken]
    print(json.dumps({"serving": serving, "stopsMs": stops_ms}), flush=True)

# Whoever has started it has gone, and the threads of the clients would go on.
os._exit(0)

# kazoo in the benchmark. Usage: kazoo_client.py HOST:PORT MS_PER_CASE [client]
import json
import os
import sys
import threading
import time

from kazoo.client import KazooClient

address, case_ms = sys.argv[1], float(sys.argv[2])
zk = KazooClient(hosts=address)
writer = KazooClient(hosts=address)
zk.start()
writer.start()
root = "/bench-kazoo-%d" % os.getpid()
data = b"x" * 100
BATCH = 2000
NODES = 1000
zk.create(root, data)
watched = ["%s/w%d" % (root, index) for index in range(NODES)]


def wait(results):
    return [result.get() for result in results]


wait([zk.create_async(path, data) for path in watched])


def measured(run):
    run()
    start = time.perf_counter()
    completed = 0
    while True:
        completed += run()
        elapsed = time.perf_counter() - start
        if elapsed * 1000 >= case_ms:
            return completed / elapsed


def set_pipelined():
    stats = wait([zk.set_async(root, data) for _ in range(BATCH)])
    return sum(stat.data_length == len(data) for stat in stats)


def get_pipelined():
    replies = wait([zk.get_async(root) for _ in range(BATCH)])
    return sum(len(value) == len(data) for value, _ in replies)


def create_delete():
    paths = ["%s/n%d" % (root, index) for index in range(BATCH // 2)]
    created = wait([zk.create_async(path, data) for path in paths])
    wait([zk.delete_async(path) for path in created])
    return len(created) * 2


def set_sequential():
    for _ in range(100):
        zk.set(root, data)
    return 100


def get_sequential():
    for _ in range(100):
        zk.get(root)
    return 100


def watch():
    heard = [0]
    done = threading.Event()

    def hear(_event):
        heard[0] += 1
        if heard[0] == NODES:
            done.set()

    wait([zk.get_async(path, watch=hear) for path in watched])
    sets = [writer.set_async(path, data) for path in watched]
    done.wait()
    wait(sets)
    return heard[0]


cases = {"set, pipelined": set_pipelined, "get, pipelined": get_pipelined}
if sys.argv[3:] != ["client"]:
    cases["create and delete, pipelined"] = create_delete
    cases["set, one after the other"] = set_sequential
    cases["get, one after the other"] = get_sequential
    cases["watch: arm, change, hear"] = watch
results = {name: measured(run) for name, run in cases.items()}
wait([zk.delete_async(path) for path in watched])
zk.delete(root)
zk.stop()
writer.stop()
print(json.dumps(results))

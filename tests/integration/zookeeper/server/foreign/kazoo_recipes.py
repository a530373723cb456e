# What kazoo's users do with a server: its recipes, watchers and reconnects. Usage: kazoo_recipes.py HOST:PORT
# Ends with "all done" if everything was as it should be.
import socket
import sys
import threading
import time

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import BadVersionError, NoNodeError, NodeExistsError, NotEmptyError
from kazoo.retry import KazooRetry
from kazoo.security import make_digest_acl

address = sys.argv[1]


def client(**options):
    made = KazooClient(hosts=address, timeout=5, **options)
    made.start(timeout=10)
    return made


def eventually(condition, what):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain: " + what
        time.sleep(0.01)


def step(name):
    print("step:", name, flush=True)


zk, other = client(), client()

step("operations")
assert zk.server_version()[:2] == (3, 8), zk.server_version()
zk.ensure_path("/base/deep/er")
zk.create("/base/a", b"1")
value, stat = zk.get("/base/a")
assert (value, stat.version) == (b"1", 0)
zk.set("/base/a", b"2", version=0)
for failing, error in (
    (lambda: zk.set("/base/a", b"", version=7), BadVersionError),
    (lambda: zk.create("/base/a"), NodeExistsError),
    (lambda: zk.get("/none"), NoNodeError),
    (lambda: zk.delete("/base"), NotEmptyError),
):
    try:
        failing()
        raise AssertionError("it should have failed with %s" % error)
    except error:
        pass
path, stat = zk.create("/base/s-", b"x", sequence=True, ephemeral=True, include_data=True)
assert path == "/base/s-0000000002" and stat.owner_session_id == zk.client_id[0]
transaction = zk.transaction()
transaction.check("/base/a", version=1)
transaction.create("/base/t", b"t")
transaction.set_data("/base/a", b"3")
transaction.delete("/base/t")
results = transaction.commit()
assert results[1] == "/base/t" and results[2].version == 2, results
assert zk.sync("/base") == "/base"

step("watches")
seen = []
children = []


@other.DataWatch("/base/watched")
def on_data(data, stat):
    seen.append(data)


@other.ChildrenWatch("/base")
def on_children(names):
    children.append(sorted(names))


zk.create("/base/watched", b"0")
for round in range(1, 4):
    zk.set("/base/watched", b"%d" % round)
    eventually(lambda: seen[-1] == b"%d" % round, "data watch")
zk.delete("/base/watched")
eventually(lambda: seen[-1] is None, "data watch hears of the deletion")
eventually(lambda: "watched" not in children[-1], "children watch")

step("locks")
inside = [0]
most = [0]
lock_clients = [client() for _ in range(4)]


def locker(mine):
    for _ in range(5):
        with mine.Lock("/lock", "x"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            inside[0] -= 1


threads = [threading.Thread(target=locker, args=(mine,)) for mine in lock_clients]
[thread.start() for thread in threads]
[thread.join(60) for thread in threads]
assert most[0] == 1, most
semaphore = zk.Semaphore("/semaphore", max_leases=2)
assert semaphore.acquire(timeout=5)
semaphore.release()

step("elections")
elected = []


def elect(mine, number):
    mine.Election("/election", str(number)).run(lambda: elected.append(number))


threads = [threading.Thread(target=elect, args=(mine, n)) for n, mine in enumerate(lock_clients)]
[thread.start() for thread in threads]
[thread.join(60) for thread in threads]
assert sorted(elected) == [0, 1, 2, 3], elected

step("queues, counters, barriers, parties")
queue = zk.LockingQueue("/locking-queue")
queue.put_all([b"a", b"b"])
assert queue.get(timeout=5) == b"a"
assert queue.consume() and queue.get(timeout=5) == b"b" and queue.consume()
plain = zk.Queue("/queue")
plain.put(b"1")
plain.put(b"2", priority=1)
assert plain.get() == b"2" and plain.get() == b"1" and plain.get() is None
counter = zk.Counter("/counter")
counter += 5
counter -= 2
assert counter.value == 3
barrier = zk.Barrier("/barrier")
barrier.create()
waiter = threading.Thread(target=lambda: other.Barrier("/barrier").wait(20))
waiter.start()
barrier.remove()
waiter.join(20)
assert not waiter.is_alive()
party = zk.Party("/party", "me")
party.join()
assert list(other.Party("/party", "you")) == ["me"]
party.leave()

step("access control")
secret = client(auth_data=[("digest", "ann:secret")])
secret.create("/secret", b"s", acl=[make_digest_acl("ann", "secret", all=True)])
try:
    zk.get("/secret")
    raise AssertionError("it should have been refused")
except Exception as error:
    assert type(error).__name__ == "NoAuthError", error
assert secret.get("/secret")[0] == b"s"

step("reconnects")
states = []
moving = client(connection_retry=KazooRetry(max_tries=-1, delay=0.05))
moving.add_listener(states.append)
session = moving.client_id[0]
moving.create("/mine", b"", ephemeral=True)
heard = threading.Event()
moving.get("/base/a", watch=lambda event: heard.set())
for _ in range(3):
    states.clear()
    moving._connection._socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: KazooState.CONNECTED in states, "connected again")
assert moving.client_id[0] == session
assert moving.exists("/mine").owner_session_id == session
zk.set("/base/a", b"changed")
assert heard.wait(20), "the watch was set again"

step("the coordinator restarts")
lock = moving.Lock("/lock", "holder")
assert lock.acquire(timeout=20)
watched = []
moving.DataWatch("/base/a", lambda data, stat: watched.append(data))
for round in range(2):
    states.clear()
    print("please restart", flush=True)
    eventually(lambda: states == [KazooState.SUSPENDED, KazooState.CONNECTED], "suspended, connected")
    eventually(lambda: zk.connected and other.connected, "the others are connected again")
    assert moving.client_id[0] == session
    assert moving.exists("/mine").owner_session_id == session
    assert lock.is_acquired and "holder" in lock.contenders()
    zk.set("/base/a", b"after %d" % round)
    eventually(lambda: watched[-1] == b"after %d" % round, "the watch survives the restart")

step("a session is lost")
states.clear()
# Somebody else goes on with it and ends it.
heir = KazooClient(hosts=address, client_id=moving.client_id)
heir.start(timeout=10)
heir.stop()
heir.close()
eventually(lambda: states[-1:] == [KazooState.CONNECTED] and KazooState.LOST in states, "lost, connected")
assert moving.client_id[0] != session
assert moving.exists("/mine") is None
assert zk.Lock("/lock", "next").acquire(timeout=20)
zk.set("/base/a", b"in the new session")
eventually(lambda: watched[-1] == b"in the new session", "the watch is set in the new session")

for each in lock_clients + [secret, moving, other, zk]:
    each.stop()
    each.close()
print("all done")

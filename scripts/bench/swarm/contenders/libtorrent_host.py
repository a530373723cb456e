"""A host on libtorrent: libtorrent_host.py (seed|fetch) TORRENT FOLDER.

Says "ready"; fetches once its standard input is closed, prints the time of completion, and seeds until it is killed.
"""

import sys
import time

import libtorrent as lt

kind, torrent, folder = sys.argv[1:4]
session = lt.session({
    "listen_interfaces": "0.0.0.0:6881",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    # One kind of connection is enough between hosts of one network, and uTP yields to everything else.
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "alert_mask": lt.alert.category_t.status_notification,
})
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent)
parameters.save_path = folder
if kind == "seed":
    parameters.flags |= lt.torrent_flags.seed_mode
print("ready", flush=True)
if kind == "fetch":
    sys.stdin.read()
handle = session.add_torrent(parameters)
if kind == "seed":
    print("seeding", flush=True)
while True:
    session.wait_for_alert(200)
    now = time.time()
    for alert in session.pop_alerts():
        if kind == "fetch" and isinstance(alert, lt.torrent_finished_alert):
            print(round(now * 1000), flush=True)

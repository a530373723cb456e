"""One peer on libtorrent: libtorrent_peer.py (seed|fetch) TORRENT FOLDER PORT, until it is killed."""

import sys
import time

import libtorrent as lt

kind, torrent, folder, port = sys.argv[1:5]
session = lt.session({
    "listen_interfaces": f"127.0.0.1:{port}",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    # All the hosts of a test share one address.
    "allow_multiple_connections_per_ip": True,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification,
})
parameters = lt.add_torrent_params()
if torrent.startswith("magnet:"):
    parameters = lt.parse_magnet_uri(torrent)
else:
    parameters.ti = lt.torrent_info(torrent)
parameters.save_path = folder
parameters.flags |= lt.torrent_flags.disable_pex
handle = session.add_torrent(parameters)
while True:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        print(type(alert).__name__, alert.message(), flush=True)
    time.sleep(0.05)

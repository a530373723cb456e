# One host of the benchmark on libtorrent (Debian's python3-libtorrent): seeds or fetches a torrent
# once it is sent a line, says in lines of JSON on stdout how it stands, and ends with its stdin.
#
# python3 libtorrent_peer.py seed|fetch TORRENT FOLDER
import json
import sys
import time

import libtorrent as lt

kind, torrent, folder = sys.argv[1:4]


def say(message):
    print(json.dumps(message), flush=True)


session = lt.session({
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    "ssrf_mitigation": False,
    # Everybody at once, and as much at a time as helps: what its documentation advises for fast links.
    "unchoke_slots_limit": -1,
    "choking_algorithm": 0,
    "max_out_request_queue": 1500,
    "max_allowed_in_request_queue": 2000,
    "send_buffer_watermark": 3 * 1024 * 1024,
    "send_buffer_low_watermark": 512 * 1024,
    "min_announce_interval": 1,
    "min_reconnect_time": 1,
    "active_limit": -1,
})
say({"ready": True})
sys.stdin.readline()
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent)
parameters.save_path = folder
parameters.storage_mode = lt.storage_mode_t.storage_mode_sparse
flags = lt.torrent_flags
parameters.flags = flags.apply_ip_filter | flags.update_subscribe
if kind == "seed":
    parameters.flags |= flags.seed_mode
handle = session.add_torrent(parameters)
first = None
while True:
    status = handle.status()
    if status.errc.value() != 0:
        say({"error": status.errc.message()})
        sys.exit(1)
    if first is None and status.num_peers > 0:
        first = time.monotonic()
    if status.is_seeding:
        break
    time.sleep(0.005)
say({"done": True, "seconds": time.monotonic() - (first or time.monotonic())})
sys.stdin.read()
status = handle.status()
say({"receivedBytes": status.total_payload_download, "sentBytes": status.total_payload_upload})

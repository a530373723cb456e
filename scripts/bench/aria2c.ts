/**
 * aria2c as the benchmarks run it: on loopback alone, without any way to peers but the tracker.
 *
 * @module
 */

/** The command that brings a torrent's content into a folder, or seeds what is there; more options go behind it. */
export function aria2cCommand(
  { torrent, folder }: { readonly torrent: string; readonly folder: string },
): string[] {
  return [
    "aria2c",
    "--no-conf=true",
    `--torrent-file=${torrent}`,
    `--dir=${folder}`,
    "--interface=127.0.0.1",
    "--enable-dht=false",
    "--enable-dht6=false",
    "--bt-enable-lpd=false",
    "--enable-peer-exchange=false",
    "--file-allocation=none",
  ];
}

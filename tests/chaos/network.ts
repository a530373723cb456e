/**
 * The network of a run: a namespace for each host, with one link to the fleet, which can be cut, and one to whoever watches
 * from outside, which cannot. Everything else (ZooKeeper, tracker, build machine, operators) runs in the namespace of the
 * run itself, where both bridges are.
 *
 * @module
 */

import { batch } from "../../scripts/network_batch.ts";

/** The address of everything that is no host. */
export const CENTER = "10.77.0.254";

/** The port of each host's service; hosts do not share ports. */
export const SERVICE_PORT = 8_080;

const FLEET_BRIDGE = "fleet";
const WATCH_BRIDGE = "watch";

/** The links and namespaces of a run. They end with the namespace of the run. */
export class Network {
  readonly #hosts: readonly string[];

  private constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
  }

  /** Builds it. */
  static async build(hosts: readonly string[]): Promise<Network> {
    await batch([
      "link set lo up",
      ...bridge(FLEET_BRIDGE, `${CENTER}/24`),
      ...bridge(WATCH_BRIDGE, "10.78.0.254/24"),
      ...hosts.map((host) => `netns add ${host}`),
    ]);
    const network = new Network(hosts);
    await batch(hosts.flatMap((host) => [
      `link add ${host} type veth peer name eth0 netns ${host}`,
      `link set ${host} master ${FLEET_BRIDGE} up`,
      `link add ${watchLink(host)} type veth peer name watch0 netns ${host}`,
      `link set ${watchLink(host)} master ${WATCH_BRIDGE} up`,
    ]));
    for (const host of hosts) {
      await batch([
        "link set lo up",
        `addr add ${network.#address(host, 77)}/24 dev eth0`,
        "link set eth0 up",
        `addr add ${network.watchAddress(host)}/24 dev watch0`,
        "link set watch0 up",
      ], host);
    }
    return network;
  }

  /** Where the services of a host answer to whoever watches, also while the host is cut off. */
  watchAddress(host: string): string {
    return this.#address(host, 78);
  }

  /** The words before a command that runs on that host. */
  on(host: string): string[] {
    return ["nsenter", `--net=${path(host)}`, "--"];
  }

  /** Cuts a host off from all others. */
  async cut(host: string): Promise<void> {
    await batch([`link set ${host} down`]);
  }

  /** Connects it again. */
  async mend(host: string): Promise<void> {
    await batch([`link set ${host} up`]);
  }

  /** The processes of a host. */
  pidsOn(host: string): number[] {
    const wanted = `net:[${Deno.statSync(path(host)).ino}]`;
    return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        return Deno.readLinkSync(`/proc/${name}/ns/net`) === wanted ? [Number(name)] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
  }

  #address(host: string, subnet: number): string {
    return `10.${subnet}.0.${this.#hosts.indexOf(host) + 1}`;
  }
}

function path(host: string): string {
  return `/run/netns/${host}`;
}

/** A name of at most 15 characters, as the kernel requires. */
function watchLink(host: string): string {
  return `w-${host}`;
}

function bridge(name: string, address: string): string[] {
  return [
    `link add ${name} type bridge`,
    `addr add ${address} dev ${name}`,
    `link set ${name} up`,
  ];
}

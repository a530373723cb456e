/**
 * Hosts as network namespaces on this machine: a veth pair connects each host to the bridge of its rack, each rack's bridge
 * to that of its site, and each site to a router; all are shaped in both directions (tc tbf). The bridges are in a namespace
 * of their own, so that removing the namespaces removes everything. Needs root.
 */

import { batch, networkFailure } from "../../network_batch.ts";
import type { Host, Topology } from "./topology.ts";
import { isLeftover, PREFIX, undoAtSignal } from "./workspace.ts";

/** The size of the bucket. tbf splits larger packets (on a veth up to 64 KiB), so that none is sent faster than the link allows. */
const BURST_BYTES = 16 * 1024;
/**
 * The length of the queue before it: 32 ms at 16 Mbit/s. On links as slow as these, a longer queue would lead to round trips
 * of tenths of a second, and after a loss NewReno would take half of the race to fill a link again; in a data center it takes
 * a thousandth of a transfer.
 */
const QUEUE_BYTES = 64 * 1024;

/** How fast the links are, in bits per second, each direction. */
export interface LinkSpeeds {
  readonly hostBitsPerSecond: number;
  readonly rackBitsPerSecond: number;
  readonly siteBitsPerSecond: number;
  /** A host whose link carries only that share of the others'. Default: there is none. */
  readonly slow?: { readonly host: string; readonly share: number };
}

/** Bytes that crossed the borders of sites and racks. */
export interface BorderBytes {
  /** From the router into all sites together. */
  readonly intoSites: number;
  /** From the sites into all racks together. */
  readonly intoRacks: number;
}

/** A network of namespaces. */
export class Network {
  readonly #topology: Topology;
  readonly #fabric = `${PREFIX}fabric`;
  readonly #router = `${PREFIX}router`;
  readonly #forget = undoAtSignal(() => this.remove());

  private constructor(topology: Topology) {
    this.#topology = topology;
  }

  /** Builds the network, after removing what an earlier run has left behind in a crash. */
  static async build(topology: Topology, speeds: LinkSpeeds): Promise<Network> {
    await removeNamespaces(await listNamespaces(isLeftover));
    const network = new Network(topology);
    try {
      await network.#build(speeds);
    } catch (error) {
      await network.remove();
      throw error;
    }
    return network;
  }

  /** The command line that runs a command on that host. */
  on(host: Host, command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.#namespaceOf(host.name), ...command];
  }

  /** The bytes that have crossed the borders since the network was built. */
  async borderBytes(): Promise<BorderBytes> {
    const text = await run(["ip", "-n", this.#fabric, "-s", "-j", "link", "show"]);
    const links: { ifname: string; stats64: { tx: { bytes: number }; rx: { bytes: number } } }[] =
      JSON.parse(text);
    let intoSites = 0;
    let intoRacks = 0;
    for (const { ifname, stats64 } of links) {
      // What the fabric's end of the router's link receives goes into a site; what the site's end of a rack's link sends goes
      // into a rack.
      if (ifname.endsWith("-router")) intoSites += stats64.rx.bytes;
      if (ifname.endsWith("-down")) intoRacks += stats64.tx.bytes;
    }
    return { intoSites, intoRacks };
  }

  /** Kills what runs in the network and removes it. */
  async remove(): Promise<void> {
    this.#forget();
    await removeNamespaces(await listNamespaces((name) => name.startsWith(PREFIX)));
  }

  #namespaceOf(host: string): string {
    return `${PREFIX}${host}`;
  }

  async #build(speeds: LinkSpeeds): Promise<void> {
    const { sites } = this.#topology;
    const everyHost = sites.flatMap(({ racks }) => racks.flatMap(({ hosts }) => hosts));
    const names = [
      this.#fabric,
      this.#router,
      ...everyHost.map(({ name }) => this.#namespaceOf(name)),
    ];
    await batch(names.map((name) => `netns add ${name}`));
    const fabric: string[] = [];
    const router: string[] = [];
    for (const site of sites) {
      fabric.push(...bridge(site.name));
      router.push(
        `link add ${site.name} type veth peer name ${site.name}-router netns ${this.#fabric}`,
      );
      router.push(`addr add ${site.routerAddress}/24 dev ${site.name}`, `link set ${site.name} up`);
      for (const rack of site.racks) {
        fabric.push(...bridge(rack.name));
        fabric.push(`link add ${rack.name}-up type veth peer name ${rack.name}-down`);
        fabric.push(...plug(`${rack.name}-up`, rack.name), ...plug(`${rack.name}-down`, site.name));
      }
    }
    await batch(fabric, this.#fabric);
    await batch(router, this.#router);
    await batch(sites.flatMap(({ name }) => plug(`${name}-router`, name)), this.#fabric);
    await run(["ip", "netns", "exec", this.#router, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    for (const site of sites) {
      for (const rack of site.racks) {
        for (const host of rack.hosts) await this.#attach(host, rack.name, site.routerAddress);
      }
    }
    await this.#shape(speeds);
  }

  async #attach(host: Host, rack: string, routerAddress: string): Promise<void> {
    const namespace = this.#namespaceOf(host.name);
    await batch([
      "link set lo up",
      `link add eth0 type veth peer name ${host.name} netns ${this.#fabric}`,
      `addr add ${host.address}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${routerAddress}`,
    ], namespace);
    await batch(plug(host.name, rack), this.#fabric);
    // Reno is the algorithm that every kernel allows in a namespace. BBR, the default of some machines, mistakes the moment
    // at which a bucket was full for the link's speed, and never fills such a link again.
    const setting = "net.ipv4.tcp_congestion_control=reno";
    await run(["ip", "netns", "exec", namespace, "sysctl", "-qw", setting]);
  }

  async #shape(speeds: LinkSpeeds): Promise<void> {
    const { sites } = this.#topology;
    const { rackBitsPerSecond, siteBitsPerSecond, slow } = speeds;
    const speedOf = (name: string) =>
      Math.round(speeds.hostBitsPerSecond * (name === slow?.host ? slow.share : 1));
    const fabric = sites.flatMap(({ name, racks }) => [
      tbf(`${name}-router`, siteBitsPerSecond),
      ...racks.flatMap((rack) => [
        tbf(`${rack.name}-up`, rackBitsPerSecond),
        tbf(`${rack.name}-down`, rackBitsPerSecond),
        ...rack.hosts.map((host) => tbf(host.name, speedOf(host.name))),
      ]),
    ]);
    await batch(fabric, this.#fabric, "tc");
    await batch(sites.map(({ name }) => tbf(name, siteBitsPerSecond)), this.#router, "tc");
    for (const { name } of sites.flatMap(({ racks }) => racks.flatMap(({ hosts }) => hosts))) {
      await batch([tbf("eth0", speedOf(name))], this.#namespaceOf(name), "tc");
    }
  }
}

async function listNamespaces(isWanted: (name: string) => boolean): Promise<string[]> {
  const text = await run(["ip", "netns", "list"]);
  return text.split("\n").map((line) => line.split(" ")[0] ?? "").filter(isWanted);
}

async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const pids = (await run(["ip", "netns", "pids", name])).split("\n").filter((pid) => pid !== "");
    for (const pid of pids) {
      try {
        Deno.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  if (names.length > 0) await batch(names.map((name) => `netns del ${name}`));
}

function bridge(name: string): string[] {
  return [`link add ${name} type bridge`, `link set ${name} up`];
}

/** Puts one end of a link on a bridge. */
function plug(link: string, bridgeName: string): string[] {
  return [`link set ${link} master ${bridgeName}`, `link set ${link} up`];
}

function tbf(link: string, bitsPerSecond: number): string {
  return `qdisc add dev ${link} root tbf rate ${bitsPerSecond}bit burst ${BURST_BYTES} limit ${QUEUE_BYTES}`;
}

async function run([program = "", ...args]: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
    .output();
  if (!success) throw networkFailure([program, ...args], stderr);
  return new TextDecoder().decode(stdout);
}

/**
 * A BitTorrent client that others wrote, as the tests use it: a process that seeds or fetches one torrent on loopback,
 * with everything off that would look for peers elsewhere (DHT, local discovery, peer exchange, port mapping).
 */

/** What a foreign client is told. */
export interface ForeignOrders {
  /** Or a magnet link, for those that fetch. */
  readonly torrentPath: string;
  /** The folder that holds, or receives, the torrent's content under the torrent's own name. */
  readonly folder: string;
  /** A folder of its own for whatever it keeps. */
  readonly stateFolder: string;
  /** Where it listens. */
  readonly port: number;
}

/** A client of others. */
export interface ForeignClient {
  readonly name: string;
  /**
   * Whether it takes addresses on loopback from a tracker. Transmission takes them for nonsense: it must be dialled.
   */
  readonly dialsLoopback: boolean;
  /** Whether it makes files that have no content. Transmission removes even those that are there. */
  readonly makesEmptyFiles: boolean;
  /**
   * Whether it may end by itself, with status 0 and nothing done. Transmission does so when its own thread has not started the
   * torrent 200 ms after it was told to.
   */
  readonly givesUpEarly: boolean;
  /** The command line that seeds what is in the folder, until it is killed. */
  seed(orders: ForeignOrders): Promise<readonly string[]>;
  /** The command line that fetches into the folder. */
  fetch(orders: ForeignOrders): Promise<readonly string[]>;
}

/** As much of a client's output is kept, for the message of a test that fails. */
const MAX_OUTPUT_CHARACTERS = 4_000;

/** How often a client that gives up early is started: on a machine that has others to serve it does so more than once. */
const MAX_STARTS = 10;

/** A foreign client at work. Disposing of it kills it. */
export class ForeignProcess implements AsyncDisposable {
  readonly #ended: Promise<void>;
  #child: Deno.ChildProcess | null = null;
  #output = "";
  #isDisposed = false;

  private constructor(command: readonly string[], maxStarts: number) {
    this.#ended = this.#run(command, maxStarts);
  }

  /** A client that seeds what is in the folder. */
  static async seed(client: ForeignClient, orders: ForeignOrders): Promise<ForeignProcess> {
    return new ForeignProcess(await client.seed(orders), client.givesUpEarly ? MAX_STARTS : 1);
  }

  /** A client that fetches into the folder, with options of its own beside the usual ones. */
  static async fetch(
    client: ForeignClient,
    orders: ForeignOrders,
    options: readonly string[] = [],
  ): Promise<ForeignProcess> {
    const command = [...await client.fetch(orders), ...options];
    return new ForeignProcess(command, client.givesUpEarly ? MAX_STARTS : 1);
  }

  /** The end of what it printed. */
  get output(): string {
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  async #run(command: readonly string[], maxStarts: number): Promise<void> {
    for (let starts = 0; starts < maxStarts && !this.#isDisposed; starts++) {
      const child = start(command);
      this.#child = child;
      const [{ success }] = await Promise.all([
        child.status.finally(() => this.#child = null),
        this.#read(child.stdout),
        this.#read(child.stderr),
      ]);
      if (!success) return;
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARACTERS);
    }
  }
}

function start(command: readonly string[]): Deno.ChildProcess {
  const [program = "", ...args] = command;
  return new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // No proxy of the machine's may come between clients on loopback.
    env: { http_proxy: "", https_proxy: "", all_proxy: "", no_proxy: "*" },
  }).spawn();
}

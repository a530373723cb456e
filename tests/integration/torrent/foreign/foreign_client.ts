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
  /** The command line that seeds what is in the folder, until it is killed. */
  seed(orders: ForeignOrders): Promise<readonly string[]>;
  /** The command line that fetches into the folder. */
  fetch(orders: ForeignOrders): Promise<readonly string[]>;
}

/** As much of a client's output is kept, for the message of a test that fails. */
const MAX_OUTPUT_CHARACTERS = 4_000;

/** A foreign client at work. Disposing of it kills it. */
export class ForeignProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #output = "";
  #ended = false;

  constructor(command: readonly string[]) {
    const [program = "", ...args] = command;
    this.#child = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // No proxy of the machine's may come between clients on loopback.
      env: { http_proxy: "", https_proxy: "", all_proxy: "", no_proxy: "*" },
    }).spawn();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
    this.#child.status.then(() => this.#ended = true);
  }

  /** The end of what it printed. */
  get output(): string {
    return this.#output;
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARACTERS);
    }
  }
}

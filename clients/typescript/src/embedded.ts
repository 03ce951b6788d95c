/**
 * A server of the program's own: started on a data directory, on a free port of this machine, stopped with the program.
 *
 * The server is watched by a shell that holds a pipe to this process: when this process ends, in whatever way, the pipe closes
 * and the server gets SIGTERM. So no server outlives its program and keeps the data directory locked, and no temporary one is left.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { ServerStartError } from "./errors.js";

/** How a server of the program's own is started. */
export interface EmbeddedOptions {
  /** Its data; a temporary directory that is removed at the end unless given. */
  dataDir?: string | undefined;
  binary?: string | undefined;
  password?: string | undefined;
  /** Addresses for peers; the server's default is port 4001 of all interfaces, once there is a network. */
  listen?: readonly string[] | undefined;
  /** Further arguments of `nebulusdb serve`. */
  serverArguments?: readonly string[] | undefined;
  startTimeoutMs?: number | undefined;
  stopTimeoutMs?: number | undefined;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** So much of what the server said is kept for an error. */
const LOG_LINES = 20;

const WATCH = `
temporary=$1; shift
"$@" </dev/null 3<&- &
server=$!
echo "pid $server"
{ cat <&3; kill -TERM "$server"; } >/dev/null 2>&1 &
exec 3<&-
wait "$server"; status=$?
[ -z "$temporary" ] || rm -rf -- "$temporary"
exit $status
`;

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The binary that the npm package of the server installed, seen from the program and from the working directory. */
async function packagedBinary(): Promise<string | undefined> {
  const starts = [process.argv[1] ?? "", path.join(process.cwd(), "index.js")].filter((start) => path.isAbsolute(start));
  for (const start of starts) {
    try {
      const manifest = createRequire(await realpath(start).catch(() => start)).resolve("nebulusdb/package.json");
      const binary = path.join(path.dirname(manifest), "bin", "nebulusdb");
      if (await isExecutable(binary)) return binary;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

/**
 * Finds the server: the option, NEBULUSDB_BIN, PATH, the npm package `nebulusdb`, in this order.
 *
 * @throws ServerStartError where there is none.
 */
export async function findBinary(option: string | undefined): Promise<string> {
  for (const [named, source] of [
    [option, "the option binary"],
    [process.env.NEBULUSDB_BIN, "NEBULUSDB_BIN"],
  ] as const) {
    if (named === undefined || named === "") continue;
    if (await isExecutable(named)) return path.resolve(named);
    throw new ServerStartError("58P01", `${source} names "${named}", which is no program that can be run`);
  }
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const candidate = path.join(folder, "nebulusdb");
    if (folder !== "" && (await isExecutable(candidate))) return candidate;
  }
  const packaged = await packagedBinary();
  if (packaged !== undefined) return packaged;
  throw new ServerStartError("58P01", "the program nebulusdb was not found", {
    hint: "Install it, or name it by the option binary or by NEBULUSDB_BIN; or connect to a running server by connectionString.",
  });
}

/** The environment without what would configure the server besides the arguments. */
function environment(password: string | undefined): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(NEBULUSDB_|PG)/.test(name));
  return { ...Object.fromEntries(kept), ...(password === undefined ? {} : { NEBULUSDB_PASSWORD: password }) };
}

/** A running server. */
export class EmbeddedServer {
  private constructor(
    readonly connectionString: string,
    readonly password: string,
    private readonly shell: ChildProcess,
    private readonly pid: number,
    private readonly exited: Promise<number | null>,
    private readonly temporary: string | undefined,
    private readonly stopTimeoutMs: number,
    private readonly onExit: () => void,
  ) {}

  /**
   * Starts a server and waits until it accepts connections. `onUnexpectedExit` is called when it ends without stop().
   *
   * @throws ServerStartError with the last lines that the server wrote.
   */
  static async start(options: EmbeddedOptions, onUnexpectedExit: (error: ServerStartError) => void): Promise<EmbeddedServer> {
    const binary = await findBinary(options.binary);
    const temporary = options.dataDir === undefined ? await mkdtemp(path.join(tmpdir(), "nebulusdb-")) : undefined;
    const dataDir = path.resolve(options.dataDir ?? temporary ?? "");
    const listen = (options.listen ?? []).flatMap((address) => ["--p2p-listen", address]);
    const serve = ["serve", "--data-dir", dataDir, "--listen", "127.0.0.1:0", "--admin", "off", ...listen, ...(options.serverArguments ?? [])];
    const shell = spawn("/bin/sh", ["-c", WATCH, "nebulusdb", temporary ?? "", binary, ...serve], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      env: environment(options.password),
      // Ctrl-C at a terminal is the program's to answer, and not for the server beside it.
      detached: true,
    });
    const log: string[] = [];
    shell.stderr?.setEncoding("utf8");
    if (shell.stderr !== null) {
      createInterface({ input: shell.stderr }).on("line", (line) => {
        log.push(line);
        if (log.length > LOG_LINES) log.shift();
      });
    }
    const exited = new Promise<number | null>((resolve) => {
      shell.once("error", () => {
        resolve(null);
      });
      shell.once("exit", resolve);
    });
    const started = { pid: 0 };
    const stopTimeoutMs = options.stopTimeoutMs ?? STOP_TIMEOUT_MS;
    const failed = async (reason: string): Promise<never> => {
      (shell.stdio[3] as Writable | null)?.destroy();
      await ended(exited, started.pid, stopTimeoutMs);
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
      throw new ServerStartError("58000", `${binary} did not start on "${dataDir}": ${reason}`, {
        detail: log.join("\n"),
        hint: log.length === 0 ? undefined : `It said: ${log.slice(-3).join(" / ")}`,
      });
    };
    const url = await ready(shell, exited, started, options.startTimeoutMs ?? START_TIMEOUT_MS).catch((error: unknown) =>
      failed(error instanceof Error ? error.message : String(error)),
    );
    const password = options.password ?? (await readFile(path.join(dataDir, "keys", "password"), "utf8").catch(() => failed("its password file cannot be read"))).trim();
    let stopping = false;
    void exited.then((status) => {
      if (stopping) return;
      onUnexpectedExit(
        new ServerStartError("57P02", `the server of this program has ended${status === null ? "" : ` with status ${status}`}`, { detail: log.join("\n") }),
      );
    });
    // A program that is done ends, with its server, whether or not it shut the database down.
    hold(shell, false);
    return new EmbeddedServer(url, password, shell, started.pid, exited, temporary, stopTimeoutMs, () => {
      stopping = true;
    });
  }

  /** Stops the server by SIGTERM, waits for it, and kills it when that takes too long. Removes a temporary data directory. */
  async stop(): Promise<void> {
    this.onExit();
    hold(this.shell, true);
    (this.shell.stdio[3] as Writable | null)?.end();
    await ended(this.exited, this.pid, this.stopTimeoutMs);
    if (this.temporary !== undefined) await rm(this.temporary, { recursive: true, force: true });
  }
}

/** Whether a running server keeps this process from ending. */
function hold(shell: ChildProcess, held: boolean): void {
  const handles = [shell, ...shell.stdio] as (Partial<Record<"ref" | "unref", () => void>> | null | undefined)[];
  for (const handle of handles) handle?.[held ? "ref" : "unref"]?.();
}

/** Waits until a server that was told to stop has ended, and kills it when that takes too long. */
async function ended(exited: Promise<number | null>, pid: number, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => {
    try {
      if (pid > 0) process.kill(pid, "SIGKILL");
    } catch (error) {
      // It has ended just now.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }, timeoutMs);
  await exited;
  clearTimeout(timer);
}

/** Waits for the two lines that say that the server is there: its process, which is noted, and its address. */
async function ready(shell: ChildProcess, exited: Promise<number | null>, started: { pid: number }, timeoutMs: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const told = new Promise<string>((resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it was not ready after ${timeoutMs} ms`));
    }, timeoutMs);
    void exited.then((status) => {
      reject(new Error(status === null ? "no shell could be started" : `it ended with status ${status}`));
    });
    if (shell.stdout === null) return;
    // What comes later is read too, so that the server never waits for a full pipe.
    createInterface({ input: shell.stdout }).on("line", (line) => {
      if (line.startsWith("pid ")) started.pid = Number(line.slice(4));
      if (line.startsWith("ready ")) resolve(line.slice(6).trim());
    });
  });
  return told.finally(() => {
    clearTimeout(timer);
  });
}

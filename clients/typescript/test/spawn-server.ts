/** A server that is nobody's own: started on a port, and stopped by SIGTERM. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { findBinary } from "../src/embedded.js";

/** A port that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return address.port;
}

/** Starts it and waits until it is ready; it lets this machine in without a password. */
export async function spawnServer(dataDir: string, port: number): Promise<{ stop: () => Promise<void> }> {
  const binary = await findBinary(undefined);
  const server = spawn(binary, ["serve", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`, "--admin", "off", "--trust-local"], { stdio: ["ignore", "pipe", "ignore"] });
  const exited = new Promise((resolve) => server.once("exit", resolve));
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: server.stdout }).on("line", (line) => {
      if (line.startsWith("ready ")) resolve();
    });
    void exited.then(() => {
      reject(new Error("the server did not start"));
    });
  });
  return {
    stop: async () => {
      server.kill("SIGTERM");
      await exited;
    },
  };
}

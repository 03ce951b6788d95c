/** A server that is nobody's own: started on a port, and stopped by SIGTERM. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { findBinary } from "../src/embedded.js";

export async function spawnServer(dataDir: string, port: number): Promise<{ stop: () => Promise<void> }> {
  const binary = await findBinary(undefined);
  const server = spawn(binary, ["serve", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`, "--admin", "off"], { stdio: ["ignore", "pipe", "ignore"] });
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

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Every file starts servers of its own: few run at a time.
export default defineConfig({
  resolve: { alias: { "@nebulusdb/client": fileURLToPath(new URL("src/index.ts", import.meta.url)) } },
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 },
});

// Builds the console into ../files, which the server embeds, and writes there a digest of what it was built from.
import { createHash } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
const grammar = join(root, "../../../grammar/knirvql.pest");
const files = join(root, "../files");

/** The keywords of KNIRVQL, taken from its grammar, as the module `virtual:keywords`. */
function keywords(): Plugin {
  const name = "virtual:keywords";
  return {
    name: "knirvql-keywords",
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      const words = new Set([...readFileSync(grammar, "utf8").matchAll(/^kw_\w+\s*=\s*@\{\s*\^"(\w+)"/gm)].map((found) => found[1]));
      if (words.size === 0) throw new Error("the grammar has no keywords");
      return `export const KNIRVQL = ${JSON.stringify([...words].sort())};`;
    },
  };
}

/** What the built files depend on, by path from this folder. `src/console/files.rs` hashes the same in a test. */
function sources(): string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else found.push(relative(root, path));
    }
  };
  walk(join(root, "src"));
  for (const name of ["index.html", "icon.svg", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"]) found.push(name);
  found.push(relative(root, grammar));
  return found.sort();
}

function digest(): Plugin {
  return {
    name: "digest-of-sources",
    closeBundle() {
      const all = createHash("sha256");
      for (const path of sources()) {
        const content = createHash("sha256").update(readFileSync(join(root, path))).digest("hex");
        all.update(`${content}  ${path}\n`);
      }
      copyFileSync(join(root, "icon.svg"), join(files, "icon.svg"));
      writeFileSync(join(files, "sources.sha256"), `${all.digest("hex")}\n`);
    },
  };
}

export default defineConfig({
  root,
  base: "/console/",
  plugins: [keywords(), digest()],
  build: {
    outDir: files,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: { entryFileNames: "console.js", assetFileNames: "console.[ext]", inlineDynamicImports: true },
    },
  },
});

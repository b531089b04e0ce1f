import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { arch, cpus, loadavg, platform } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const require = createRequire(import.meta.url)

const peers = [
  "effect",
  "xstate",
  "@langchain/langgraph",
  "@langchain/core",
  "pocketflow",
  "p-limit",
  "croner",
  "node-cron",
  "toad-scheduler",
  "p-retry",
  "@effect/sql-pg",
  "pg",
  "typescript"
] as const

/** What the figures depend on, one line each. */
export const describeEnvironment = (): ReadonlyArray<string> => {
  const processors = cpus()
  const versions = peers.map((name) => `${name} ${versionOf(name)}`).join(", ")
  return [
    `Node ${process.versions.node}, ${versions}`,
    `${platform()} ${arch()}, ${processors.length} cores, ${processors[0]?.model ?? "unknown processor"}`,
    `${new Date().toISOString().slice(0, 10)}, load average at the start ${loadavg()[0]?.toFixed(2)}`
  ]
}

/** Finds an installed package's folder, also where its `exports` hide its `package.json`. */
const versionOf = (name: string): string => {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")).version
    } catch {
      continue
    }
  }
  return "unknown"
}

/** The compiler's command-line program. */
export const typescriptCompiler = (): string => {
  const manifest = require.resolve("typescript/package.json")
  return join(dirname(manifest), require(manifest).bin.tsc)
}

/** Generated files: ignored by git. */
export const buildFolder = fileURLToPath(new URL("../../build/", import.meta.url))

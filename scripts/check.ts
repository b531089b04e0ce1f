/**
 * Runs every check of this repository, one after another, and goes on after a failure so that one run shows them all.
 *
 * `pnpm check` runs all; `pnpm check lint types` runs the named ones; `pnpm check --skip test` all but the named ones.
 */
import { spawnSync } from "node:child_process"

const all = [
  "lint",
  "format:check",
  "types",
  "test",
  "typetest",
  "unused",
  "examples",
  "docs:check",
  "package:check"
] as const

const args = process.argv.slice(2)
const isSkip = args[0] === "--skip"
const named = isSkip ? args.slice(1) : args
const unknown = named.filter((name) => !all.some((step) => step === name))
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(", ")}; there are ${all.join(", ")}`)
  process.exit(2)
}
const steps = named.length === 0 ? all : all.filter((step) => named.includes(step) !== isSkip)

const seconds = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`
const start = performance.now()
const lines: Array<string> = []

for (const step of steps) {
  console.log(`\n=== ${step}`)
  const from = performance.now()
  const run = spawnSync("pnpm", ["run", step], { stdio: "inherit", shell: process.platform === "win32" })
  const ok = run.status === 0
  if (!ok) process.exitCode = 1
  lines.push(`${ok ? "ok    " : "FAILED"}  ${step} (${seconds(from)})`)
  console.log(`--- ${lines.at(-1)}`)
}

console.log(`\n=== summary (${seconds(start)})\n${lines.join("\n")}`)

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"

/** Makes a directory that is gone with the process. `CANO_BENCH_DIR` says on which disk. */
export const makeDirectory = (): string => {
  const path = mkdtempSync(join(process.env["CANO_BENCH_DIR"] ?? tmpdir(), "cano-bench-"))
  process.on("exit", () => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The payload of a state, about 100 bytes. */
export const state = JSON.stringify({ _tag: "Step", order: "0123456789", note: "x".repeat(60) })

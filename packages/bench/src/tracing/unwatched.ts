import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildFolder } from "../harness/environment.ts"

type WorkflowModule = typeof import("effect-cano/Workflow")

const look = "const watch = watchOf(fiber)"

/** Loads a copy of the library in which no run looks for a tracer, an observer or metrics, and none is ever watched. */
export const loadUnwatched = async (): Promise<WorkflowModule> => {
  const sources = dirname(fileURLToPath(import.meta.resolve("effect-cano/Workflow")))
  const folder = join(buildFolder, "unwatched")
  cpSync(sources, folder, { recursive: true })
  const file = join(folder, "internal", "run", "start.ts")
  const original = readFileSync(file, "utf8")
  if (!original.includes(look)) throw new Error(`start.ts does not contain "${look}": adapt src/tracing/unwatched.ts`)
  writeFileSync(file, original.replaceAll(look, "const watch: any = undefined"))
  return import(pathToFileURL(join(folder, "Workflow.ts")).href)
}

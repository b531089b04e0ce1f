import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildFolder } from "../harness/environment.ts"

type WorkflowModule = typeof import("effect-cano/Workflow")

const check = "cache.tracer !== undefined && cache.tracerEnabled"

/** Loads a copy of the library in which no run ever looks for a tracer, so that no tracing code can be reached. */
export const loadUntraced = async (): Promise<WorkflowModule> => {
  const sources = dirname(fileURLToPath(import.meta.resolve("effect-cano/Workflow")))
  const folder = join(buildFolder, "untraced")
  cpSync(sources, folder, { recursive: true })
  const file = join(folder, "internal/trace.ts")
  const original = readFileSync(file, "utf8")
  if (!original.includes(check))
    throw new Error(`internal/trace.ts does not contain "${check}": adapt src/tracing/untraced.ts`)
  writeFileSync(file, original.replaceAll(check, "false"))
  return import(pathToFileURL(join(folder, "Workflow.ts")).href)
}

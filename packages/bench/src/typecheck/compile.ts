import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Prepare } from "../harness/contender.ts"
import { buildFolder, typescriptCompiler } from "../harness/environment.ts"
import * as generate from "./generate.ts"

/** Writes a generated file with a machine of that many states and its configuration, then compiles it on every run. */
export const compile =
  (source: "empty" | "literals" | "records", size: number): Prepare =>
  () => {
    const folder = join(buildFolder, "typecheck", `${source}-${size}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "machine.ts"), generate[source](size))
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration, undefined, 2))
    const compiler = typescriptCompiler()
    return () => {
      const { status, stdout } = spawnSync(process.execPath, [compiler, "--project", folder], { encoding: "utf8" })
      if (status !== 0) throw new Error(stdout)
      return 1
    }
  }

const configuration = {
  extends: "../../../../../tsconfig.base.json",
  compilerOptions: { composite: false, incremental: false, declaration: false, declarationMap: false, noEmit: true },
  files: ["machine.ts"]
}

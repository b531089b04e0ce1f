/**
 * Runs in `packages/cano` before it is packed or published: builds from nothing, so that no output of a removed module
 * is shipped, and puts the repository's README and licence beside the package.
 */
import { spawnSync } from "node:child_process"
import { copyFileSync, rmSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const home = join(root, "packages/cano")

rmSync(join(home, "dist"), { recursive: true, force: true })
const build = spawnSync("tsc", ["-b", "--force", join(home, "tsconfig.src.json")], {
  stdio: ["ignore", "inherit", "inherit"],
  shell: process.platform === "win32"
})
if (build.status !== 0) process.exit(1)
for (const file of ["README.md", "LICENSE"]) copyFileSync(join(root, file), join(home, file))

/**
 * Runs in the folder of a package before it is packed or published: builds it from nothing, so that no output of a
 * removed module is shipped, and puts the files that it shares with the repository beside it.
 */
import { spawnSync } from "node:child_process"
import { copyFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { root, sharedFiles } from "./packages.ts"

const home = process.cwd()

for (const built of ["dist", "build/src.tsbuildinfo"]) rmSync(join(home, built), { recursive: true, force: true })
const build = spawnSync("tsc", ["-b", join(home, "tsconfig.src.json")], {
  stdio: ["ignore", "inherit", "inherit"],
  shell: process.platform === "win32"
})
if (build.status !== 0) process.exit(1)
for (const file of sharedFiles) copyFileSync(join(root, file), join(home, file))

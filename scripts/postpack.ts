/** Removes what `prepack` put beside the package, so that an editor or a search finds each text once. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { sharedFiles } from "./packages.ts"

const home = process.cwd()

for (const file of sharedFiles) rmSync(join(home, file), { force: true })

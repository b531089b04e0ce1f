/** Removes what `prepack` put beside the package, so that an editor or a search finds each text once. */
import { rmSync } from "node:fs"
import { join } from "node:path"

for (const file of ["README.md", "LICENSE"])
  rmSync(join(import.meta.dirname, "../packages/cano", file), { force: true })

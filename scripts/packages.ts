/** The packages of this repository that are published: those in `packages` that are not private. */
import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export const root = join(import.meta.dirname, "..")

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: unknown
  readonly publishConfig: { readonly exports: unknown }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Package {
  readonly home: string
  readonly manifest: Manifest
}

export const manifestIn = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

export const published: ReadonlyArray<Package> = globSync("packages/*/package.json", { cwd: root })
  .map((path) => join(root, dirname(path)))
  .map((home) => ({ home, manifest: manifestIn(home) }))
  .filter(({ manifest }) => manifest.private !== true)
  .sort((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1))

/** What is shipped with a package and lies at the root. */
export const sharedFiles: ReadonlyArray<string> = ["LICENSE"]

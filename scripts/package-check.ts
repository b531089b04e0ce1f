/**
 * Checks each published package as a user gets it: packs it, reads the tarball, lints it, installs it with its peers into
 * a project of its own (the packages of this repository from their tarballs, the others from the registry), type-checks
 * that project and runs it. The program in it is the package's `test/consumer.ts`.
 */
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, posix } from "node:path"
import { manifestIn, type Package, published, root } from "./packages.ts"

const scratch = mkdtempSync(join(tmpdir(), "effect-cano-package-"))

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): void => {
  console.log(`$ ${[basename(command), ...args.map((arg) => arg.replace(scratch, "."))].join(" ")}`)
  const done = spawnSync(command, args, {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32"
  })
  if (done.status !== 0) throw new Error(`${basename(command)} ${args[0] ?? ""} failed`)
}

// -----------------------------------------------------------------------------
// the tarball
// -----------------------------------------------------------------------------

interface Packed extends Package {
  readonly tarball: string
  readonly unpacked: string
  /** The sources, as paths in `src`. */
  readonly sources: ReadonlyArray<string>
}

const pack = ({ home, manifest }: Package): Packed => {
  const folder = join(scratch, manifest.name)
  mkdirSync(folder)
  run(home, "pnpm", "pack", "--pack-destination", folder)
  const tarballs = globSync("*.tgz", { cwd: folder })
  assert.equal(tarballs.length, 1, "a tarball was packed")
  const tarball = join(folder, tarballs[0]!)
  run(folder, "tar", "-xzf", tarball)
  const sources = globSync("**/*.ts", { cwd: join(home, "src") }).map((path) => path.replaceAll("\\", "/"))
  return { home, manifest, tarball, unpacked: join(folder, "package"), sources }
}

interface Modules {
  readonly shown: ReadonlyArray<string>
  readonly hidden: ReadonlyArray<string>
}

const modulesOf = ({ sources }: Packed): Modules => {
  const names = sources.map((source) => source.slice(0, -".ts".length))
  const hidden = names.filter((name) => name === "index" || name.startsWith("internal/"))
  return { hidden, shown: names.filter((name) => !hidden.includes(name)) }
}

/** Every source has its four outputs, and nothing else is shipped. */
const checkFiles = ({ home, sources, unpacked }: Packed): void => {
  const expected = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"]
  if (existsSync(join(home, "AGENTS.md"))) expected.push("AGENTS.md")
  for (const source of sources) {
    const stem = `dist/${source.slice(0, -".ts".length)}`
    expected.push(`src/${source}`, `${stem}.js`, `${stem}.js.map`, `${stem}.d.ts`, `${stem}.d.ts.map`)
  }
  const shipped = globSync("**/*", { cwd: unpacked, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(unpacked.length + 1).replaceAll("\\", "/"), entry.name))
  assert.deepEqual(shipped.sort(), expected.sort(), "the tarball's files")
}

/** What a page of the package links to is in the package: a registry shows the page without the repository. */
const checkLinks = ({ unpacked }: Packed): void => {
  for (const page of globSync("*.md", { cwd: unpacked })) {
    const links = Array.from(
      readFileSync(join(unpacked, page), "utf8").matchAll(/\]\(([^)\s#]+)/g),
      ([, link]) => link!
    )
    const broken = links.filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(unpacked, link)))
    assert.deepEqual(broken, [], `links of ${page} that leave the package`)
  }
}

const checkManifest = ({ manifest, unpacked }: Packed): void => {
  const { dependencies, exports, name, peerDependencies } = manifestIn(unpacked)
  assert.deepEqual(exports, manifest.publishConfig.exports, "exports point at dist")
  assert.deepEqual(dependencies ?? {}, {}, "no runtime dependencies")
  assert.ok(!JSON.stringify(peerDependencies).includes("workspace:"), "peers have versions")
  if (name === "effect-cano") assert.deepEqual(Object.keys(peerDependencies ?? {}), ["effect"], "one peer dependency")
}

// -----------------------------------------------------------------------------
// a project with the package
// -----------------------------------------------------------------------------

/** Internals and the barrel's file stay out of reach, both at run time and for the compiler. */
const closed = (modules: ReadonlyArray<string>) => `
const hidden = ${JSON.stringify(modules)}
for (const name of hidden) {
  const code = await import(name).then(() => "importable", (error) => error.code)
  if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw new Error(name + ": " + code)
}
console.log(hidden.length, "modules are closed")
`
const closedTypes = (modules: ReadonlyArray<string>) =>
  modules
    .map((name, index) => `// @ts-expect-error it is not exported\nexport type * as M${index} from "${name}"\n`)
    .join("")

/** Each public module loads by its own path and, when its name is a noun, is the barrel's namespace. */
const open = (name: string, modules: ReadonlyArray<string>) => `
import * as barrel from "${name}"
const names = ${JSON.stringify(modules)}
for (const name of names) {
  const module = await import("${name}/" + name)
  if (/^[A-Z]/.test(name) && barrel[name] !== module) throw new Error(name + " is not in the barrel")
}
console.log(names.length, "public modules load")
`

/** The package and its peers: those of this repository as they were packed, the others as it is developed with. */
const dependenciesOf = ({ manifest }: Packed, all: ReadonlyArray<Packed>): Record<string, string> => {
  const names = [manifest.name, ...Object.keys(manifest.peerDependencies ?? {})]
  return Object.fromEntries(
    names.map((name) => {
      const packed = all.find((other) => other.manifest.name === name)
      const version = packed === undefined ? manifest.devDependencies?.[name] : `file:${packed.tarball}`
      assert.ok(version !== undefined, `the peer ${name} is a development dependency`)
      return [name, version]
    })
  )
}

const checkConsumer = (packed: Packed, all: ReadonlyArray<Packed>, { hidden, shown }: Modules): void => {
  const { name } = packed.manifest
  const consumer = join(scratch, name, "consumer")
  const hiddenPaths = hidden.map((module) => `${name}/${module}`)
  const { "@types/node": types, typescript } = manifestIn(root).devDependencies!
  const write = (file: string, content: unknown) =>
    writeFileSync(join(consumer, file), typeof content === "string" ? content : JSON.stringify(content, null, 2))

  mkdirSync(consumer)
  write("package.json", {
    name: "consumer",
    private: true,
    type: "module",
    dependencies: dependenciesOf(packed, all),
    devDependencies: { "@types/node": types, typescript }
  })
  copyFileSync(join(packed.home, "test/consumer.ts"), join(consumer, "main.ts"))
  write("closed.mjs", closed(hiddenPaths))
  write("closed.ts", closedTypes(hiddenPaths))
  write("open.mjs", open(name, shown))
  for (const [resolution, module] of [
    ["nodenext", "nodenext"],
    ["bundler", "esnext"]
  ] as const) {
    write(`tsconfig.${resolution}.json`, {
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: "es2023",
        module,
        moduleResolution: resolution,
        types: name === "effect-cano" ? [] : ["node"]
      },
      files: ["main.ts", "closed.ts"]
    })
  }

  run(consumer, "pnpm", "install", "--ignore-workspace", "--no-lockfile", "--prefer-offline", "--reporter", "silent")
  for (const name of ["nodenext", "bundler"]) run(consumer, "pnpm", "exec", "tsc", "-p", `tsconfig.${name}.json`)
  for (const file of ["main.ts", "closed.mjs", "open.mjs"]) run(consumer, process.execPath, file)
}

try {
  const all = published.map(pack)
  for (const packed of all) {
    console.log(`\n${packed.manifest.name}`)
    const modules = modulesOf(packed)
    checkFiles(packed)
    checkLinks(packed)
    checkManifest(packed)
    run(root, "publint", "--strict", packed.tarball)
    run(
      root,
      "attw",
      packed.tarball,
      "--profile",
      "esm-only",
      "--format",
      "ascii",
      "--entrypoints",
      ".",
      ...modules.shown
    )
    checkConsumer(packed, all, modules)
  }
  console.log(`\n${all.map(({ manifest }) => manifest.name).join(" and ")}: good`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

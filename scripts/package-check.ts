/**
 * Checks the package as a user gets it: packs it, reads the tarball, lints it, installs it into
 * a project of its own with the other packages from the registry, type-checks that project and runs it.
 */
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, posix } from "node:path"

const root = join(import.meta.dirname, "..")
const home = join(root, "packages/cano")
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

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"))

/** Every source has its four outputs, and nothing else is shipped. */
const checkFiles = (unpacked: string, sources: ReadonlyArray<string>): void => {
  const expected = ["AGENTS.md", "CHANGELOG.md", "LICENSE", "README.md", "package.json"]
  for (const source of sources) {
    const stem = `dist/${source.slice(0, -".ts".length)}`
    expected.push(`src/${source}`, `${stem}.js`, `${stem}.js.map`, `${stem}.d.ts`, `${stem}.d.ts.map`)
  }
  const shipped = globSync("**/*", { cwd: unpacked, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(unpacked.length + 1).replaceAll("\\", "/"), entry.name))
  assert.deepEqual(shipped.sort(), expected.sort(), "the tarball's files")
}

const checkManifest = (unpacked: string): void => {
  const manifest = readJson(join(unpacked, "package.json"))
  const inRepository = readJson(join(home, "package.json"))
  assert.deepEqual(manifest.exports, inRepository.publishConfig.exports, "exports point at dist")
  assert.deepEqual(Object.keys(manifest.peerDependencies), ["effect"], "effect is the only peer dependency")
  assert.deepEqual(manifest.dependencies ?? {}, {}, "no runtime dependencies")
}

const program = `
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Task, Workflow } from "effect-cano"
import { make, run } from "effect-cano/Workflow"

const Letter = Schema.Literals(["A", "B", "C"])

const workflow = Workflow.make("consumer", Letter, {
  initial: "A",
  exits: ["C"],
  states: {
    A: { to: ["B"], run: Effect.succeed("B") },
    B: { to: ["C"], run: () => "C" }
  }
})
const exit: Effect.Effect<"C"> = Workflow.run(workflow)

// The barrel and the sub-path are one module.
if (make !== Workflow.make || run !== Workflow.run || typeof Task !== "object") throw new Error("two copies")

export const misspelt = () =>
  Workflow.make("misspelt", Letter, {
    initial: "A",
    exits: ["B", "C"],
    // @ts-expect-error the published types refuse an edge to a state that does not exist
    states: { A: { to: ["Bee"], run: () => "B" } }
  })

Effect.runPromise(exit).then((state) => console.log("ended in", state))
`

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
const open = (modules: ReadonlyArray<string>) => `
import * as barrel from "effect-cano"
const names = ${JSON.stringify(modules)}
for (const name of names) {
  const module = await import("effect-cano/" + name)
  if (/^[A-Z]/.test(name) && barrel[name] !== module) throw new Error(name + " is not in the barrel")
}
console.log(names.length, "public modules load")
`

interface Modules {
  readonly shown: ReadonlyArray<string>
  readonly hidden: ReadonlyArray<string>
}

const checkConsumer = (tarball: string, { hidden, shown }: Modules): void => {
  const versions = readJson(join(root, "package.json")).devDependencies
  const consumer = join(scratch, "consumer")
  const hiddenPaths = hidden.map((name) => `effect-cano/${name}`)
  const write = (name: string, content: unknown) =>
    writeFileSync(join(consumer, name), typeof content === "string" ? content : JSON.stringify(content, null, 2))

  mkdirSync(consumer)
  write("package.json", {
    name: "consumer",
    private: true,
    type: "module",
    dependencies: { effect: versions.effect, "effect-cano": `file:${tarball}` },
    devDependencies: { typescript: versions.typescript }
  })
  write("main.ts", program)
  write("closed.mjs", closed(hiddenPaths))
  write("closed.ts", closedTypes(hiddenPaths))
  write("open.mjs", open(shown))
  for (const [name, module] of [
    ["nodenext", "nodenext"],
    ["bundler", "esnext"]
  ] as const) {
    write(`tsconfig.${name}.json`, {
      compilerOptions: { strict: true, noEmit: true, target: "es2023", module, moduleResolution: name, types: [] },
      files: ["main.ts", "closed.ts"]
    })
  }

  run(consumer, "pnpm", "install", "--ignore-workspace", "--no-lockfile", "--prefer-offline", "--reporter", "silent")
  for (const name of ["nodenext", "bundler"]) run(consumer, "pnpm", "exec", "tsc", "-p", `tsconfig.${name}.json`)
  for (const file of ["main.ts", "closed.mjs", "open.mjs"]) run(consumer, process.execPath, file)
}

try {
  const sources = globSync("**/*.ts", { cwd: join(home, "src") }).map((path) => path.replaceAll("\\", "/"))
  run(home, "pnpm", "pack", "--pack-destination", scratch)
  const [tarball] = globSync("effect-cano-*.tgz", { cwd: scratch })
  assert.ok(tarball !== undefined, "a tarball was packed")
  run(scratch, "tar", "-xzf", tarball)
  checkFiles(join(scratch, "package"), sources)
  checkManifest(join(scratch, "package"))
  const names = sources.map((source) => source.slice(0, -".ts".length))
  const hidden = names.filter((name) => name === "index" || name.startsWith("internal/"))
  const shown = names.filter((name) => !hidden.includes(name))
  run(root, "publint", "--strict", join(scratch, tarball))
  run(
    root,
    "attw",
    join(scratch, tarball),
    "--profile",
    "esm-only",
    "--format",
    "ascii",
    "--entrypoints",
    ".",
    ...shown
  )
  checkConsumer(join(scratch, tarball), { hidden, shown })
  console.log("the package is good")
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/**
 * Runs the type tests (`packages/cano/typetest/*.tst.ts`) against both compilers that users have.
 *
 * 1. TypeScript 7, the one this repository builds with: every `// @ts-expect-error <message>` must stand above exactly
 *    one error, and that error must contain the message. `...` in a message stands for any text, and what follows `--`
 *    is a note.
 * 2. TypeScript 6, through TSTyche: the same messages, and every `expect<A>().type.toBe<B>()`. TSTyche needs the
 *    compiler's JavaScript API, which TypeScript 7 does not have.
 *
 * Neither needs a build: both read the sources. One test is written by `typetest/soundness.ts`, from a table.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { render } from "./typetest/soundness.ts"

interface CompilerError {
  readonly file: string
  readonly line: number
  text: string
}

const root = join(import.meta.dirname, "..")
const home = join(root, "packages/cano")
const generated = join(home, "typetest/generated")
mkdirSync(generated, { recursive: true })
writeFileSync(join(generated, "Soundness.tst.ts"), render())
const tests = globSync("typetest/**/*.tst.ts", { cwd: home }).sort()

/** The error a directive waits for stands on the next line that is neither blank nor a comment. */
const directive = /^\s*\/\/\s*@ts-expect-error(?::? +(.*))?$/
const isSkipped = (line: string | undefined) => line !== undefined && /^\s*(\/\/.*)?$/.test(line)

const matches = (text: string, pattern: string): boolean => {
  let from = 0
  for (const part of pattern.split("...")) {
    const at = text.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return true
}

const compile = (dir: string): ReadonlyArray<CompilerError> => {
  const tsc = spawnSync("tsc", ["-p", join(dir, "tsconfig.json"), "--pretty", "false", "--noErrorTruncation"], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32"
  })
  if (tsc.error !== undefined) throw tsc.error
  const errors: Array<CompilerError> = []
  for (const line of tsc.stdout.split(/\r?\n/)) {
    const head = /^(.+?)\((\d+),\d+\): error TS\d+: (.*)$/.exec(line)
    if (head !== null) errors.push({ file: join(root, head[1]!), line: Number(head[2]), text: head[3]! })
    else if (line.startsWith(" ") && errors.length > 0) errors.at(-1)!.text += `\n${line.trim()}`
    else if (line !== "") throw new Error(`tsc: ${line}${tsc.stderr}`)
  }
  return errors
}

/**
 * Compiles copies of the tests in which the directives are plain comments, so that TypeScript reports what they hide.
 * The copies lie beside the originals' folder, where the same relative imports resolve.
 */
const checkMessages = (): number => {
  const copies = join(home, ".typetest")
  rmSync(copies, { recursive: true, force: true })
  const problems: Array<string> = []
  let matched = 0
  try {
    const files = globSync("typetest/**/*.ts", { cwd: home }).map((test) => relative("typetest", test))
    for (const file of files) {
      const copy = join(copies, file)
      mkdirSync(dirname(copy), { recursive: true })
      writeFileSync(
        copy,
        readFileSync(join(home, "typetest", file), "utf8").replaceAll("@ts-expect-error", "@expected-error")
      )
    }
    writeFileSync(
      join(copies, "tsconfig.json"),
      JSON.stringify({
        extends: "../tsconfig.typetest.json",
        files,
        include: [],
        compilerOptions: { composite: false, incremental: false, emitDeclarationOnly: false, noEmit: true }
      })
    )
    const errors = new Set(compile(copies))
    for (const test of tests) {
      const copy = join(copies, relative("typetest", test))
      const lines = readFileSync(join(home, test), "utf8").split(/\r?\n/)
      lines.forEach((line, index) => {
        const found = directive.exec(line)
        if (found === null) return
        const where = `packages/cano/${test}:${index + 1}`
        const expected = found[1]?.split(/--+/)[0]?.trim()
        let target = index + 1
        while (isSkipped(lines[target])) target++
        const here = [...errors].filter((error) => error.file === copy && error.line === target + 1)
        here.forEach((error) => errors.delete(error))
        const got = here.map((error) => error.text).join("\n")
        if (here.length !== 1) problems.push(`${where} expects one error, got ${here.length}\n${got}`)
        else if (!expected) problems.push(`${where} says no message; the error is\n${got}`)
        else if (!matches(got, expected)) problems.push(`${where} expects\n${expected}\n-- but the error is\n${got}`)
        else matched++
      })
    }
    for (const error of errors) {
      const original = error.file.replace(copies, join(home, "typetest"))
      problems.push(`${relative(root, original)}:${error.line} is an unexpected error\n${error.text}`)
    }
  } finally {
    rmSync(copies, { recursive: true, force: true })
  }
  for (const problem of problems) console.error(`${problem.replaceAll("\n", "\n    ")}\n`)
  console.log(`TypeScript 7: ${matched} messages matched, ${problems.length} failed, in ${tests.length} files`)
  return problems.length
}

const tstyche = (): number => {
  const compiler = join(root, "node_modules/typescript-6/lib/typescript.js")
  if (!existsSync(compiler)) throw new Error(`no TypeScript 6 at ${compiler}`)
  const run = spawnSync("tstyche", process.argv.slice(2), {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, TSTYCHE_TYPESCRIPT_MODULE: import.meta.resolve("typescript-6") }
  })
  return run.status ?? 1
}

try {
  if (tests.length === 1) throw new Error("no type tests in packages/cano/typetest but the generated one")
  const failed = checkMessages()
  if (tstyche() !== 0 || failed > 0) process.exitCode = 1
} finally {
  rmSync(generated, { recursive: true, force: true })
}

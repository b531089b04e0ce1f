/**
 * Compiles what the docs show and no program contains:
 *
 * - every `@example` in the doc comments of `packages/cano/src`; those that declare nothing are also run;
 * - the mistakes in `scratchpad/src/snippets/mistakes.ts`, whose messages the docs quote from `mistakes.txt`.
 *
 * Part of `pnpm docs:check`.
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, relative } from "node:path"
import { pathToFileURL } from "node:url"

const root = join(import.meta.dirname, "..")
const sources = join(root, "packages/cano/src")
/** Inside the package, so that "effect-cano" is the package itself. */
const copies = join(root, "packages/cano/build/doc-examples")
const mistakes = join(root, "scratchpad/src/snippets/mistakes.ts")
const messages = mistakes.replace(/\.ts$/, ".txt")

const read = (path: string): string => readFileSync(path, "utf8").replaceAll("\r\n", "\n")

interface CompilerError {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** Compiles the files of a folder. A file that cannot be parsed hides the other errors of its folder. */
const compile = (folder: string, files: ReadonlyMap<string, string>): ReadonlyArray<CompilerError> => {
  mkdirSync(folder, { recursive: true })
  for (const [name, code] of files) writeFileSync(join(folder, name), code)
  const compilerOptions = { composite: false, incremental: false, noEmit: true, noUnusedLocals: false }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: join(root, "tsconfig.base.json"), files: [...files.keys()], compilerOptions })
  )
  const args = ["-p", folder, "--pretty", "false"]
  const tsc = spawnSync("tsc", args, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" })
  if (tsc.error !== undefined) throw tsc.error
  return Array.from(
    tsc.stdout.matchAll(/^(\S.*?)\((\d+),\d+\): error TS\d+: (.*(?:\n .*)*)$/gm),
    ([, file, line, text]) => ({ file: basename(file!), line: Number(line), text: text! })
  )
}

// -----------------------------------------------------------------------------
// doc comments
// -----------------------------------------------------------------------------

interface Example {
  readonly file: string
  /** Where the code starts, counted from 0. */
  readonly line: number
  readonly code: string
}

const examplesOf = (file: string): ReadonlyArray<Example> => {
  const text = read(file)
  return Array.from(text.matchAll(/^ *\* @example\n *\* ```ts\n([^]*?)^ *\* ```$/gm), (match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[1]!.replace(/^ *\* ?/gm, "")
  }))
}

const nameOf = ({ file, line }: Example): string => `${basename(file, ".ts")}-${line}.ts`

/** An example that declares what it stands on is checked by the compiler alone. */
const isComplete = ({ code }: Example): boolean => !/^declare /m.test(code)

const runAll = (examples: ReadonlyArray<Example>): ReadonlyArray<string> => {
  const urls = examples.map((example) => pathToFileURL(join(copies, nameOf(example))).href)
  const program = urls.map((url) => `await import(${JSON.stringify(url)})`).join("\n")
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" })
  return run.status === 0 ? [] : [`an example in a doc comment fails when it is run\n${run.stderr}`]
}

const checkExamples = (): ReadonlyArray<string> => {
  const examples = globSync("**/*.ts", { cwd: sources })
    .sort()
    .flatMap((path) => examplesOf(join(sources, path)))
  const errors = compile(copies, new Map(examples.map((example) => [nameOf(example), example.code])))
  const complete = examples.filter(isComplete)
  console.log(`${examples.length} examples in doc comments, ${complete.length} of them run`)
  if (errors.length === 0) return runAll(complete)
  return errors.map(({ file, line, text }) => {
    const example = examples.find((example) => nameOf(example) === file)!
    return `${relative(root, example.file)}:${example.line + line} (example): ${text}`
  })
}

// -----------------------------------------------------------------------------
// mistakes
// -----------------------------------------------------------------------------

/** What the compiler says about each region of `mistakes.ts`, in the form of a file with regions. */
const messagesOf = (errors: ReadonlyArray<CompilerError>): string => {
  const lines = read(mistakes).split("\n")
  return lines
    .flatMap((line, start) => {
      const name = /^\/\/ #region (\S+)$/.exec(line)?.[1]
      if (name === undefined) return []
      const end = lines.findIndex((other, index) => index > start && other === "// #endregion")
      const here = errors.filter(({ line }) => line > start && line <= end).map(({ text }) => `error: ${text}`)
      return [`// #region ${name}\n${here.join("\n")}\n// #endregion\n`]
    })
    .join("\n")
}

const checkMistakes = (update: boolean): ReadonlyArray<string> => {
  // As a plain comment of the same length the directive hides nothing and moves no line.
  const code = read(mistakes).replaceAll("@ts-expect-error", "@expected-error")
  const said = messagesOf(compile(join(copies, "mistakes"), new Map([["mistakes.ts", code]])))
  if (update) writeFileSync(messages, said)
  return said === read(messages)
    ? []
    : [`${relative(root, messages)} is not what the compiler says: run pnpm docs:update`]
}

/** Returns what is wrong, a line or more for each problem. */
export const check = (options: { readonly update: boolean }): ReadonlyArray<string> => {
  rmSync(copies, { recursive: true, force: true })
  return [...checkExamples(), ...checkMistakes(options.update)]
}

/**
 * Compiles what the docs show and no program contains:
 *
 * - every `@example` in the doc comments of the published packages; those that declare nothing are also run;
 * - the mistakes in `scratchpad/src/snippets/mistakes.ts`, whose messages the docs quote from `mistakes.txt`.
 *
 * Part of `pnpm docs:check`.
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, relative } from "node:path"
import { pathToFileURL } from "node:url"
import { published, root } from "./packages.ts"

/** Inside the package, so that its name is the package itself. */
const copiesIn = (home: string): string => join(home, "build/doc-examples")
const core = join(root, "packages/cano")
const mistakesCopies = join(copiesIn(core), "mistakes")
const mistakes = join(root, "scratchpad/src/snippets/mistakes.ts")
const messages = mistakes.replace(/\.ts$/, ".txt")

const read = (path: string): string => readFileSync(path, "utf8").replaceAll("\r\n", "\n")

interface CompilerError {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** Compiles the files of a folder as the sources of a package. A file that cannot be parsed hides the other errors. */
const compile = (home: string, folder: string, files: ReadonlyMap<string, string>): ReadonlyArray<CompilerError> => {
  mkdirSync(folder, { recursive: true })
  for (const [name, code] of files) writeFileSync(join(folder, name), code)
  const compilerOptions = {
    composite: false,
    incremental: false,
    noEmit: true,
    noUnusedLocals: false,
    rewriteRelativeImportExtensions: false,
    rootDir: root
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(home, "tsconfig.src.json"),
      files: [...files.keys()],
      include: [],
      compilerOptions
    })
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

const runAll = (copies: string, examples: ReadonlyArray<Example>): ReadonlyArray<string> => {
  const urls = examples.map((example) => pathToFileURL(join(copies, nameOf(example))).href)
  const program = urls.map((url) => `await import(${JSON.stringify(url)})`).join("\n")
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" })
  return run.status === 0 ? [] : [`an example in a doc comment fails when it is run\n${run.stderr}`]
}

const checkExamples = (home: string): ReadonlyArray<string> => {
  const sources = join(home, "src")
  const copies = copiesIn(home)
  rmSync(copies, { recursive: true, force: true })
  const examples = globSync("**/*.ts", { cwd: sources })
    .sort()
    .flatMap((path) => examplesOf(join(sources, path)))
  const errors = compile(home, copies, new Map(examples.map((example) => [nameOf(example), example.code])))
  const complete = examples.filter(isComplete)
  console.log(`${relative(root, home)}: ${examples.length} examples in doc comments, ${complete.length} of them run`)
  if (errors.length === 0) return runAll(copies, complete)
  return errors.map(({ file, line, text }) => {
    const example = examples.find((example) => nameOf(example) === file)
    if (example === undefined) return `${file}:${line}: ${text}`
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
  const said = messagesOf(compile(core, mistakesCopies, new Map([["mistakes.ts", code]])))
  if (update) writeFileSync(messages, said)
  return said === read(messages)
    ? []
    : [`${relative(root, messages)} is not what the compiler says: run pnpm docs:update`]
}

/** Returns what is wrong, a line or more for each problem. */
export const check = (options: { readonly update: boolean }): ReadonlyArray<string> => [
  ...published.flatMap(({ home }) => checkExamples(home)),
  ...checkMistakes(options.update)
]

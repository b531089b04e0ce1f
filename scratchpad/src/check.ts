/**
 * Runs every example as a process of its own and compares what it prints with the text file beside it.
 *
 * A program `x.cano.ts` does the work of its neighbour `x.ts`, and so prints the same `x.txt`. `--update` writes the
 * files instead.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { diff } from "node:util"

const folder = join(import.meta.dirname, "examples")
const isUpdate = process.argv.includes("--update")

const signs = { "-1": "+ ", "0": "  ", "1": "- " }

/** What was expected and is missing is marked with `-`, what came instead with `+`. */
const difference = (expected: string, actual: string): string =>
  diff(expected.split("\n"), actual.split("\n"))
    .map(([operation, line]) => `    ${signs[operation]}${line}`)
    .join("\n")

const goldenOf = (example: string): string => join(folder, `${example.replace(/\.cano$/, "")}.txt`)

const check = (example: string): string | undefined => {
  const golden = goldenOf(example)
  const program = join(folder, `${example}.ts`)
  const { error, status, stderr, stdout } = spawnSync(process.execPath, [program], { encoding: "utf8" })
  if (error !== undefined) return error.message
  if (status !== 0 || stderr !== "") return `it ended with exit code ${status}\n${stdout}${stderr}`
  const actual = stdout.replaceAll("\r\n", "\n")
  if (isUpdate && !example.endsWith(".cano")) writeFileSync(golden, actual)
  if (!existsSync(golden)) return `it has no ${golden}; --update writes it`
  const expected = readFileSync(golden, "utf8").replaceAll("\r\n", "\n")
  return actual === expected ? undefined : `it prints something else\n${difference(expected, actual)}`
}

// Sorted without the extension, so that `--update` has written the file of `x` before `x.cano` is compared with it.
const examples = globSync("**/*.ts", { cwd: folder })
  .map((file) => file.slice(0, -".ts".length))
  .sort()
for (const example of examples) {
  const problem = check(example)
  console.log(
    `${problem === undefined ? "ok    " : "FAILED"}  ${example}${problem === undefined ? "" : `: ${problem}`}`
  )
  if (problem !== undefined) process.exitCode = 1
}
const goldens = new Set(examples.map(goldenOf))
const strays = globSync("**/*.txt", { cwd: folder }).filter((text) => !goldens.has(join(folder, text)))
if (strays.length > 0) {
  console.log(`FAILED  no example prints ${strays.join(", ")}`)
  process.exitCode = 1
}

/**
 * Runs every example as a process of its own and compares what it prints with the text file beside it.
 *
 * `--update` writes those files instead.
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

const check = (example: string): string | undefined => {
  const golden = join(folder, example.replace(/\.ts$/, ".txt"))
  const { error, status, stderr, stdout } = spawnSync(process.execPath, [join(folder, example)], { encoding: "utf8" })
  if (error !== undefined) return error.message
  if (status !== 0 || stderr !== "") return `it ended with exit code ${status}\n${stdout}${stderr}`
  const actual = stdout.replaceAll("\r\n", "\n")
  if (isUpdate) writeFileSync(golden, actual)
  if (!existsSync(golden)) return `it has no ${golden}; --update writes it`
  const expected = readFileSync(golden, "utf8").replaceAll("\r\n", "\n")
  return actual === expected ? undefined : `it prints something else\n${difference(expected, actual)}`
}

const examples = globSync("*.ts", { cwd: folder }).sort()
for (const example of examples) {
  const problem = check(example)
  console.log(
    `${problem === undefined ? "ok    " : "FAILED"}  ${example}${problem === undefined ? "" : `: ${problem}`}`
  )
  if (problem !== undefined) process.exitCode = 1
}
const strays = globSync("*.txt", { cwd: folder }).filter((text) => !examples.includes(text.replace(/\.txt$/, ".ts")))
if (strays.length > 0) {
  console.log(`FAILED  no example prints ${strays.join(", ")}`)
  process.exitCode = 1
}

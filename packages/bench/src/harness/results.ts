import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { suites } from "../suites/index.ts"

const file = fileURLToPath(new URL("../../RESULTS.md", import.meta.url))

const preamble = `# Results

Written by \`node src/main.ts --write\`; the [README](README.md) says what is measured, and how. A figure is the median of the
rounds, and the middle half of the rounds lies between the two figures beside it. CPU is what the whole process used, garbage
collector included. Quotients and differences are taken within a round; the figure is the median of those.
`

/** Replaces the section of a suite in RESULTS.md and keeps the others. */
export const writeResults = (suite: string, written: string): void => {
  const previous = existsSync(file) ? readFileSync(file, "utf8") : ""
  const kept = suites.flatMap(({ name }) => {
    const section = name === suite ? written : sectionIn(previous, name)
    return section === undefined ? [] : [`${opening(name)}\n${section}\n${closing(name)}`]
  })
  writeFileSync(file, `${[preamble, ...kept].join("\n")}\n`)
}

const sectionIn = (text: string, name: string): string | undefined => {
  const start = text.indexOf(opening(name))
  const end = text.indexOf(closing(name))
  return start < 0 || end < 0 ? undefined : text.slice(start + opening(name).length, end).trim()
}

const opening = (name: string) => `<!-- suite ${name} -->`
const closing = (name: string) => `<!-- end of suite ${name} -->`

/** Reads the tables of the guides that the tests hold the library against. */
import { readFileSync } from "node:fs"

/** The rows of the table of a guide that is marked with `<!-- contract: name -->`, cell by cell. */
export const tableOf = (name: string, guide = "observability.md"): ReadonlyArray<ReadonlyArray<string>> => {
  const page = readFileSync(new URL(`../../../../docs/${guide}`, import.meta.url), "utf8")
  const mark = `<!-- contract: ${name} -->`
  if (!page.includes(mark)) throw new Error(`docs/${guide} has no table "${name}"`)
  const lines = page
    .slice(page.indexOf(mark) + mark.length)
    .trimStart()
    .split("\n")
  const rows = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith("|"))
    )
    .slice(2)
  if (rows.length === 0) throw new Error(`the table "${name}" of docs/${guide} is empty`)
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
  )
}

export interface Name {
  readonly name: string
  readonly optional: boolean
}

/** The names in a cell: `a`, `b`? */
export const namesIn = (cell: string): ReadonlyArray<Name> =>
  Array.from(cell.matchAll(/`([^`]+)`(\?)?/g), ([, name, mark]) => ({ name: name!, optional: mark !== undefined }))

/** Matches a documented span name, in which `<…>` stands for anything. */
export const matcher = (name: string): RegExp =>
  new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/<[^>]+>/g, ".+")}$`)

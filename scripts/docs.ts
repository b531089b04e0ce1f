/**
 * Keeps the code in the docs equal to code that runs.
 *
 * A fenced block under `<!-- include: path#region -->` shows a file of this repository, or the part of it between
 * `// #region region` and `// #endregion`. This script fills the blocks; with `--check` it writes nothing and fails if a
 * block is out of date, if code stands in the docs without being included, if a relative link leads nowhere, or if an
 * example in a doc comment does not compile (`doc-examples.ts`).
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import { check as checkExamples } from "./doc-examples.ts"
import { root } from "./packages.ts"

const isCheck = process.argv.includes("--check")

const read = (path: string): string => readFileSync(path, "utf8").replaceAll("\r\n", "\n")

// -----------------------------------------------------------------------------
// including
// -----------------------------------------------------------------------------

const regionStart = /^\s*\/\/ #region (\S+)$/
const regionEnd = /^\s*\/\/ #endregion$/
/** What is there for the compiler and not for the reader. */
const isHidden = (line: string) => regionStart.test(line) || regionEnd.test(line) || /@ts-expect-error/.test(line)

const regionOf = (text: string, name: string): ReadonlyArray<string> | undefined => {
  const lines = text.split("\n")
  const start = lines.findIndex((line) => regionStart.exec(line)?.[1] === name)
  if (start === -1) return undefined
  let depth = 1
  let end = start + 1
  for (; end < lines.length; end++) {
    if (regionStart.test(lines[end]!)) depth++
    if (regionEnd.test(lines[end]!) && --depth === 0) break
  }
  return lines.slice(start + 1, end)
}

/** The text that a marker stands for, without the indentation that all its lines share. */
const include = (target: string): string => {
  const [path = "", name] = target.split("#")
  const file = join(root, path)
  if (!existsSync(file)) throw new Error(`cannot include ${path}: no such file`)
  const found = name === undefined ? read(file).split("\n") : regionOf(read(file), name)
  if (found === undefined) throw new Error(`cannot include ${target}: no such region`)
  const lines = found.filter((line) => !isHidden(line))
  const indent = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)))
  return lines
    .map((line) => line.slice(indent))
    .join("\n")
    .replace(/^\s*\n/, "") // not the first line's indentation: a drawing may need it
    .trimEnd()
}

const marked = /^<!-- include: (\S+) -->\n(`{3,}.*)\n[^]*?^`{3,}$/gm

/** A marker that nothing stands under yet. */
const bare = /^<!-- include: (\S+) -->\n(?!`{3,})/gm

const languages: Readonly<Record<string, string>> = { ts: "ts", sh: "sh", json: "json" }

const fenced = (marker: string, target: string): string => {
  const language = languages[/\.(\w+)(?:#|$)/.exec(target)?.[1] ?? ""] ?? "text"
  return `${marker}\`\`\`${language}\n\`\`\`\n`
}

const render = (text: string): string =>
  text.replace(bare, fenced).replace(marked, (_, target: string, fence: string) => {
    const ticks = /^`+/.exec(fence)![0]
    return `<!-- include: ${target} -->\n${fence}\n${include(target)}\n${ticks}`
  })

// -----------------------------------------------------------------------------
// checking
// -----------------------------------------------------------------------------

/** Fenced code that nobody compiles; only readers who work on the repository get to see some. */
const pasted = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/(?:^<!-- include: \S+ -->\n)?^`{3,}(\S*)\n[^]*?^`{3,}$/gm))
    .filter(
      ([block, language]) => /^([cm]?[jt]sx?|typescript|javascript)$/.test(language!) && !block.startsWith("<!--")
    )
    .map(([block]) => `code that is not included from a file: ${block.split("\n")[1]}`)

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-")

const anchorsOf = (text: string): ReadonlyArray<string> =>
  Array.from(text.replace(/^`{3,}[^]*?^`{3,}$/gm, "").matchAll(/^#+ (.*)$/gm), ([, heading]) => anchorOf(heading!))

const brokenLinks = (file: string, text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/\]\(([^)\s]+)\)|^\[[^^\]][^\]]*\]: (\S+)/gm), (match) => match[1] ?? match[2]!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#")
      const target = path === "" ? file : join(dirname(file), path)
      if (!existsSync(target)) return true
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(read(target)).includes(anchor)
    })
    .map((link) => `a link that leads nowhere: ${link}`)

const problemsOf = (file: string): ReadonlyArray<string> => {
  const text = read(file)
  try {
    const rendered = render(text)
    const isStale = rendered !== text
    if (isStale && !isCheck) writeFileSync(file, rendered)
    const stale = isStale && isCheck ? ["a block is out of date: run pnpm docs:update"] : []
    const loose = basename(file) === "CONTRIBUTING.md" ? [] : pasted(rendered)
    return [...stale, ...loose, ...brokenLinks(file, rendered)]
  } catch (error) {
    return [(error as Error).message]
  }
}

// The messages of the compiler come first: the docs include them.
const examples = checkExamples({ update: !isCheck })
const files = ["README.md", "CONTRIBUTING.md", "docs/**/*.md", "packages/*/AGENTS.md", "packages/cano*/README.md"]
const pages = files.flatMap((pattern) => globSync(pattern, { cwd: root })).map((path) => join(root, path))
const found = pages.flatMap((page) => problemsOf(page).map((problem) => `${relative(root, page)}: ${problem}`))

for (const problem of [...examples, ...found]) console.error(problem)
console.log(`${pages.length} pages, ${examples.length + found.length} problems`)
if (examples.length + found.length > 0) process.exitCode = 1
